// LocalFile: one file being written under a temporary name, and its way to the final one. Blocking.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
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
  std::shared_ptr<platform::Fd> held;  ///< with `file` and `directory` named through it; null: by their paths

  /// Refuses what is no place for a file.
  static Result<LocalDestination> find(const std::string& path, bool replace);
  /// A name in a directory that is held open. A link of that name is replaced, not followed.
  static Result<LocalDestination> in(const platform::PinnedName& name, const std::string& path, bool replace);
};

/// What pins a file that is read: its size, modification time and inode. Kept by a rename.
std::string local_etag(const struct stat& found);

/// Parts may be written from several threads at once. Destroyed before commit() it removes what it wrote.
class LocalFile {
 public:
  static Result<std::shared_ptr<LocalFile>> create(LocalDestination destination);
  ~LocalFile();
  LocalFile(const LocalFile&) = delete;
  LocalFile& operator=(const LocalFile&) = delete;

  /// Stops early with cancelled once `*cancelled`, or remove() was called.
  Result<PartReceipt> write(const Part& part, const std::atomic<bool>& cancelled);
  std::vector<PartReceipt> parts() const;
  /// Checks that `parts` make up `whole`, syncs, closes, renames, syncs the directory. After an error only remove()
  /// makes sense.
  Result<Stored> commit(std::vector<PartReceipt> parts, const Whole& whole, bool durable, bool replace);
  /// Removes the temporary file. Again: ok.
  Status remove();

  const std::string& temporary() const noexcept { return temporary_; }

 private:
  LocalFile(LocalDestination destination, std::string temporary, platform::Fd fd)
      : to_(std::move(destination)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}
  Status write_chunks(const Part& part, const std::atomic<bool>& cancelled, std::uint64_t& crc);
  Status write_replayed(const Part& part, const std::atomic<bool>& cancelled, std::uint64_t& crc);
  Status stop_if(const std::atomic<bool>& cancelled, std::uint64_t offset) const;
  /// Waits for the bytes' turn.
  Status pace(const Part& part, std::uint64_t bytes, const std::atomic<bool>& cancelled, std::uint64_t offset) const;
  Status put(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t& crc);
  Result<std::uint64_t> check_whole(const std::vector<PartReceipt>& parts, const Whole& whole) const;
  Status finish(bool durable, bool replace);
  Status sync_directory() const;
  /// The temporary file, for messages: one that is named through a descriptor says nothing to people.
  std::string shown() const { return to_.held ? "the temporary file of " + to_.path : temporary_; }

  const LocalDestination to_;
  const std::string temporary_;
  platform::Fd fd_;
  mutable std::mutex mutex_;
  std::map<std::uint32_t, PartReceipt> written_;  ///< by part number
  std::string etag_;                              ///< of the finished file
  Status condemned_;                              ///< not ok: nothing more may be trusted
  bool gone_ = false;                             ///< the temporary name is no more
  std::atomic<bool> removed_{false};
};

}  // namespace weir::store
