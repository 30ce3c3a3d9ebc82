// What an earlier process wrote of a file, read again and compared with what it recorded.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "store/local_file.hpp"
#include "weir/core/stage.hpp"

namespace weir::store {

/// One part after another is compared whole before a byte of it is given; the first that is not what it was is the end.
class LocalKept final : public Kept {
 public:
  /// `parts`: those recorded that follow each other from the first on.
  LocalKept(std::shared_ptr<LocalFile> file, std::vector<PartReceipt> parts)
      : file_(std::move(file)), parts_(std::move(parts)) {}

  Result<std::size_t> read(std::span<std::byte> into) override;
  std::uint64_t good_bytes() const override { return good_bytes_; }
  std::uint64_t crc64nvme() const override { return crc_; }

 private:
  bool next_part_is_good();

  const std::shared_ptr<LocalFile> file_;
  const std::vector<PartReceipt> parts_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t next_ = 0;        // of parts_, to be compared
  std::uint64_t position_ = 0;  // of what is given next
  std::atomic<std::uint64_t> good_bytes_{0};
  std::atomic<std::uint64_t> crc_{0};
};

}  // namespace weir::store
