// LocalLister: walks the files below a directory in the order of their keys, one directory at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/local_root.hpp"

namespace weir::store {

/// Keys come in the order of their bytes, as S3 lists them: a directory stands where its name with a '/' behind it
/// would. Holds the names of one directory for each level that it is in. Thread-compatible.
class LocalLister {
 public:
  LocalLister(std::shared_ptr<const LocalRoot> root, std::string prefix, bool folds)
      : root_(std::move(root)), prefix_(std::move(prefix)), folds_(folds) {}

  /// The next page, at most `limit` entries; what comes after `token`.
  Result<Listing> page(const std::string& token, std::size_t limit);
  /// What a page that goes on from here has as its token.
  const std::string& position() const noexcept { return position_; }
  bool is_of(const std::string& prefix, bool folds) const { return prefix == prefix_ && folds == folds_; }

 private:
  struct Level {
    std::string prefix;  ///< "a/b/"; empty: the root
    std::shared_ptr<platform::Fd> directory;
    std::vector<platform::DirectoryEntry> entries;  ///< sorted; directories have a '/' behind their names
    std::size_t next = 0;
  };

  Status begin(const std::string& token);
  /// Reads a directory; the token is where to go on in it.
  Status enter(std::string prefix, std::shared_ptr<platform::Fd> directory, const std::string& token);
  Status take(Listing& page);
  Status add(Level& level, const platform::DirectoryEntry& entry, Listing& page);
  bool has_more();

  const std::shared_ptr<const LocalRoot> root_;
  const std::string prefix_;
  const bool folds_;
  bool begun_ = false;
  std::string position_;
  std::vector<Level> levels_;
};

/// ".NAME.RANDOM.weir-part": a file that is being written, and no object.
bool is_temporary_name(std::string_view name);

}  // namespace weir::store
