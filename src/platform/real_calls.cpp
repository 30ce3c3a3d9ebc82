// The real system calls behind the table.
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "platform/platform.hpp"

namespace weir::platform {
namespace {

int real_open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }

/// Runs a write whose failure the kernel also signals, by default deadly to the host, and swallows that signal: it is
/// blocked for this thread, taken off the pending set if the write put it there, and unblocked.
template <class Write>
ssize_t without_signal(int signal, int error_number, Write write) {
  sigset_t only;
  sigset_t before;
  sigset_t pending;
  ::sigemptyset(&only);
  ::sigaddset(&only, signal);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &only, &before);
  const ssize_t result = write();
  const int why = errno;
  if (result < 0 && why == error_number && ::sigismember(&pending, signal) == 0) {
    const timespec at_once{};
    while (::sigtimedwait(&only, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = why;
  return result;
}

ssize_t real_write(int fd, const void* from, std::size_t count) {
  return without_signal(SIGPIPE, EPIPE, [=] { return ::write(fd, from, count); });
}
ssize_t real_pwrite(int fd, const void* from, std::size_t count, off_t offset) {
  return without_signal(SIGXFSZ, EFBIG, [=] { return ::pwrite(fd, from, count, offset); });
}
ssize_t real_send_nowait(int fd, const void* from, std::size_t count) {
  return ::send(fd, from, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool real_lives_in_memory(int fd) {
  struct statfs found {};
  return ::fstatfs(fd, &found) == 0 && (found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC);
}

ssize_t real_pread_nowait(int fd, void* into, std::size_t count, off_t offset) {
#ifdef RWF_NOWAIT
  const iovec piece{into, count};
  return ::preadv2(fd, &piece, 1, offset, RWF_NOWAIT);
#else
  (void)fd, (void)into, (void)count, (void)offset;
  errno = EOPNOTSUPP;
  return -1;
#endif
}

/// link + unlink where the file system has no RENAME_NOREPLACE (some network and FUSE file systems).
int link_then_unlink(const char* from, const char* to) {
  if (::link(from, to) != 0) return -1;
  if (::unlink(from) == 0) return 0;
  const int why = errno;
  ::unlink(to);
  errno = why;
  return -1;
}

struct flock one_byte(short type, off_t offset) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset;
  lock.l_len = 1;
  return lock;
}

int real_lock_byte(int fd, off_t offset, bool lock) {
  struct flock wanted = one_byte(lock ? F_WRLCK : F_UNLCK, offset);
  return ::fcntl(fd, F_OFD_SETLK, &wanted);
}

bool real_is_locked(int fd, off_t offset) {
  struct flock asked = one_byte(F_WRLCK, offset);
  return ::fcntl(fd, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
}

int real_rename_noreplace(const char* from, const char* to) {
#ifdef RENAME_NOREPLACE
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
#endif
  return link_then_unlink(from, to);
}

bool real_folds_case(int fd) {
  struct statfs found {};
  if (::fstatfs(fd, &found) != 0) return false;
  switch (static_cast<unsigned long>(found.f_type)) {
    case MSDOS_SUPER_MAGIC:
    case EXFAT_SUPER_MAGIC:
    case HPFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case 0x5346544eul:  // NTFS
    case 0x7366746eul:  // ntfs3
    case 0x482bul:      // HFS+
      return true;
    default:
      break;
  }
  int flags = 0;
  return ::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_CASEFOLD_FL) != 0;
}

ssize_t real_read_directory(int fd, void* into, std::size_t count) {
  return ::syscall(SYS_getdents64, fd, into, count);
}

std::int64_t clock_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void real_set_modified(int fd, std::int64_t unix_seconds) {
  timespec times[2] = {};
  times[0].tv_nsec = UTIME_OMIT;
  times[1].tv_sec = static_cast<time_t>(unix_seconds);
  (void)::futimens(fd, times);
}

void real_random(void* into, std::size_t count) {
  auto* at = static_cast<char*>(into);
  while (count > 0) {
    const ssize_t got = ::getrandom(at, count, 0);
    if (got < 0) continue;  // EINTR only: the kernel's pool is ready before any program runs
    at += got;
    count -= static_cast<std::size_t>(got);
  }
}

constexpr Calls kReal = {
    .open = real_open,
    .close = ::close,
    .read = ::read,
    .write = real_write,
    .send_nowait = real_send_nowait,
    .pread = ::pread,
    .pread_nowait = real_pread_nowait,
    .pwrite = real_pwrite,
    .fstat = ::fstat,
    .stat = ::stat,
    .fdatasync = ::fdatasync,
    .fsync = ::fsync,
    .lives_in_memory = real_lives_in_memory,
    .folds_case = real_folds_case,
    .rename = ::rename,
    .unlink = ::unlink,
    .mkdir = ::mkdir,
    .read_directory = real_read_directory,
    .rename_noreplace = real_rename_noreplace,
    .fchmod = ::fchmod,
    .set_modified = real_set_modified,
    .ftruncate = ::ftruncate,
    .lock_byte = real_lock_byte,
    .is_locked = real_is_locked,
    .poll = ::poll,
    .realpath = [](const char* path) { return ::realpath(path, nullptr); },
    .advise_sequential = [](int fd) { (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); },
    .monotonic_ns = [] { return clock_ns(CLOCK_MONOTONIC); },
    .realtime_ns = [] { return clock_ns(CLOCK_REALTIME); },
    .random = real_random,
};

}  // namespace

const Calls& real_calls() noexcept { return kReal; }

}  // namespace weir::platform
