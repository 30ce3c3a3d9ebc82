#include "stages/file_replay.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "weir/core/units.hpp"

namespace weir::stages {
namespace {

using platform::platform;

constexpr std::int64_t in_ns(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

FileIdentity FileIdentity::of(const struct stat& found) noexcept {
  return {found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size), in_ns(found.st_mtim),
          in_ns(found.st_ctim)};
}

std::string FileIdentity::etag() const {
  const std::int64_t second = 1'000'000'000;
  const std::int64_t seconds = mtime_ns / second - (mtime_ns % second < 0 ? 1 : 0);  // as the system has them
  return fmt::format("{:x}-{:x}.{:x}-{:x}", size_bytes, seconds, mtime_ns - seconds * second, inode);
}

Status FileReplay::changed(std::uint64_t offset, std::string cause) const {
  return Status(Kind::source_changed, std::move(cause))
      .during("read " + path_)
      .at(offset)
      .advise("Let whoever writes the file finish, or copy it first, then run the same command again.");
}

Result<std::size_t> FileReplay::read_cached(std::uint64_t offset, std::span<std::byte> into) {
  const auto read = in_memory_ ? platform().pread : platform().pread_nowait;
  const ssize_t got = read(fd_.get(), into.data(), into.size(), static_cast<off_t>(offset));
  if (got > 0) return static_cast<std::size_t>(got);
  if (got == 0) return std::size_t{0};
  switch (errno) {
    case EAGAIN:
    case EINTR:
    case EOPNOTSUPP:  // this file system, and
    case ENOSYS:      // this kernel or
    case EINVAL:      // this container cannot tell: let a thread that may block read
      return Status::pending();
    default:
      return platform::errno_status(errno, "read " + path_).at(offset);
  }
}

Result<std::size_t> FileReplay::read_at(std::uint64_t offset, std::span<std::byte> into, bool may_block) {
  if (offset >= identity_.size_bytes) return std::size_t{0};
  into = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), identity_.size_bytes - offset)));
  if (into.empty()) return std::size_t{0};
  WEIR_ASSIGN(const std::size_t got,
              may_block ? platform::pread_fully(fd_.get(), into, offset, path_) : read_cached(offset, into));
  if (got == 0 || (may_block && got < into.size()))
    return changed(offset + got, "the file ends here; it had " + format_exact_size(identity_.size_bytes));
  return got;
}

Status FileReplay::check_unchanged() {
  WEIR_ASSIGN(const auto found, platform::stat_of(fd_.get(), path_));
  const FileIdentity now = FileIdentity::of(found);
  if (now == identity_) return {};
  if (now.size_bytes != identity_.size_bytes)
    return changed(std::min(now.size_bytes, identity_.size_bytes),
                   fmt::format("the file had {} and now has {}", format_exact_size(identity_.size_bytes),
                               format_exact_size(now.size_bytes)));
  if (now.mtime_ns != identity_.mtime_ns) return changed(0, "the file was written to while it was read");
  return changed(0, "the file was replaced, moved or changed its owner or mode while it was read");
}

std::optional<SourceIdentity> FileReplay::lasting_identity() const {
  const std::unique_ptr<char, decltype(&std::free)> real(platform().realpath(path_.c_str()), &std::free);
  if (!real) return {};
  return SourceIdentity{real.get(), identity_.device, identity_.inode, identity_.size_bytes, identity_.mtime_ns};
}

}  // namespace weir::stages
