#include "ledger/spool_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "ledger/numbers.hpp"
#include "ledger/state_dir.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/units.hpp"

namespace weir::ledger {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kHeaderBytes = 64;
constexpr std::uint64_t kMagic = 0x314C505352494557;  // "WEIRSPL1", as are all numbers, the lowest byte first
constexpr std::uint64_t kAnyVersion = 0x00FFFFFFFFFFFFFF;
constexpr std::uint64_t kMostSlots = std::uint64_t{1} << 20;

std::uint64_t pages(std::uint64_t bytes) noexcept { return (bytes + kPage - 1) / kPage * kPage; }

constexpr std::uint64_t kAround = 2 * kPage;  // before the headers, and what they are filled up with

std::uint64_t slots_of(std::uint64_t limit_bytes) noexcept {
  if (limit_bytes <= kAround) return 0;
  return std::min((limit_bytes - kAround) / (SpoolFile::kSlotBytes + kHeaderBytes), kMostSlots);
}

}  // namespace

std::uint64_t front_bytes(const std::vector<PartReceipt>& parts) noexcept {
  std::uint64_t front = 0;
  for (const PartReceipt& part : parts) {
    if (part.offset != front) break;
    front += part.length;
  }
  return front;
}

std::uint64_t SpoolFile::room_of(std::uint64_t limit_bytes) noexcept {
  const std::uint64_t slots = slots_of(limit_bytes);
  return slots < 2 ? 0 : (slots - 1) * kSlotBytes;
}

std::uint64_t SpoolFile::limit_for(std::uint64_t room_bytes) noexcept {
  const std::uint64_t slots = (room_bytes + kSlotBytes - 1) / kSlotBytes + 1;
  return (kAround + slots * (kSlotBytes + kHeaderBytes) + kMiB - 1) / kMiB * kMiB;
}

// --- opening ---

SpoolFile::SpoolFile(platform::Fd fd, std::string path, std::uint64_t limit_bytes)
    : fd_(std::move(fd)),
      path_(std::move(path)),
      limit_bytes_(limit_bytes),
      slots_(slots_of(limit_bytes)),
      headers_(slots_),
      used_(slots_) {}

/// The limit that it was made for. None: nothing in it can be believed.
Result<std::optional<std::uint64_t>> SpoolFile::limit_in(int fd, const std::string& path) {
  std::array<std::byte, 32> bytes{};
  WEIR_ASSIGN(const std::size_t got, platform::pread_fully(fd, bytes, 0, path));
  const auto found = got == bytes.size() ? unpacked<3>(bytes) : std::nullopt;
  if (!found) return std::optional<std::uint64_t>();
  const auto [magic, limit, slot_bytes] = *found;
  if ((magic & kAnyVersion) != (kMagic & kAnyVersion) || slots_of(limit) == 0) return std::optional<std::uint64_t>();
  if (magic == kMagic && slot_bytes == kSlotBytes) return std::optional(limit);
  return Status(Kind::unsupported, "a newer weir made it")
      .during("use the spool " + path)
      .advise("Nothing in it was changed. Use that version.");
}

Result<std::unique_ptr<SpoolFile>> SpoolFile::open(const std::string& path, std::uint64_t limit_bytes) {
  WEIR_TRY(prepare_state_file(path));
  WEIR_ASSIGN(auto fd, platform::open_file(path, O_RDWR | O_NOFOLLOW));
  WEIR_ASSIGN(const auto found, limit_in(fd.get(), path));
  if (found && *found != limit_bytes) {
    return Status(Kind::invalid_argument,
                  fmt::format("it was made for {} bytes at most and is to have {}", *found, limit_bytes))
        .during("use the spool " + path)
        .advise("Nothing was changed. Give it the limit that it was begun with (UploadOptions::spool_bytes).");
  }
  std::unique_ptr<SpoolFile> file(new SpoolFile(std::move(fd), path, limit_bytes));
  WEIR_TRY(found ? file->load_headers() : file->make_anew());
  return file;
}

Result<std::optional<std::uint64_t>> SpoolFile::look(const std::string& path, std::uint64_t front) {
  auto fd = platform::open_file(path, O_RDONLY | O_NOFOLLOW);
  if (fd.status().kind() == Kind::not_found) return std::optional<std::uint64_t>();
  if (!fd.ok()) return fd.status();
  WEIR_ASSIGN(const auto limit, limit_in(fd->get(), path));
  if (!limit) return std::optional(front);
  SpoolFile file(*std::move(fd), path, *limit);
  WEIR_TRY(file.load_headers());
  file.go_to(front);
  const std::unique_ptr<std::byte[]> into(new std::byte[kSlotBytes]);
  for (;;) {
    WEIR_ASSIGN(const std::size_t got, file.read({into.get(), kSlotBytes}));
    if (got == 0) return std::optional(file.position());
  }
}

/// Headers of whatever was there go before there is a first line that makes them count.
Status SpoolFile::make_anew() {
  WEIR_ASSIGN(const struct stat found, platform::stat_of(fd_.get(), path_));
  if (found.st_size > 0) {
    const std::vector<std::byte> nothing(pages(slots_ * kHeaderBytes));
    WEIR_TRY(platform::pwrite_fully(fd_.get(), nothing, kPage, path_));
  }
  return platform::pwrite_fully(fd_.get(), packed<3>({kMagic, limit_bytes_, kSlotBytes}), 0, path_);
}

Status SpoolFile::load_headers() {
  std::vector<std::byte> bytes(slots_ * kHeaderBytes);
  WEIR_TRY(platform::pread_fully(fd_.get(), bytes, kPage, path_));  // short: the others were never written
  for (std::uint64_t i = 0; i < slots_; ++i) {
    const auto found = unpacked<4>(std::span(bytes).subspan(i * kHeaderBytes, 40));
    if (!found) continue;
    const auto [begin, end, crc, last] = *found;
    const std::uint64_t slot = begin / kSlotBytes;
    if (slot % slots_ != i || end < begin || end > (slot + 1) * kSlotBytes) continue;
    headers_[i] = {begin, end, crc, last};
    used_[i] = true;
    if (last != 0) stream_end_ = end;
  }
  return {};
}

std::uint64_t SpoolFile::place_of_header(std::uint64_t slot) const noexcept {
  return kPage + slot % slots_ * kHeaderBytes;
}

std::uint64_t SpoolFile::place_of(std::uint64_t offset) const noexcept {
  return kPage + pages(slots_ * kHeaderBytes) + offset % (slots_ * kSlotBytes);
}

// --- reading ---

void SpoolFile::go_to(std::uint64_t offset) noexcept {
  position_ = offset;
  buffer_begin_ = buffer_end_ = offset;
  appends_ = false;
}

Result<std::size_t> SpoolFile::read(std::span<std::byte> into) {
  if (position_ == buffer_end_) {
    WEIR_ASSIGN(const bool good, load(position_ / kSlotBytes));
    if (!good) return std::size_t{0};
  }
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), buffer_end_ - position_));
  std::memcpy(into.data(), buffer_.get() + (position_ - buffer_begin_), count);
  position_ += count;
  return count;
}

/// Reads a slot whole, compares it, and keeps it. False: it has nothing behind position_ that can be believed.
Result<bool> SpoolFile::load(std::uint64_t slot) {
  const Header& header = headers_[slot % slots_];
  if (!used_[slot % slots_] || header.begin / kSlotBytes != slot) return false;
  if (header.begin > position_ || header.end <= position_) return false;
  if (!buffer_) buffer_.reset(new std::byte[kSlotBytes]);
  const std::span<std::byte> bytes(buffer_.get(), static_cast<std::size_t>(header.end - header.begin));
  WEIR_ASSIGN(const std::size_t got, platform::pread_fully(fd_.get(), bytes, place_of(header.begin), path_));
  if (got < bytes.size() || crc64nvme(0, bytes) != header.crc) return false;
  buffer_begin_ = header.begin;
  buffer_end_ = header.end;
  current_ = header;
  return true;
}

// --- writing ---

std::uint64_t SpoolFile::room(std::uint64_t confirmed) const noexcept {
  const std::uint64_t limit = (confirmed / kSlotBytes + slots_) * kSlotBytes;
  return limit - std::min(limit, position_);
}

/// What there is behind position_ was left out because what lies between cannot be believed: it is not to be found
/// again once that is mended.
Status SpoolFile::begin_appending() {
  for (std::uint64_t i = 0; i < slots_; ++i) {
    if (!used_[i] || headers_[i].begin < position_) continue;
    const std::array<std::byte, kHeaderBytes> nothing{};
    WEIR_TRY(platform::pwrite_fully(fd_.get(), nothing, kPage + i * kHeaderBytes, path_));
    used_[i] = false;
  }
  const bool goes_on = buffer_ && buffer_end_ == position_ && buffer_begin_ < position_;
  if (!goes_on) current_ = {position_, position_, 0, 0};
  current_.last = 0;
  stream_end_.reset();
  buffer_.reset();
  appends_ = true;
  return {};
}

Status SpoolFile::append(std::span<const std::byte> bytes) {
  if (!appends_) WEIR_TRY(begin_appending());
  while (!bytes.empty()) {
    if (position_ % kSlotBytes == 0 && current_.begin != position_) current_ = {position_, position_, 0, 0};
    const std::uint64_t slot = position_ / kSlotBytes;
    const auto piece = bytes.first(
        static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), (slot + 1) * kSlotBytes - position_)));
    WEIR_TRY(platform::pwrite_fully(fd_.get(), piece, place_of(position_), path_));
    current_.crc = crc64nvme(current_.crc, piece);
    current_.end += piece.size();
    WEIR_TRY(write_header(slot, current_));
    position_ += piece.size();
    bytes = bytes.subspan(piece.size());
  }
  return {};
}

Status SpoolFile::end() {
  if (!appends_) WEIR_TRY(begin_appending());
  current_.last = 1;
  stream_end_ = position_;
  return write_header(current_.begin / kSlotBytes, current_);
}

Status SpoolFile::write_header(std::uint64_t slot, const Header& header) {
  const auto bytes = packed<4>({header.begin, header.end, header.crc, header.last});
  WEIR_TRY(platform::pwrite_fully(fd_.get(), bytes, place_of_header(slot), path_));
  headers_[slot % slots_] = header;
  used_[slot % slots_] = true;
  return {};
}

}  // namespace weir::ledger
