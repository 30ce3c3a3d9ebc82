// LocalRoot: the directory that a local store is, and the way from a key to a file below it.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "platform/directory.hpp"
#include "stages/file_replay.hpp"
#include "weir/store/object.hpp"

namespace weir::store {

/// That a key can be the name of a file below a directory: relative, of segments that are neither empty nor "." nor
/// "..", at most 255 bytes each and 4,000 in all, without a zero byte. Errors: invalid_argument, limit.
Status check_local_key(const std::string& key);

/// Makes the directory `path` and the missing ones above it; each lasts. Links on the way are followed.
Status make_directories(const std::string& path);

/// A file that is open, and what it was then.
struct LocalObject {
  std::shared_ptr<stages::FileReplay> file;
  ObjectInfo info;
};

/// Thread-safe. All calls block. No symbolic link below the root is followed.
class LocalRoot {
 public:
  /// The path itself may be a link. It need not be there yet: the first write makes it.
  explicit LocalRoot(std::string path);

  /// "dir/a/b.txt".
  std::string url(const std::string& key) const;
  /// The directory of `below` ("a/b"; empty: the root).
  Result<std::shared_ptr<platform::Fd>> directory(std::string_view below, platform::Missing missing) const;
  /// Checks the key and holds its directory open.
  Result<platform::PinnedName> pin(const std::string& key, platform::Missing missing) const;
  /// What stands under the key. not_found for nothing and for a directory; invalid_argument for a link or a device.
  Result<ObjectInfo> look(const std::string& key) const;
  Result<LocalObject> open(const std::string& key) const;
  Status remove(const std::string& key) const;
  /// Whether "A" and "a" are one file there; of what is not made yet, the directory above tells.
  bool folds_case() const;

 private:
  Result<std::shared_ptr<platform::Fd>> place(platform::Missing missing) const;

  const std::string path_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<platform::Fd> place_;  ///< opened once, so that all is about one directory
};

/// What the file is as an object; an error for what is none.
Result<ObjectInfo> local_object_info(const std::string& key, const std::string& url, const struct stat& found);

}  // namespace weir::store
