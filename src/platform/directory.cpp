#include "platform/directory.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace weir::platform {
namespace {

std::string path_of(const Fd& directory) { return fmt::format("/proc/self/fd/{}", directory.get()); }

EntryKind kind_of_mode(mode_t mode) noexcept {
  if (S_ISREG(mode)) return EntryKind::file;
  if (S_ISDIR(mode)) return EntryKind::directory;
  return S_ISLNK(mode) ? EntryKind::link : EntryKind::other;
}

/// Some file systems do not say it in the directory.
EntryKind kind_of(const Fd& directory, unsigned char type, const std::string& name) {
  if (type == DT_UNKNOWN) {
    const auto place = open_file(path_of(directory) + "/" + name, O_PATH | O_NOFOLLOW);
    if (!place) return EntryKind::other;
    const auto found = stat_of(place->get(), name);
    return found ? kind_of_mode(found->st_mode) : EntryKind::other;
  }
  return type == DT_REG   ? EntryKind::file
         : type == DT_DIR ? EntryKind::directory
         : type == DT_LNK ? EntryKind::link
                          : EntryKind::other;
}

/// The same failure, told of the name that people know.
Status told_of(const Status& status, std::string operation) {
  Error error = status.error();
  error.operation = std::move(operation);
  return Status(std::move(error));
}

Status no_way(const std::string& shown, std::string_view segment, mode_t mode) {
  const char* const what = S_ISLNK(mode) ? "is a symbolic link, and none is followed here"
                                         : "is a file and no directory, so nothing can be below it";
  return Status(Kind::invalid_argument, fmt::format("\"{}\" {}", segment, what)).during("use " + shown);
}

/// Makes a directory; that it has appeared meanwhile is as good.
Status make(const Fd& parent, const std::string& path, bool synced, const std::string& shown) {
  if (platform().mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return errno_status(errno, "make the directory of " + shown);
  }
  if (!synced) return {};
  // A place (O_PATH) cannot be synced itself.
  const auto opened = open_file(path_of(parent), O_RDONLY | O_DIRECTORY);
  if (!opened) return told_of(opened.status(), "sync the directory above " + shown);
  return platform().fsync(opened->get()) == 0 ? Status() : errno_status(errno, "sync the directory above " + shown);
}

}  // namespace

std::string PinnedName::directory_path() const { return path_of(*directory); }
std::string PinnedName::path() const { return directory_path() + "/" + name; }

Result<std::shared_ptr<Fd>> open_place(const std::string& path, const std::string& shown) {
  auto fd = open_file(path, O_PATH);
  if (!fd) return told_of(fd.status(), "use " + shown);
  WEIR_ASSIGN(const struct stat found, stat_of(fd->get(), shown));
  if (S_ISDIR(found.st_mode)) return std::make_shared<Fd>(std::move(fd).value());
  return Status(Kind::invalid_argument, "it is no directory").during("use " + shown);
}

Result<std::shared_ptr<Fd>> open_below(const std::shared_ptr<Fd>& root, std::string_view below, Missing missing,
                                       const std::string& shown) {
  std::shared_ptr<Fd> place = root;
  while (!below.empty()) {
    const std::string_view segment = below.substr(0, below.find('/'));
    below.remove_prefix(std::min(below.size(), segment.size() + 1));
    const std::string path = path_of(*place) + "/" + std::string(segment);
    auto next = open_file(path, O_PATH | O_NOFOLLOW);
    if (!next && next.status().kind() == Kind::not_found && missing != Missing::fails) {
      WEIR_TRY(make(*place, path, missing == Missing::is_made_and_synced, shown));
      next = open_file(path, O_PATH | O_NOFOLLOW);
    }
    if (!next) return told_of(next.status(), "use " + shown);
    WEIR_ASSIGN(const struct stat found, stat_of(next->get(), shown));
    if (!S_ISDIR(found.st_mode)) return no_way(shown, segment, found.st_mode);
    place = std::make_shared<Fd>(std::move(next).value());
  }
  return place;
}

Result<std::vector<DirectoryEntry>> read_directory(const Fd& directory, const std::string& shown) {
  auto opened = open_file(path_of(directory), O_RDONLY | O_DIRECTORY);
  if (!opened) return told_of(opened.status(), "list " + shown);
  std::vector<DirectoryEntry> entries;
  alignas(dirent64) char buffer[16 * 1024];
  for (;;) {
    const ssize_t got = platform().read_directory(opened->get(), buffer, sizeof buffer);
    if (got < 0) return errno_status(errno, "list " + shown);
    if (got == 0) return entries;
    for (ssize_t at = 0; at < got;) {
      std::uint16_t length = 0;
      std::memcpy(&length, buffer + at + offsetof(dirent64, d_reclen), sizeof length);
      const auto type = static_cast<unsigned char>(buffer[at + static_cast<ssize_t>(offsetof(dirent64, d_type))]);
      std::string name(buffer + at + offsetof(dirent64, d_name));
      at += length;
      if (name == "." || name == "..") continue;
      const EntryKind kind = kind_of(directory, type, name);
      entries.push_back({std::move(name), kind});
    }
  }
}

Result<struct stat> stat_of(const PinnedName& name, const std::string& shown) {
  auto place = open_file(name.path(), O_PATH | O_NOFOLLOW);
  return place ? stat_of(place->get(), shown) : Result<struct stat>(told_of(place.status(), "examine " + shown));
}

}  // namespace weir::platform
