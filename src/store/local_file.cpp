#include "store/local_file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "weir/codec/checksum.hpp"

namespace weir::store {
namespace {

using platform::platform;

constexpr std::size_t kRandomLetters = 8;
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::string_view kSuffix = ".weir-part";
constexpr int kNameTries = 8;

/// "/dir/.NAME.RANDOM.weir-part", NAME shortened where the whole would be longer than a file name may be.
std::string temporary_name(const LocalDestination& to) {
  constexpr std::size_t kOthers = 2 + kRandomLetters + kSuffix.size();
  const std::string name = to.name.substr(0, kMaxNameBytes - kOthers);
  return fmt::format("{}/.{}.{}{}", to.directory, name, platform::random_name(kRandomLetters), kSuffix);
}

}  // namespace

Result<std::shared_ptr<LocalFile>> LocalFile::create(LocalDestination destination) {
  for (int tries = 1;; ++tries) {
    std::string temporary = temporary_name(destination);
    auto fd = platform::open_file(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, "create");
    if (fd)
      return std::shared_ptr<LocalFile>(
          new LocalFile(std::move(destination), std::move(temporary), std::move(fd).value()));
    Status status = fd.status();
    if (status.kind() == Kind::already_exists && tries < kNameTries) continue;
    if (status.kind() == Kind::not_found)
      return Status(Kind::not_found, fmt::format("there is no directory {}", destination.directory))
          .during("write " + destination.path)
          .advise("Make the directory first.");
    if (!destination.held) return status;
    return Status(status.kind(), status.error().cause).during("write " + destination.path);
  }
}

LocalFile::~LocalFile() { (void)remove(); }

Status LocalFile::stop_if(const std::atomic<bool>& cancelled, std::uint64_t offset) const {
  if (!cancelled.load(std::memory_order_relaxed) && !removed_.load(std::memory_order_relaxed)) return {};
  return Status(Kind::cancelled, "the upload was told to stop").during("write " + to_.path).at(offset);
}

Status LocalFile::pace(const Part& part, std::uint64_t bytes, const std::atomic<bool>& cancelled,
                       std::uint64_t offset) const {
  if (!part.flow || part.flow->slice_bytes() == SIZE_MAX) return {};
  constexpr std::chrono::nanoseconds kNap = std::chrono::milliseconds(50);
  for (std::chrono::nanoseconds wait = part.flow->reserve(RateLimiter::Way::out, bytes); wait.count() > 0;
       wait -= kNap) {
    std::this_thread::sleep_for(std::min(wait, kNap));
    WEIR_TRY(stop_if(cancelled, offset));
  }
  return {};
}

Status LocalFile::put(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t& crc) {
  crc = crc64nvme(crc, bytes);
  Status status = platform::pwrite_fully(fd_.get(), bytes, offset, to_.path);
  if (status.kind() == Kind::no_space)
    status.advise("Nothing was left behind. Free some space, or choose another disk, and run the same command again.");
  return status;
}

Status LocalFile::write_chunks(const Part& part, const std::atomic<bool>& cancelled, std::uint64_t& crc) {
  std::uint64_t done = 0;
  for (const Chunk& chunk : part.chunks) {
    if (chunk.size() > part.length - done) break;
    for (std::size_t at = 0; at < chunk.size(); at += kSliceBytes) {
      WEIR_TRY(stop_if(cancelled, part.offset + done));
      const auto piece = chunk.bytes().subspan(at, std::min(kSliceBytes, chunk.size() - at));
      WEIR_TRY(pace(part, piece.size(), cancelled, part.offset + done));
      WEIR_TRY(put(piece, part.offset + done, crc));
      if (part.flow) part.flow->moved(piece.size());
      done += piece.size();
    }
  }
  std::uint64_t given = 0;
  for (const Chunk& chunk : part.chunks) given += chunk.size();
  if (given == part.length) return {};
  return Status(Kind::internal, fmt::format("part {} has {} bytes and says {}", part.number, given, part.length))
      .during("write " + to_.path)
      .at(part.offset);
}

Status LocalFile::write_replayed(const Part& part, const std::atomic<bool>& cancelled, std::uint64_t& crc) {
  const auto buffer = std::make_unique<std::byte[]>(kSliceBytes);
  for (std::uint64_t done = 0; done < part.length;) {
    WEIR_TRY(stop_if(cancelled, part.offset + done));
    const std::span<std::byte> into(buffer.get(),
                                    static_cast<std::size_t>(std::min<std::uint64_t>(kSliceBytes, part.length - done)));
    WEIR_ASSIGN(const std::size_t got, part.replay->read_at(part.offset + done, into, true));
    if (got == 0)
      return Status(Kind::source_changed, "the source ended early")
          .during("read the source again")
          .at(part.offset + done);
    WEIR_TRY(pace(part, got, cancelled, part.offset + done));
    WEIR_TRY(put(into.first(got), part.offset + done, crc));
    if (part.flow) part.flow->moved(got);
    done += got;
  }
  return {};
}

Result<PartReceipt> LocalFile::write(const Part& part, const std::atomic<bool>& cancelled) {
  PartReceipt receipt;
  receipt.number = part.number;
  receipt.offset = part.offset;
  receipt.length = part.length;
  if (part.replay && part.chunks.empty()) {
    WEIR_TRY(write_replayed(part, cancelled, receipt.crc64nvme.emplace(0)));
  } else {
    WEIR_TRY(write_chunks(part, cancelled, receipt.crc64nvme.emplace(0)));
  }
  if (part.crc64nvme && part.crc64nvme != receipt.crc64nvme)
    return Status(Kind::corrupt, "the bytes are no longer those whose checksum was taken")
        .during(fmt::format("write part {} of {}", part.number, to_.path))
        .at(part.offset);
  std::lock_guard lock(mutex_);
  written_[part.number] = receipt;
  return receipt;
}

std::vector<PartReceipt> LocalFile::parts() const {
  std::lock_guard lock(mutex_);
  std::vector<PartReceipt> all;
  for (const auto& [number, receipt] : written_) all.push_back(receipt);
  return all;
}

/// The checksum of the parts one after the other, if they are the ones written and are `whole`.
Result<std::uint64_t> LocalFile::check_whole(const std::vector<PartReceipt>& parts, const Whole& whole) const {
  const auto wrong = [this](std::uint64_t offset, std::string cause) {
    return Status(Kind::corrupt, std::move(cause)).during("finish " + to_.path).at(offset);
  };
  std::uint64_t length = 0;
  std::uint64_t crc = 0;
  for (const PartReceipt& part : parts) {
    const auto mine = written_.find(part.number);
    if (mine == written_.end()) return wrong(length, fmt::format("part {} was never written", part.number));
    if (mine->second.offset != length || part.offset != length || mine->second.length != part.length)
      return wrong(length, fmt::format("part {} does not follow the one before it", part.number));
    crc = crc64nvme_combine(crc, *mine->second.crc64nvme, part.length);
    length += part.length;
  }
  if (length != whole.length) return wrong(length, fmt::format("{} bytes were written of {}", length, whole.length));
  if (whole.crc64nvme && crc != *whole.crc64nvme)
    return wrong(0, "the checksum of what was written is not that of the source");
  WEIR_ASSIGN(const auto found, platform::stat_of(fd_.get(), shown()));
  if (static_cast<std::uint64_t>(found.st_size) != length)
    return wrong(length, fmt::format("the file has {} bytes instead of {}", found.st_size, length));
  return crc;
}

Status LocalFile::sync_directory() const {
  const auto failed = [this](Status status) {
    return status.advise("The file " + to_.path + " is whole, but its name may not survive power loss.");
  };
  auto directory = platform::open_file(to_.directory, O_RDONLY | O_DIRECTORY);
  if (!directory) {
    return failed(
        to_.held
            ? Status(directory.status().kind(), directory.error().cause).during("sync the directory of " + to_.path)
            : directory.status());
  }
  if (platform().fsync(directory->get()) != 0)
    return failed(platform::errno_status(errno, "sync the directory " + (to_.held ? "of " + to_.path : to_.directory)));
  return {};
}

Status LocalFile::finish(bool durable, bool replace) {
  if (platform().fchmod(fd_.get(), to_.mode) != 0) return platform::errno_status(errno, "set the mode of " + to_.path);
  if (durable && platform().fdatasync(fd_.get()) != 0)
    return platform::errno_status(errno, "sync " + to_.path)
        .advise("What was written cannot be trusted and was removed. Run the same command again.");
  WEIR_ASSIGN(const struct stat finished, platform::stat_of(fd_.get(), to_.path));
  etag_ = local_etag(finished);
  WEIR_TRY(fd_.close(to_.path));
  const auto rename = replace ? platform().rename : platform().rename_noreplace;
  if (rename(temporary_.c_str(), to_.file.c_str()) != 0) {
    if (errno == EEXIST)
      return Status(Kind::already_exists, "a file of that name has appeared meanwhile").during("write " + to_.path);
    return platform::errno_status(errno, fmt::format("rename {} to {}", shown(), to_.held ? to_.path : to_.file));
  }
  gone_ = true;
  return durable ? sync_directory() : Status();
}

Result<Stored> LocalFile::commit(std::vector<PartReceipt> parts, const Whole& whole, bool durable, bool replace) {
  std::lock_guard lock(mutex_);
  if (!condemned_.ok()) return condemned_;
  if (gone_ || removed_)
    return Status(Kind::not_found, "there is no such upload any more").during("finish " + to_.path);
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  WEIR_ASSIGN(const std::uint64_t crc, check_whole(parts, whole));
  condemned_ = finish(durable, replace);
  if (!condemned_.ok()) return condemned_;
  Stored stored;
  stored.length = whole.length;
  stored.etag = etag_;
  stored.crc64nvme = crc;
  return stored;
}

Status LocalFile::remove() {
  removed_ = true;
  std::lock_guard lock(mutex_);
  if (gone_) return {};
  if (platform().unlink(temporary_.c_str()) != 0 && errno != ENOENT)
    return platform::errno_status(errno, "remove " + shown());
  gone_ = true;
  return {};
}

}  // namespace weir::store
