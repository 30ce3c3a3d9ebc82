// Fd: an owned file descriptor, and reads and writes that finish what they began.
//
// The helpers retry EINTR and go on after short counts. Their errors read "cannot VERB PATH (byte OFFSET): …".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "platform/platform.hpp"
#include "weir/core/status.hpp"

namespace weir::platform {

/// Closes its descriptor. Move-only; thread-compatible.
class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { (void)close_quietly(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes now and says whether that worked: a network file system reports its last write errors here.
  Status close(const std::string& path) {
    const int error_number = close_quietly();
    return error_number == 0 ? Status() : errno_status(error_number, "close " + path);
  }

 private:
  int close_quietly() noexcept;

  int fd_ = -1;
};

/// Opens with O_CLOEXEC. `verb` completes "cannot VERB PATH".
Result<Fd> open_file(const std::string& path, int flags, mode_t mode = 0, const char* verb = "open");

/// Fills `into` from the current position, short only at the end of the file.
Result<std::size_t> read_fully(int fd, std::span<std::byte> into, const std::string& path);
/// Fills `into` from `offset`, short only at the end of the file.
Result<std::size_t> pread_fully(int fd, std::span<std::byte> into, std::uint64_t offset, const std::string& path);
Status pwrite_fully(int fd, std::span<const std::byte> from, std::uint64_t offset, const std::string& path);
Result<struct stat> stat_of(int fd, const std::string& path);

}  // namespace weir::platform
