#include "ledger/written_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "ledger/numbers.hpp"
#include "ledger/state_dir.hpp"

namespace weir::ledger {
namespace {

constexpr std::size_t kRecordBytes = 48;
constexpr std::size_t kRecordsAtOnce = 1024;

std::uint64_t key_of(const std::string& upload_id) { return crc64nvme(0, std::as_bytes(std::span(upload_id))); }

struct Found {
  std::vector<PartReceipt> parts;
  std::uint64_t records = 0;  ///< whole ones, good or not
};

Result<Found> find_records(int fd, const std::string& path, std::uint64_t key) {
  Found found;
  const auto buffer = std::make_unique<std::byte[]>(kRecordsAtOnce * kRecordBytes);
  const std::span<std::byte> into(buffer.get(), kRecordsAtOnce * kRecordBytes);
  for (std::size_t got = into.size(); got == into.size();) {
    WEIR_ASSIGN(got, platform::pread_fully(fd, into, found.records * kRecordBytes, path));
    for (std::size_t at = 0; at + kRecordBytes <= got; at += kRecordBytes, ++found.records) {
      const auto record = unpacked<5>(into.subspan(at, kRecordBytes));
      if (!record || (*record)[0] != key) continue;
      PartReceipt part;
      part.number = static_cast<std::uint32_t>((*record)[1]);
      part.offset = (*record)[2];
      part.length = (*record)[3];
      part.crc64nvme = (*record)[4];
      found.parts.push_back(std::move(part));
    }
  }
  return found;
}

}  // namespace

WrittenFile::WrittenFile(std::string path, const std::string& upload_id)
    : path_(std::move(path)), key_(key_of(upload_id)) {}

std::vector<PartReceipt> WrittenFile::read(const std::string& path, const std::string& upload_id) {
  const auto fd = platform::open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd.ok()) return {};
  auto found = find_records(fd->get(), path, key_of(upload_id));
  return found.ok() ? std::move(found->parts) : std::vector<PartReceipt>();
}

/// What there is of other uploads is written over.
Status WrittenFile::open() {
  WEIR_TRY(prepare_state_file(path_));
  WEIR_ASSIGN(auto fd, platform::open_file(path_, O_RDWR | O_NOFOLLOW));
  WEIR_ASSIGN(const Found found, find_records(fd.get(), path_, key_));
  end_ = found.parts.empty() ? 0 : found.records * kRecordBytes;
  fd_ = std::move(fd);
  return {};
}

Status WrittenFile::append(const PartReceipt& part) {
  if (failed_ || !part.crc64nvme) return {};
  Status status = fd_ ? Status() : open();
  if (status.ok()) {
    const auto bytes = packed<5>({key_, part.number, part.offset, part.length, *part.crc64nvme});
    status = platform::pwrite_fully(fd_.get(), bytes, end_, path_);
    end_ += kRecordBytes;
  }
  failed_ = !status.ok();
  return status;
}

}  // namespace weir::ledger
