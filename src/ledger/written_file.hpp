// WrittenFile: which parts of a file were written and not synced yet, so that a next run knows what to look at.
//
// Nothing here is synced: a kill loses none of it, a loss of power any of it. That is enough for parts that count only
// because they were read again and have the checksum that stands here. The ledger's own rows come behind a sync of
// their own, and what is written between two of them would be read from the source once more after each kill.
//
// Records of 48 bytes: checksum of the upload's id, number, offset, length, crc64nvme, checksum of these. What is no
// whole record, or one of another upload, is passed over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/fd.hpp"
#include "weir/store/target.hpp"

namespace weir::ledger {

/// Thread-compatible. Waits for no disk but as any write of a few bytes may.
class WrittenFile {
 public:
  WrittenFile(std::string path, const std::string& upload_id);

  /// Those of that upload, in the order in which they were written; none where there is no such file.
  static std::vector<PartReceipt> read(const std::string& path, const std::string& upload_id);
  /// Of a part that has a checksum. The file is made, with mode 0600, with the first. After a failure, which the next
  /// run pays with reading more, nothing more is written.
  Status append(const PartReceipt& part);

 private:
  Status open();

  const std::string path_;
  const std::uint64_t key_;
  platform::Fd fd_;
  std::uint64_t end_ = 0;
  bool failed_ = false;
};

}  // namespace weir::ledger
