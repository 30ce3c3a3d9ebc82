#include "store/local_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "weir/codec/checksum.hpp"

namespace weir::store {
namespace {

using platform::platform;

constexpr std::size_t kRandomLetters = 8;
constexpr std::size_t kMarkLetters = 16;
constexpr std::size_t kMaxNameBytes = 255;
constexpr std::string_view kSuffix = ".weir-part";
constexpr int kNameTries = 8;

/// ".NAME.", or ".NAME.MARK.", NAME shortened where the whole would be longer than a file name may be.
std::string temporary_prefix(const std::string& name, std::string_view mark) {
  const std::size_t others = 2 + kRandomLetters + kSuffix.size() + (mark.empty() ? 0 : mark.size() + 1);
  return fmt::format(".{}.{}{}", name.substr(0, kMaxNameBytes - others), mark, mark.empty() ? "" : ".");
}

/// "/dir/.NAME.RANDOM.weir-part".
std::string temporary_name(const LocalDestination& to) {
  return fmt::format("{}/{}{}{}", to.directory, temporary_prefix(to.name, to.mark),
                     platform::random_name(kRandomLetters), kSuffix);
}

/// "NAME" of ".NAME.RANDOM.weir-part"; empty: it is no such name.
std::string_view marked_name_of(std::string_view id) {
  constexpr std::size_t kBehind = 1 + kRandomLetters + kSuffix.size();
  if (id.size() <= 1 + kBehind || id.front() != '.' || !id.ends_with(kSuffix)) return {};
  if (id[id.size() - kBehind] != '.') return {};
  return id.substr(1, id.size() - 1 - kBehind);
}

/// Whether it may be the name of one, with the mark of any copy or none.
bool is_temporary(const LocalDestination& to, std::string_view id) {
  if (id.find('/') != std::string_view::npos || id.find('\0') != std::string_view::npos) return false;
  const std::string_view named = marked_name_of(id);
  const auto is = [named](const std::string& prefix) {
    return named == std::string_view(prefix).substr(1, prefix.size() - 2);
  };
  const std::string_view mark = named.substr(named.size() - std::min(named.size(), kMarkLetters));
  return !named.empty() && (is(temporary_prefix(to.name, "")) || is(temporary_prefix(to.name, mark)));
}

/// A file that nobody else owns and that has no other name: writing to it, or removing it, touches nothing else.
Result<platform::Fd> open_own_at(const std::string& path, const std::string& shown) {
  const auto none = [&shown](std::string cause) {
    return Status(Kind::not_found, std::move(cause)).during("go on with " + shown);
  };
  platform::Fd fd(platform().open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0));
  const int failed = errno;
  if (!fd && (failed == ELOOP || failed == EISDIR || failed == ENXIO)) return none("it is no file any more");
  if (!fd) return platform::errno_status(failed, "go on with " + shown);
  WEIR_ASSIGN(const struct stat found, platform::stat_of(fd.get(), shown));
  if (!S_ISREG(found.st_mode) || found.st_uid != ::geteuid() || found.st_nlink != 1) {
    return none("in place of the temporary file is something else");
  }
  return fd;
}

Result<platform::Fd> open_own(const LocalDestination& to, const std::string& id) {
  if (is_temporary(to, id)) return open_own_at(to.directory + "/" + id, to.path);
  return Status(Kind::not_found, "that is no name of a temporary file").during("go on with " + to.path);
}

Status remove_file(const std::string& path, const std::string& shown) {
  if (platform().unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return platform::errno_status(errno, "remove the temporary file of " + shown);
}

}  // namespace

bool is_temporary_of(std::string_view id, std::string_view mark) {
  const std::string_view named = marked_name_of(id);
  return !mark.empty() && named.size() > mark.size() + 1 && named.ends_with(mark) &&
         named[named.size() - mark.size() - 1] == '.';
}

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

Result<std::shared_ptr<LocalFile>> LocalFile::adopt(LocalDestination destination, const std::string& id,
                                                    std::vector<PartReceipt> parts, std::uint64_t length) {
  WEIR_ASSIGN(auto fd, open_own(destination, id));
  WEIR_ASSIGN(const struct stat found, platform::stat_of(fd.get(), destination.path));
  std::string temporary = destination.directory + "/" + id;
  auto file = std::shared_ptr<LocalFile>(new LocalFile(std::move(destination), std::move(temporary), std::move(fd)));
  if (static_cast<std::uint64_t>(found.st_size) > length) {
    return Status(Kind::not_found, "the temporary file is longer than it can have become");
  }
  file->said_ = std::move(parts);
  file->stays_ = file->adopted_ = true;
  return file;
}

Result<std::shared_ptr<LocalFile>> LocalFile::adopt_finished(LocalDestination destination,
                                                             std::vector<PartReceipt> parts, std::uint64_t length) {
  WEIR_ASSIGN(auto fd, platform::open_file(destination.file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  WEIR_ASSIGN(const struct stat found, platform::stat_of(fd.get(), destination.path));
  std::uint64_t recorded = 0;
  for (const PartReceipt& part : parts) recorded += part.length;
  const bool whole = recorded == length && static_cast<std::uint64_t>(found.st_size) == length;
  if (!S_ISREG(found.st_mode) || !whole) return Status(Kind::not_found, "it is not what was read");
  std::string name = destination.file;
  auto file = std::shared_ptr<LocalFile>(new LocalFile(std::move(destination), std::move(name), std::move(fd)));
  file->said_ = std::move(parts);
  file->stays_ = file->gone_ = file->placed_ = true;
  return file;
}

Status LocalFile::discard(const LocalDestination& destination, const std::string& id) {
  if (!open_own(destination, id).ok()) return {};
  return remove_file(destination.directory + "/" + id, destination.path);
}

Status LocalFile::discard(const platform::PinnedName& temporary) {
  const std::string path = temporary.path();
  return open_own_at(path, temporary.name).ok() ? remove_file(path, temporary.name) : Status();
}

LocalFile::~LocalFile() {
  if (!stays_) (void)remove();
}

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

Status LocalFile::put(std::span<const std::byte> bytes, std::uint64_t offset, Crc& crc) {
  if (crc) crc = crc64nvme(*crc, bytes);
  Status status = platform::pwrite_fully(fd_.get(), bytes, offset, to_.path);
  if (status.kind() == Kind::no_space)
    status.advise("Nothing was left behind. Free some space, or choose another disk, and run the same command again.");
  return status;
}

Status LocalFile::write_chunks(const Part& part, const std::atomic<bool>& cancelled, Crc& crc) {
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

Status LocalFile::write_replayed(const Part& part, const std::atomic<bool>& cancelled, Crc& crc) {
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
  if (placed_) {
    return Status(Kind::source_changed, "all of it had been read, and its file is not what was read any more")
        .during("write " + to_.path)
        .at(part.offset)
        .advise("The file is as it was. Run this again to begin anew.");
  }
  PartReceipt receipt;
  receipt.number = part.number;
  receipt.offset = part.offset;
  receipt.length = part.length;
  if (part.wants_crc || part.crc64nvme) receipt.crc64nvme = 0;
  if (part.replay && part.chunks.empty()) {
    WEIR_TRY(write_replayed(part, cancelled, receipt.crc64nvme));
  } else {
    WEIR_TRY(write_chunks(part, cancelled, receipt.crc64nvme));
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
  std::map<std::uint32_t, PartReceipt> known = written_;
  for (const PartReceipt& part : said_) known.emplace(part.number, part);
  std::vector<PartReceipt> all;
  all.reserve(known.size());
  for (const auto& [number, receipt] : known) all.push_back(receipt);
  return all;
}

void LocalFile::found(const PartReceipt& part) {
  std::lock_guard lock(mutex_);
  written_[part.number] = part;
}

Result<std::size_t> LocalFile::read(std::span<std::byte> into, std::uint64_t offset) const {
  return platform::pread_fully(fd_.get(), into, offset, shown());
}

/// Written to while it is synced, it is slower and no less safe.
Status LocalFile::sync() {
  std::lock_guard syncing(sync_mutex_);
  {
    std::lock_guard lock(mutex_);
    if (!condemned_.ok()) return condemned_;
    if ((gone_ && !placed_) || removed_)
      return Status(Kind::not_found, "there is no such upload any more").during("sync " + to_.path);
  }
  if (platform().fdatasync(fd_.get()) != 0) return condemn(platform::errno_status(errno, "sync " + to_.path));
  if (!name_synced_) {
    if (Status status = sync_directory(); !status.ok()) return condemn(std::move(status));
    name_synced_ = true;
  }
  stays_ = true;
  return {};
}

Status LocalFile::condemn(Status why) {
  stays_ = false;
  why.advise("What was written cannot be trusted and was removed. Run the same command again.");
  std::lock_guard lock(mutex_);
  return condemned_ = std::move(why);
}

Status LocalFile::cut_to(std::uint64_t length) {
  if (!adopted_ || placed_) return {};
  WEIR_ASSIGN(const auto found, platform::stat_of(fd_.get(), shown()));
  if (static_cast<std::uint64_t>(found.st_size) <= length) return {};
  if (platform().ftruncate(fd_.get(), static_cast<off_t>(length)) == 0) return {};
  return platform::errno_status(errno, "shorten " + shown());
}

/// The checksum of the parts one after the other, if they are the ones written and are `whole`; none where one of them
/// has none.
Result<LocalFile::Crc> LocalFile::check_whole(const std::vector<PartReceipt>& parts, const Whole& whole) const {
  const auto wrong = [this](std::uint64_t offset, std::string cause) {
    return Status(Kind::corrupt, std::move(cause)).during("finish " + to_.path).at(offset);
  };
  std::uint64_t length = 0;
  Crc crc = 0;
  for (const PartReceipt& part : parts) {
    const auto mine = written_.find(part.number);
    if (mine == written_.end()) return wrong(length, fmt::format("part {} was never written", part.number));
    if (mine->second.offset != length || part.offset != length || mine->second.length != part.length)
      return wrong(length, fmt::format("part {} does not follow the one before it", part.number));
    const Crc& written = mine->second.crc64nvme;
    crc = crc && written ? Crc(crc64nvme_combine(*crc, *written, part.length)) : std::nullopt;
    length += part.length;
  }
  if (length != whole.length) return wrong(length, fmt::format("{} bytes were written of {}", length, whole.length));
  if (whole.crc64nvme && crc && *crc != *whole.crc64nvme)
    return wrong(0, "the checksum of what was written is not that of the source");
  WEIR_ASSIGN(const auto found, platform::stat_of(fd_.get(), shown()));
  if (static_cast<std::uint64_t>(found.st_size) != length)
    return wrong(length, fmt::format("the file has {} bytes instead of {}", found.st_size, length));
  return crc;
}

Status LocalFile::sync_directory() const {
  auto directory = platform::open_file(to_.directory, O_RDONLY | O_DIRECTORY);
  if (!directory) {
    return to_.held
               ? Status(directory.status().kind(), directory.error().cause).during("sync the directory of " + to_.path)
               : directory.status();
  }
  if (platform().fsync(directory->get()) != 0)
    return platform::errno_status(errno, "sync the directory " + (to_.held ? "of " + to_.path : to_.directory));
  return {};
}

Status LocalFile::finish(bool durable, bool replace) {
  if (!placed_ && platform().fchmod(fd_.get(), to_.mode) != 0)
    return platform::errno_status(errno, "set the mode of " + to_.path);
  if (!placed_ && modified_unix_ > 0) platform().set_modified(fd_.get(), modified_unix_);
  if (durable && platform().fdatasync(fd_.get()) != 0)
    return platform::errno_status(errno, "sync " + to_.path)
        .advise("What was written cannot be trusted and was removed. Run the same command again.");
  WEIR_ASSIGN(const struct stat finished, platform::stat_of(fd_.get(), to_.path));
  etag_ = local_etag(finished);
  WEIR_TRY(fd_.close(to_.path));
  if (!placed_) WEIR_TRY(give_name(replace));
  Status named = durable ? sync_directory() : Status();
  if (!named.ok()) named.advise("The file " + to_.path + " is whole, but its name may not survive power loss.");
  return named;
}

Status LocalFile::give_name(bool replace) {
  const auto rename = replace ? platform().rename : platform().rename_noreplace;
  if (rename(temporary_.c_str(), to_.file.c_str()) != 0) {
    if (errno == EEXIST)
      return Status(Kind::already_exists, "a file of that name has appeared meanwhile").during("write " + to_.path);
    return platform::errno_status(errno, fmt::format("rename {} to {}", shown(), to_.held ? to_.path : to_.file));
  }
  gone_ = true;
  return {};
}

Result<Stored> LocalFile::commit(std::vector<PartReceipt> parts, const Whole& whole, bool durable, bool replace) {
  std::lock_guard syncing(sync_mutex_);
  std::lock_guard lock(mutex_);
  if (!condemned_.ok()) return condemned_;
  if ((gone_ && !placed_) || removed_)
    return Status(Kind::not_found, "there is no such upload any more").during("finish " + to_.path);
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  WEIR_TRY(cut_to(whole.length));
  WEIR_ASSIGN(const Crc crc, check_whole(parts, whole));
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
  if (platform().unlink(temporary_.c_str()) != 0 && errno != ENOENT) {
    stays_ = true;  // a ledger may still know of it: to remove it later could be under whoever goes on with it by then
    return platform::errno_status(errno, "remove " + shown());
  }
  gone_ = true;
  return {};
}

}  // namespace weir::store
