#include "output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace weir::cli {

namespace {

constexpr std::size_t kHeldBytes = 64 * 1024;

Status write_error(int error, const char* name) {
  const Kind kind = error == EPIPE                                         ? Kind::broken_pipe
                    : error == ENOSPC || error == EDQUOT || error == EFBIG ? Kind::no_space
                                                                           : Kind::io;
  return Status(kind, std::strerror(error)).during(std::string("write to ") + name);  // NOLINT(concurrency-mt-unsafe)
}

}  // namespace

Status write_all(int fd, std::string_view text, const char* name) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return write_error(errno, name);
    }
  }
  return {};
}

void Output::print(std::string_view text) {
  held_ += text;
  if (held_.size() >= kHeldBytes) (void)status();
}

void Output::print_line(std::string_view text) {
  held_ += text;
  held_ += '\n';
  (void)status();
}

Status Output::status() {
  if (status_.ok() && !held_.empty()) status_ = write_all(fd_, held_, name_);
  held_.clear();
  return status_;
}

StatusLine::StatusLine() : fd_(::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_APPEND)) {}

StatusLine::~StatusLine() {
  if (fd_ >= 0) ::close(fd_);
}

void StatusLine::write(std::string_view text) noexcept {
  const int fd = fd_ >= 0 ? fd_ : STDERR_FILENO;
  if (fd_ < 0) {
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return;
  }
  [[maybe_unused]] const ssize_t count = ::write(fd, text.data(), text.size());
}

void say(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

void guard_standard_descriptors() noexcept {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest free number is fd itself. Input cannot be read and output cannot be written: both then fail aloud.
    [[maybe_unused]] const int opened = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace weir::cli
