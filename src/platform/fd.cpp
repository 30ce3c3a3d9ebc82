#include "platform/fd.hpp"

#include <fcntl.h>

#include <cerrno>

namespace weir::platform {
namespace {

/// The failure of the last call, for an operation at a place.
Status failure(const char* verb, const std::string& path, std::uint64_t offset) {
  return errno_status(errno, fmt::format("{} {}", verb, path)).at(offset);
}

template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Calls `read_at(piece, offset)` until `into` is full or the end is reached.
template <class ReadAt>
Result<std::size_t> fill(std::span<std::byte> into, std::uint64_t offset, const std::string& path, ReadAt read_at) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = uninterrupted([&] { return read_at(into.subspan(done), offset + done); });
    if (got < 0) return failure("read", path, offset + done);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

int Fd::close_quietly() noexcept {
  if (fd_ < 0) return 0;
  // Never repeated: Linux has let the descriptor go even where it reports EINTR.
  const int result = platform().close(std::exchange(fd_, -1));
  return result == 0 || errno == EINTR ? 0 : errno;
}

Result<Fd> open_file(const std::string& path, int flags, mode_t mode, const char* verb) {
  const int fd = uninterrupted([&] { return platform().open(path.c_str(), flags | O_CLOEXEC, mode); });
  if (fd < 0) return errno_status(errno, fmt::format("{} {}", verb, path));
  return Fd(fd);
}

Result<std::size_t> read_fully(int fd, std::span<std::byte> into, const std::string& path) {
  return fill(into, 0, path, [fd](std::span<std::byte> piece, std::uint64_t) {
    return platform().read(fd, piece.data(), piece.size());
  });
}

Result<std::size_t> pread_fully(int fd, std::span<std::byte> into, std::uint64_t offset, const std::string& path) {
  return fill(into, offset, path, [fd](std::span<std::byte> piece, std::uint64_t at) {
    return platform().pread(fd, piece.data(), piece.size(), static_cast<off_t>(at));
  });
}

Status pwrite_fully(int fd, std::span<const std::byte> from, std::uint64_t offset, const std::string& path) {
  std::size_t done = 0;
  while (done < from.size()) {
    const auto piece = from.subspan(done);
    const auto at = static_cast<off_t>(offset + done);
    const ssize_t put = uninterrupted([&] { return platform().pwrite(fd, piece.data(), piece.size(), at); });
    if (put < 0) return failure("write", path, offset + done);
    // A device that takes nothing and gives no reason would otherwise be asked for ever.
    if (put == 0) return Status(Kind::io, "nothing more is accepted").during("write " + path).at(offset + done);
    done += static_cast<std::size_t>(put);
  }
  return {};
}

Result<struct stat> stat_of(int fd, const std::string& path) {
  struct stat found {};
  if (uninterrupted([&] { return platform().fstat(fd, &found); }) != 0) return errno_status(errno, "examine " + path);
  return found;
}

}  // namespace weir::platform
