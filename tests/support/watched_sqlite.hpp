// WatchedSqlite: SQLite's own way to its files, with each call counted, recorded on a Disk, and failing where that is
// asked for.
#pragma once

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "disk.hpp"

namespace weir::test {

/// SQLite's default VFS while it lives; one at a time, and no database open at its beginning and end. Nothing is really
/// synced: power is lost on the Disk alone. Shared memory is the real one's: it does not outlive a loss of power.
class WatchedSqlite {
 public:
  explicit WatchedSqlite(Disk& disk) : disk_(&disk), real_(::sqlite3_vfs_find("unix")) {
    vfs_ = *real_;
    vfs_.iVersion = 2;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pNext = nullptr;
    vfs_.zName = "watched";
    vfs_.pAppData = this;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = access;
    vfs_.xFullPathname = full_path;
    ::sqlite3_vfs_register(&vfs_, 1);
  }
  ~WatchedSqlite() {
    ::sqlite3_vfs_unregister(&vfs_);
    ::sqlite3_vfs_register(real_, 1);
  }
  WatchedSqlite(const WatchedSqlite&) = delete;
  WatchedSqlite& operator=(const WatchedSqlite&) = delete;

  /// The `nth` call from now (from 1) fails, and all later ones with `for_ever`. 0: none. A write that fails has
  /// written half of its bytes.
  void fail(std::uint64_t nth, bool for_ever) {
    calls_ = fired_ = 0;
    for_ever_ = for_ever;
    nth_ = nth;
  }
  /// Records on this one from now on; nowhere.
  void turn_to(Disk& disk) { disk_ = &disk; }
  void turn_away() { disk_ = &nowhere_; }
  std::uint64_t fired() const { return fired_; }
  int open_files() const { return open_; }

 private:
  struct File {
    sqlite3_file base;
    WatchedSqlite* watch;
    const char* path;  // SQLite keeps it while the file is open
    Disk::Node node;
    bool syncs_name;  // its first sync is one of its directory too, as the real one does it
  };
  static File& mine(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  /// Behind ours.
  static sqlite3_file* theirs(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(&mine(file) + 1); }
  static WatchedSqlite& self(sqlite3_file* file) { return *mine(file).watch; }
  static WatchedSqlite& self(sqlite3_vfs* vfs) { return *static_cast<WatchedSqlite*>(vfs->pAppData); }

  Disk& disk() const { return *disk_; }
  bool fails() {
    const std::uint64_t nth = nth_;
    const std::uint64_t call = ++calls_;
    const bool yes = nth != 0 && (call == nth || (for_ever_ && call > nth));
    fired_ += yes ? 1 : 0;
    return yes;
  }
  static std::string directory_of(const char* path) {
    const std::string text = path;
    return text.substr(0, text.rfind('/'));
  }

  // --- the VFS ---

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    WatchedSqlite& watch = self(vfs);
    file->pMethods = nullptr;
    if (watch.fails()) return SQLITE_CANTOPEN;
    const bool was_there = path != nullptr && ::access(path, F_OK) == 0;
    const int code = watch.real_->xOpen(watch.real_, path, theirs(file), flags, out_flags);
    if (code != SQLITE_OK) return code;
    constexpr int kJournals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL | SQLITE_OPEN_SUPER_JOURNAL;
    File& opened = mine(file);
    opened.watch = &watch;
    opened.path = path;
    opened.node = path == nullptr ? 0 : was_there ? watch.disk().find(path) : watch.disk().created(path);
    opened.syncs_name = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & kJournals) != 0;
    opened.base.pMethods = methods();
    ++watch.open_;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    WatchedSqlite& watch = self(vfs);
    if (watch.fails()) return SQLITE_IOERR_DELETE;
    const int code = watch.real_->xDelete(watch.real_, path, 0);
    if (code != SQLITE_OK) return code;
    watch.disk().unlinked(path);
    if (sync_directory != 0) watch.disk().synced_directory(directory_of(path));
    return SQLITE_OK;
  }
  static int access(sqlite3_vfs* vfs, const char* path, int flags, int* result) {
    WatchedSqlite& watch = self(vfs);
    return watch.fails() ? SQLITE_IOERR_ACCESS : watch.real_->xAccess(watch.real_, path, flags, result);
  }
  static int full_path(sqlite3_vfs* vfs, const char* path, int size, char* into) {
    WatchedSqlite& watch = self(vfs);
    return watch.fails() ? SQLITE_CANTOPEN_FULLPATH : watch.real_->xFullPathname(watch.real_, path, size, into);
  }

  // --- files ---

  /// A call that is passed on unless it fails with `error`.
  template <int error, auto member, class... Arguments>
  static int passed(sqlite3_file* file, Arguments... arguments) {
    if (self(file).fails()) return error;
    return (theirs(file)->pMethods->*member)(theirs(file), arguments...);
  }
  /// A call that cannot fail.
  template <auto member, class... Arguments>
  static auto sure(sqlite3_file* file, Arguments... arguments) {
    return (theirs(file)->pMethods->*member)(theirs(file), arguments...);
  }

  static int close(sqlite3_file* file) {
    const int code = theirs(file)->pMethods->xClose(theirs(file));
    --self(file).open_;
    return code;
  }
  static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    const bool fails = self(file).fails();
    const int most = fails ? count / 2 : count;
    const int code = theirs(file)->pMethods->xWrite(theirs(file), from, most, offset);
    if (code == SQLITE_OK) {
      self(file).disk().wrote(mine(file).node, static_cast<std::uint64_t>(offset),
                              {static_cast<const char*>(from), static_cast<std::size_t>(most)});
    }
    if (!fails) return code;
    return count % 3 == 0 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  static int cut(sqlite3_file* file, sqlite3_int64 size) {
    if (self(file).fails()) return SQLITE_IOERR_TRUNCATE;
    const int code = theirs(file)->pMethods->xTruncate(theirs(file), size);
    if (code == SQLITE_OK) self(file).disk().cut(mine(file).node, static_cast<std::uint64_t>(size));
    return code;
  }
  static int sync(sqlite3_file* file, int) {
    Disk& disk = self(file).disk();
    if (self(file).fails()) {
      disk.sync_failed(mine(file).node);
      return SQLITE_IOERR_FSYNC;
    }
    disk.synced(mine(file).node);
    if (std::exchange(mine(file).syncs_name, false)) disk.synced_directory(directory_of(mine(file).path));
    return SQLITE_OK;
  }
  static int lock_shared_memory(sqlite3_file* file, int offset, int count, int flags) {
    // To let go always works, as in the kernel.
    if (self(file).fails() && (flags & SQLITE_SHM_UNLOCK) == 0) return SQLITE_IOERR_SHMLOCK;
    return theirs(file)->pMethods->xShmLock(theirs(file), offset, count, flags);
  }

  static const sqlite3_io_methods* methods() {
    using Methods = sqlite3_io_methods;
    static const Methods kMethods = [] {
      Methods made{};
      made.iVersion = 2;  // files are not mapped: all reads come here
      made.xClose = close;
      made.xRead = passed<SQLITE_IOERR_READ, &Methods::xRead, void*, int, sqlite3_int64>;
      made.xWrite = write;
      made.xTruncate = cut;
      made.xSync = sync;
      made.xFileSize = passed<SQLITE_IOERR_FSTAT, &Methods::xFileSize, sqlite3_int64*>;
      made.xLock = passed<SQLITE_IOERR_LOCK, &Methods::xLock, int>;
      made.xUnlock = sure<&Methods::xUnlock, int>;
      made.xCheckReservedLock = passed<SQLITE_IOERR_CHECKRESERVEDLOCK, &Methods::xCheckReservedLock, int*>;
      made.xFileControl = sure<&Methods::xFileControl, int, void*>;
      made.xSectorSize = sure<&Methods::xSectorSize>;
      made.xDeviceCharacteristics = sure<&Methods::xDeviceCharacteristics>;
      made.xShmMap = passed<SQLITE_IOERR_SHMMAP, &Methods::xShmMap, int, int, int, void volatile**>;
      made.xShmLock = lock_shared_memory;
      made.xShmBarrier = sure<&Methods::xShmBarrier>;
      made.xShmUnmap = sure<&Methods::xShmUnmap, int>;
      return made;
    }();
    return &kMethods;
  }

  Disk nowhere_;
  std::atomic<Disk*> disk_;
  sqlite3_vfs* const real_;
  sqlite3_vfs vfs_{};
  std::atomic<std::uint64_t> nth_{0};
  std::atomic<bool> for_ever_{false};
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> fired_{0};
  std::atomic<int> open_{0};
};

}  // namespace weir::test
