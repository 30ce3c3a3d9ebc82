// Writing to file descriptors, with the errors that are easily lost: a closed stdout, a full disk, a reader that left.
#pragma once

#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir::cli {

/// Writes all of `text`, waiting where the descriptor is non-blocking. Errors: broken_pipe, no_space, io.
Status write_all(int fd, std::string_view text, const char* name);

/// Standard output as the place of results. Thread-compatible. The first error sticks; ask status() at the end, since
/// buffered text is written then.
class Output {
 public:
  explicit Output(int fd = 1, const char* name = "standard output") : fd_(fd), name_(name) {}
  /// Flushed when much is held.
  void print(std::string_view text);
  /// Written at once, so that a reader sees it now.
  void print_line(std::string_view text);
  /// Flushes.
  Status status();

 private:
  const int fd_;
  const char* const name_;
  std::string held_;
  Status status_;
};

/// Standard error, where waiting would hold up work: a line that the terminal does not take now is left out. It has a
/// file description of its own, since O_NONBLOCK on a shared one would reach other programs. Thread-compatible.
class StatusLine {
 public:
  StatusLine();
  ~StatusLine();
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  /// One write(2).
  void write(std::string_view text) noexcept;

 private:
  int fd_ = -1;  ///< our own; -1: use standard error, asking first
};

/// To standard error, as the last word: waits. Errors are of no use to anyone here.
void say(std::string_view text) noexcept;

/// Gives descriptors 0 to 2 that were closed something to stand on, so that no file is opened under their numbers.
/// Writing to such a standard output fails.
void guard_standard_descriptors() noexcept;

}  // namespace weir::cli
