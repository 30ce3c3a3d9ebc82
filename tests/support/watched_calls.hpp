// WatchedCalls: the table of system calls that records on a Disk what is done to files.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <string>

#include "disk.hpp"
#include "platform/platform.hpp"

namespace weir::test {

/// In force while it lives; one at a time, and no jobs under way at its beginning and end. Nothing is really synced:
/// power is lost on the Disk alone.
class WatchedCalls {
 public:
  /// Each write takes `write_takes_ns` on the monotonic clock.
  explicit WatchedCalls(Disk& disk, std::int64_t write_takes_ns = 0) : disk_(&disk), write_takes_ns_(write_takes_ns) {
    current_ = this;
    static const platform::Calls kTable = make_table();
    platform::set_platform(&kTable);
  }
  ~WatchedCalls() {
    platform::set_platform(nullptr);
    current_ = nullptr;
  }
  WatchedCalls(const WatchedCalls&) = delete;
  WatchedCalls& operator=(const WatchedCalls&) = delete;

  /// Records on this one from now on; nowhere.
  void turn_to(Disk& disk) { disk_ = &disk; }
  void turn_away() { disk_ = &nowhere_; }
  std::size_t open_files() const {
    const std::lock_guard lock(mutex_);
    return files_.size();
  }

 private:
  struct File {
    Disk::Node node = 0;
    std::string directory;  // or this
  };
  static WatchedCalls& self() { return *current_; }
  Disk& disk() const { return *disk_; }
  static const platform::Calls& real() { return platform::real_calls(); }

  int open(const char* path, int flags, mode_t mode) {
    struct stat found {};
    const bool was_there = ::lstat(path, &found) == 0;
    const int fd = real().open(path, flags, mode);
    if (fd < 0 || (flags & O_PATH) != 0) return fd;
    File file;
    if (::fstat(fd, &found) == 0 && S_ISDIR(found.st_mode)) {
      file.directory = path;
    } else {
      file.node = was_there || (flags & O_CREAT) == 0 ? disk().find(path) : disk().created(path);
    }
    const int why = errno;
    if (file.node != 0 || !file.directory.empty()) {
      const std::lock_guard lock(mutex_);
      files_[fd] = std::move(file);
    }
    errno = why;
    return fd;
  }
  File file_of(int fd) const {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(fd);
    return found == files_.end() ? File() : found->second;
  }
  int close(int fd) {
    {
      const std::lock_guard lock(mutex_);
      files_.erase(fd);
    }
    return real().close(fd);
  }
  ssize_t pwrite(int fd, const void* from, std::size_t count, off_t offset) {
    const ssize_t done = real().pwrite(fd, from, count, offset);
    if (done > 0) {
      disk().wrote(file_of(fd).node, static_cast<std::uint64_t>(offset),
                   {static_cast<const char*>(from), static_cast<std::size_t>(done)});
    }
    passed_ns_ += write_takes_ns_;
    return done;
  }
  int sync(int fd) {
    const File file = file_of(fd);
    if (!file.directory.empty()) disk().synced_directory(file.directory);
    disk().synced(file.node);
    return 0;
  }
  int rename(int result, const char* from, const char* to) {
    if (result == 0) disk().renamed(from, to);
    return result;
  }

  static platform::Calls make_table() {
    platform::Calls table = real();
    table.open = [](const char* path, int flags, mode_t mode) { return self().open(path, flags, mode); };
    table.close = [](int fd) { return self().close(fd); };
    table.pwrite = [](int fd, const void* from, std::size_t count, off_t offset) {
      return self().pwrite(fd, from, count, offset);
    };
    table.ftruncate = [](int fd, off_t length) {
      const int result = real().ftruncate(fd, length);
      if (result == 0) self().disk().cut(self().file_of(fd).node, static_cast<std::uint64_t>(length));
      return result;
    };
    table.fdatasync = table.fsync = [](int fd) { return self().sync(fd); };
    table.rename = [](const char* from, const char* to) { return self().rename(real().rename(from, to), from, to); };
    table.rename_noreplace = [](const char* from, const char* to) {
      return self().rename(real().rename_noreplace(from, to), from, to);
    };
    table.unlink = [](const char* path) {
      const int result = real().unlink(path);
      if (result == 0) self().disk().unlinked(path);
      return result;
    };
    table.mkdir = [](const char* path, mode_t mode) {
      const int result = real().mkdir(path, mode);
      if (result == 0) self().disk().made_directory(path);
      return result;
    };
    table.monotonic_ns = [] { return real().monotonic_ns() + self().passed_ns_; };
    return table;
  }

  static inline std::atomic<WatchedCalls*> current_{nullptr};
  Disk nowhere_;
  std::atomic<Disk*> disk_;
  const std::int64_t write_takes_ns_;
  std::atomic<std::int64_t> passed_ns_{0};
  mutable std::mutex mutex_;
  std::map<int, File> files_;
};

}  // namespace weir::test
