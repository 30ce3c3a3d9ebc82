// LocalFile: one file being written under a temporary name, and its way to the final one. Blocking.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/directory.hpp"
#include "weir/store/target.hpp"

namespace weir::store {

/// Where a path leads, found before anything is written.
struct LocalDestination {
  std::string path;                    ///< as the user wrote it, for messages
  std::string file;                    ///< the file to replace or make; links resolved
  std::string directory;               ///< of `file`
  std::string name;                    ///< of `file` in it
  mode_t mode = 0;                     ///< the finished file's
  std::string mark;                    ///< of the copy of many that writes it; empty: it is none's
  std::shared_ptr<platform::Fd> held;  ///< with `file` and `directory` named through it; null: by their paths

  /// Refuses what is no place for a file.
  static Result<LocalDestination> find(const std::string& path, bool replace);
  /// A name in a directory that is held open. A link of that name is replaced, not followed.
  static Result<LocalDestination> in(const platform::PinnedName& name, const std::string& path, bool replace);
};

/// What pins a file that is read: its size, modification time and inode. Kept by a rename.
std::string local_etag(const struct stat& found);

/// Whether a file of that name in its directory may be one that the copy of that mark was writing.
bool is_temporary_of(std::string_view id, std::string_view mark);

/// Parts may be written from several threads at once. Destroyed before commit() it removes what it wrote, unless sync()
/// has succeeded.
class LocalFile {
 public:
  static Result<std::shared_ptr<LocalFile>> create(LocalDestination destination);
  /// The file `id` of an earlier process. `parts`: what it is said to hold. not_found where it is not there, or cannot
  /// be what that process left of `length` bytes: what is not a file of ours alone stays as it is.
  static Result<std::shared_ptr<LocalFile>> adopt(LocalDestination destination, const std::string& id,
                                                  std::vector<PartReceipt> parts, std::uint64_t length);
  /// What an earlier process may have given its name, just before it could say so: the file that is there, of `length`
  /// bytes, which `parts` are all of. It can only be read and committed. not_found where there is none.
  static Result<std::shared_ptr<LocalFile>> adopt_finished(LocalDestination destination, std::vector<PartReceipt> parts,
                                                           std::uint64_t length);
  /// Removes the file `id` of an earlier process. ok where it is not there; what is not a file of ours alone stays.
  static Status discard(const LocalDestination& destination, const std::string& id);
  static Status discard(const platform::PinnedName& temporary);
  ~LocalFile();
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;

  /// Stops early with cancelled once `*cancelled`, or remove() was called.
  Result<PartReceipt> write(const Part& part, const std::atomic<bool>& cancelled);
  /// What was written, and what it is said to hold.
  std::vector<PartReceipt> parts() const;
  /// A part that it is said to hold was read and is what it was.
  void found(const PartReceipt& part);
  Result<std::size_t> read(std::span<std::byte> into, std::uint64_t offset) const;
  /// What was written before the call survives a loss of power, and this object. After a failure only remove() makes
  /// sense.
  Status sync();
  /// The modification time that the finished file gets, in Unix seconds; 0: that of its last write. Before commit().
  void is_modified(std::int64_t unix_seconds) { modified_unix_ = unix_seconds; }
  /// Checks that `parts` make up `whole`, syncs, closes, renames, syncs the directory. After an error only remove()
  /// makes sense.
  Result<Stored> commit(std::vector<PartReceipt> parts, const Whole& whole, bool durable, bool replace);
  /// Removes the temporary file. Again: ok.
  Status remove();

  /// The temporary file's name in its directory.
  std::string id() const { return temporary_.substr(temporary_.rfind('/') + 1); }

 private:
  LocalFile(LocalDestination destination, std::string temporary, platform::Fd fd)
      : to_(std::move(destination)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}
  /// The checksum of what is written, where it is wanted.
  using Crc = std::optional<std::uint64_t>;

  Status write_chunks(const Part& part, const std::atomic<bool>& cancelled, Crc& crc);
  Status write_replayed(const Part& part, const std::atomic<bool>& cancelled, Crc& crc);
  Status stop_if(const std::atomic<bool>& cancelled, std::uint64_t offset) const;
  /// Waits for the bytes' turn.
  Status pace(const Part& part, std::uint64_t bytes, const std::atomic<bool>& cancelled, std::uint64_t offset) const;
  Status put(std::span<const std::byte> bytes, std::uint64_t offset, Crc& crc);
  /// What an earlier process wrote may be longer than what is to be.
  Status cut_to(std::uint64_t length);
  Result<Crc> check_whole(const std::vector<PartReceipt>& parts, const Whole& whole) const;
  Status finish(bool durable, bool replace);
  Status give_name(bool replace);
  Status sync_directory() const;
  Status condemn(Status why);
  /// The temporary file, for messages: one that is named through a descriptor says nothing to people.
  std::string shown() const { return to_.held ? "the temporary file of " + to_.path : temporary_; }

  const LocalDestination to_;
  const std::string temporary_;
  platform::Fd fd_;
  std::mutex sync_mutex_;     ///< one sync at a time: the next would not hear of a failure; taken before mutex_
  bool name_synced_ = false;  ///< so was the directory
  mutable std::mutex mutex_;
  std::map<std::uint32_t, PartReceipt> written_;  ///< by part number
  std::vector<PartReceipt> said_;                 ///< of an earlier process, as it recorded them
  std::string etag_;                              ///< of the finished file
  Status condemned_;                              ///< not ok: nothing more may be trusted
  std::int64_t modified_unix_ = 0;
  bool adopted_ = false;  ///< an earlier process's, which may have written more than is known
  bool gone_ = false;     ///< the temporary name is no more
  bool placed_ = false;   ///< nor was there one: the file has its own
  std::atomic<bool> removed_{false};
  std::atomic<bool> stays_{false};  ///< when this is gone
};

}  // namespace weir::store
