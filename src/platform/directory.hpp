// Directories: what is in one, and a way to a name below one that no symbolic link can lead astray.
//
// A directory is held open and its entries are named through the descriptor ("/proc/self/fd/N/NAME"), as the *at()
// calls do: whatever happens to the path meanwhile, the name stays in that directory. /proc must be there.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/fd.hpp"

namespace weir::platform {

enum class EntryKind : std::uint8_t { file, directory, link, other };

struct DirectoryEntry {
  std::string name;
  EntryKind kind = EntryKind::other;
};

/// A name in a directory that is held open. Copies share it.
struct PinnedName {
  std::shared_ptr<Fd> directory;
  std::string name;
  /// For system calls, while this lives.
  std::string path() const;
  std::string directory_path() const;
};

/// Opens a directory to be a place; `path` may be a symbolic link. Errors: not_found, invalid_argument (no directory).
Result<std::shared_ptr<Fd>> open_place(const std::string& path, const std::string& shown);

enum class Missing : std::uint8_t { fails, is_made, is_made_and_synced };
/// Goes from `root` along the segments of `below` ("a/b"; empty: `root` itself), following no link. What is missing on
/// the way may be made. Errors: not_found; invalid_argument where a segment is a file or a link.
Result<std::shared_ptr<Fd>> open_below(const std::shared_ptr<Fd>& root, std::string_view below, Missing missing,
                                       const std::string& shown);

/// All entries but "." and "..", in no order.
Result<std::vector<DirectoryEntry>> read_directory(const Fd& directory, const std::string& shown);

/// As lstat: of a link, the link.
Result<struct stat> stat_of(const PinnedName& name, const std::string& shown);

}  // namespace weir::platform
