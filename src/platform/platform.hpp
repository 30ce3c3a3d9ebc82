// The only system calls of weir: files, clock, random. Everything else calls these, so that tests can make them fail.
//
// `platform()` is the table in force; tests put a faulting one in its place with ScopedFaults (see faulting.hpp).
#pragma once

#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "weir/core/status.hpp"

namespace weir::platform {

/// One function per system call: same arguments, same result, errno on failure.
struct Calls {
  int (*open)(const char* path, int flags, mode_t mode);
  int (*close)(int fd);
  ssize_t (*read)(int fd, void* into, std::size_t count);
  /// Never raises SIGPIPE.
  ssize_t (*write)(int fd, const void* from, std::size_t count);
  /// To a socket; never waits, never raises SIGPIPE.
  ssize_t (*send_nowait)(int fd, const void* from, std::size_t count);
  ssize_t (*pread)(int fd, void* into, std::size_t count, off_t offset);
  /// As pread, but fails with EAGAIN rather than wait for a disk; EOPNOTSUPP where the file system cannot tell.
  ssize_t (*pread_nowait)(int fd, void* into, std::size_t count, off_t offset);
  /// Never raises SIGXFSZ.
  ssize_t (*pwrite)(int fd, const void* from, std::size_t count, off_t offset);
  int (*fstat)(int fd, struct stat* into);
  int (*stat)(const char* path, struct stat* into);
  int (*fdatasync)(int fd);
  int (*fsync)(int fd);
  /// Whether reading the file waits for no disk, ever. The kernel has no pread_nowait for such files.
  bool (*lives_in_memory)(int fd);
  /// Whether names that differ in case alone are one name in this directory, as far as the file system tells.
  bool (*folds_case)(int fd);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
  int (*mkdir)(const char* path, mode_t mode);
  /// The next entries of an open directory, as getdents64 packs them; 0 at the end.
  ssize_t (*read_directory)(int fd, void* into, std::size_t count);
  /// As rename, but fails with EEXIST rather than replace `to`.
  int (*rename_noreplace)(const char* from, const char* to);
  int (*fchmod)(int fd, mode_t mode);
  /// Sets the modification time, as far as the file system lets it; cannot fail.
  void (*set_modified)(int fd, std::int64_t unix_seconds);
  int (*ftruncate)(int fd, off_t length);
  /// Locks or unlocks one byte for this open file, until it is closed; fails with EAGAIN where another open file has
  /// it.
  int (*lock_byte)(int fd, off_t offset, bool lock);
  /// Whether another open file has the byte locked.
  bool (*is_locked)(int fd, off_t offset);
  int (*poll)(struct pollfd* fds, nfds_t count, int timeout_ms);
  /// As realpath with a null second argument: the caller frees what it returns.
  char* (*realpath)(const char* path);
  /// A hint that the file is read front to back; cannot fail.
  void (*advise_sequential)(int fd);
  std::int64_t (*monotonic_ns)();
  std::int64_t (*realtime_ns)();
  /// Fills `into` with random bytes; never fails.
  void (*random)(void* into, std::size_t count);
};

/// The table in force. Read by any thread.
const Calls& platform() noexcept;
/// The real system calls.
const Calls& real_calls() noexcept;
/// Unix seconds now, by the table in force.
inline std::int64_t unix_seconds() { return platform().realtime_ns() / 1'000'000'000; }
/// Puts another table in force (nullptr: the real one). For tests; not while jobs run.
void set_platform(const Calls* calls) noexcept;

/// The Status of a failed call: kind by errno, cause "No such file or directory".
Status errno_status(int error_number, std::string operation);

/// A uniform draw from [0, bound); bound > 0.
std::uint64_t random_below(std::uint64_t bound);
/// `count` random letters and digits, for temporary names.
std::string random_name(std::size_t count);

}  // namespace weir::platform
