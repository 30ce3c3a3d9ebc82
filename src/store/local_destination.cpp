#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "stages/file_replay.hpp"
#include "store/local_file.hpp"

namespace weir::store {
namespace {

using platform::platform;

struct Freed {
  void operator()(char* text) const noexcept { std::free(text); }
};

/// The process's umask. umask() can only be read by setting it, which other threads would feel; /proc tells it safely.
mode_t process_umask() {
  constexpr mode_t kUsual = 022;
  auto file = platform::open_file("/proc/self/status", O_RDONLY);
  if (!file) return kUsual;
  std::string text(4096, '\0');
  auto got = platform::read_fully(file->get(), std::as_writable_bytes(std::span(text)), "/proc/self/status");
  if (!got) return kUsual;
  constexpr std::string_view kLabel = "\nUmask:\t";
  const auto at = text.find(kLabel);
  if (at == std::string::npos) return kUsual;
  unsigned mask = kUsual;
  const char* digits = text.data() + at + kLabel.size();
  std::from_chars(digits, text.data() + *got, mask, 8);
  return static_cast<mode_t>(mask);
}

Status refuse(const std::string& path, Kind kind, std::string cause, std::string advice) {
  return Status(kind, std::move(cause)).during("write " + path).advise(std::move(advice));
}

/// Follows the links of a path that is there.
Status resolve(LocalDestination& to) {
  const std::unique_ptr<char, Freed> resolved(platform().realpath(to.path.c_str()));
  if (!resolved) return platform::errno_status(errno, "write " + to.path);
  to.file = resolved.get();
  return {};
}

Status check_existing(LocalDestination& to, const struct stat& found, bool replace) {
  if (S_ISDIR(found.st_mode))
    return refuse(to.path, Kind::invalid_argument, "Is a directory", "Name the file to write in it.");
  if (!replace)
    return refuse(to.path, Kind::already_exists, "the file is already there",
                  "Choose another name, or allow it to be replaced.");
  if (!S_ISREG(found.st_mode))
    return refuse(to.path, Kind::invalid_argument, "it is a device, pipe or socket and not a file",
                  "Write to standard output (-) and redirect that.");
  to.mode = found.st_mode & 0777;
  return {};
}

}  // namespace

std::string local_etag(const struct stat& found) { return stages::FileIdentity::of(found).etag(); }

Result<LocalDestination> LocalDestination::in(const platform::PinnedName& name, const std::string& path, bool replace) {
  LocalDestination to;
  to.path = path;
  to.file = name.path();
  to.directory = name.directory_path();
  to.name = name.name;
  to.held = name.directory;
  to.mode = 0666 & ~process_umask();
  const auto found = platform::stat_of(name, path);
  if (!found && found.status().kind() != Kind::not_found) return found.status();
  if (!found || S_ISLNK(found->st_mode)) {
    if (!found || replace) return to;
  }
  WEIR_TRY(check_existing(to, *found, replace));
  return to;
}

Result<LocalDestination> LocalDestination::find(const std::string& path, bool replace) {
  if (path.empty() || path.find('\0') != std::string::npos)
    return Status(Kind::invalid_argument, "the path is empty or contains a zero byte").during("write a file");
  LocalDestination to;
  to.path = to.file = path;
  struct stat found {};
  if (platform().stat(path.c_str(), &found) == 0) {
    WEIR_TRY(check_existing(to, found, replace));
    WEIR_TRY(resolve(to));
  } else if (errno != ENOENT) {
    return platform::errno_status(errno, "write " + path);
  } else {
    to.mode = 0666 & ~process_umask();
  }
  const auto slash = to.file.rfind('/');
  to.name = slash == std::string::npos ? to.file : to.file.substr(slash + 1);
  to.directory = slash == std::string::npos ? "." : to.file.substr(0, slash == 0 ? 1 : slash);
  if (to.name.empty())
    return refuse(path, Kind::invalid_argument, "the name ends in / and there is no such directory",
                  "Make the directory, or name a file.");
  return to;
}

}  // namespace weir::store
