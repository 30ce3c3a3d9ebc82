// The bytes of uploads while they arrive: a file each, of mode 0600, below one folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/directory.hpp"
#include "weir/core/chunk.hpp"

namespace weir::server {

/// 128 random bits, 22 characters of A-Z a-z 0-9 - _.
std::string new_upload_id();
bool is_upload_id(std::string_view text);

/// Calls wait for the disk. Thread-safe, but for two calls about one upload.
class UploadFiles {
 public:
  /// Of the finished uploads that come to lie in `folder`, which is made if it is missing: unfinished ones are in
  /// ".weir" there. Errors: unavailable (another server is at it), and those of the file system.
  static Result<std::shared_ptr<UploadFiles>> open(const std::string& folder);

  /// The folder's real path.
  const std::string& folder() const { return folder_; }
  /// For writing and reading; made where `fresh`.
  Result<std::shared_ptr<platform::Fd>> open_upload(const std::string& id, bool fresh);
  struct Arrived {
    std::uint64_t bytes = 0;
    bool unchecked = false;  ///< some of them: mark_unchecked()
  };
  /// Of an unfinished one; nothing where there is no such file.
  Result<std::optional<Arrived>> arrived(const std::string& id);
  /// Of an unfinished one, what an earlier process has left: no more than `bytes`, and all of them checked.
  Status keep_no_more(const std::string& id, std::uint64_t bytes);
  /// Bytes that may turn out not to be what was sent are going to lie behind those that count; or none do any more.
  /// It lasts as long as they do: not over a loss of power.
  Status mark_unchecked(platform::Fd& file, bool unchecked);
  Status write(platform::Fd& file, const std::vector<Chunk>& chunks, std::uint64_t offset);
  Status read(platform::Fd& file, std::uint64_t offset, std::uint64_t bytes,
              const std::function<void(const Chunk&)>& take);
  /// All of `from`, to `offset` of `into`; how much that was.
  Result<std::uint64_t> copy(platform::Fd& from, platform::Fd& into, std::uint64_t offset);
  Status cut(platform::Fd& file, std::uint64_t bytes);
  Status sync(platform::Fd& file);
  /// Names of files that were made last from now on.
  Status sync_names();
  /// Puts a whole and synced one among the finished, where it may be already; that lasts. Gives its path.
  Result<std::string> publish(const std::string& id);
  Result<std::shared_ptr<platform::Fd>> open_finished(const std::string& id);
  std::optional<std::uint64_t> finished_size(const std::string& id);
  std::string finished_path(const std::string& id) const { return folder_ + "/" + id; }
  /// Finished or not; what is missing is no error.
  Status remove(const std::string& id);
  Status remove_unfinished(const std::string& id);
  /// The ids of all that is unfinished.
  Result<std::vector<std::string>> unfinished();

 private:
  UploadFiles(std::string folder, std::shared_ptr<platform::Fd> finished, std::shared_ptr<platform::Fd> arriving,
              platform::Fd lock)
      : folder_(std::move(folder)),
        finished_(std::move(finished)),
        arriving_(std::move(arriving)),
        lock_(std::move(lock)) {}

  const std::string folder_;
  const std::shared_ptr<platform::Fd> finished_;
  const std::shared_ptr<platform::Fd> arriving_;
  const platform::Fd lock_;
};

}  // namespace weir::server
