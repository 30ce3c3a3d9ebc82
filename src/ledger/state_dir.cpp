#include "ledger/state_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "platform/fd.hpp"

namespace weir::ledger {
namespace {

using platform::platform;

Status refuse(const std::string& path, std::string cause) {
  return Status(Kind::access_denied, std::move(cause))
      .during("keep state in " + path)
      .advise("It must be this user's own, and no link. Correct it, or name another place (--state-dir).");
}

/// As lstat, which opens nothing: closing a descriptor of SQLite's file would drop SQLite's locks on it, but one that
/// was opened with O_PATH has none to drop.
Result<struct stat> look(const std::string& path) {
  WEIR_ASSIGN(const auto fd, platform::open_file(path, O_PATH | O_NOFOLLOW, 0, "look at"));
  return platform::stat_of(fd.get(), path);
}

Status check_own(const struct stat& found, const std::string& path) {
  if (S_ISLNK(found.st_mode)) return refuse(path, "it is a symbolic link");
  if (found.st_uid != ::geteuid()) return refuse(path, "it belongs to another user");
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) return refuse(path, "others can write there");
  return {};
}

/// The name of `path`, just made, survives a loss of power: what is kept there later counts on it.
Status sync_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash == 0 ? 1 : slash);
  WEIR_ASSIGN(const auto directory, platform::open_file(parent, O_RDONLY | O_DIRECTORY));
  if (platform().fsync(directory.get()) == 0) return {};
  return platform::errno_status(errno, "sync the directory " + parent);
}

/// mkdir -p. What is made is this user's alone.
Status make_directories(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string part = path.substr(0, at);
    struct stat found {};
    if (platform().stat(part.c_str(), &found) != 0) {
      if (errno != ENOENT) return platform::errno_status(errno, "look at " + part);
      if (platform().mkdir(part.c_str(), 0700) == 0) {
        WEIR_TRY(sync_name(part));
      } else if (errno != EEXIST) {
        return platform::errno_status(errno, "make the state directory " + part);
      }
    }
    if (at == std::string::npos) return {};
  }
}

}  // namespace

Result<std::string> state_dir_of(const std::string& state_dir) {
  if (!state_dir.empty()) return state_dir;
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && state[0] == '/') return std::string(state) + "/weir";  // a relative one is to be ignored
  const char* const home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return std::string(home) + "/.local/state/weir";
  return Status(Kind::invalid_argument, "neither XDG_STATE_HOME nor HOME says where state is kept")
      .during("open the ledger")
      .advise("Name a directory (--state-dir).");
}

Result<std::string> prepare_state_dir(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  WEIR_TRY(make_directories(trimmed));
  WEIR_ASSIGN(const struct stat found, look(trimmed));
  WEIR_TRY(check_own(found, trimmed));
  if (!S_ISDIR(found.st_mode)) return refuse(trimmed, "it is no directory");
  const std::unique_ptr<char, decltype(&std::free)> real(platform().realpath(trimmed.c_str()), &std::free);
  if (!real) return platform::errno_status(errno, "look at " + trimmed);
  return std::string(real.get());
}

Status prepare_state_file(const std::string& path) {
  // Two threads that make the same file: the one that closes it must not drop the locks of the one that uses it.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  auto made = platform::open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, "make");
  if (made.ok()) return {};
  auto found = look(path);
  if (!found.ok()) return found.status().kind() == Kind::not_found ? made.status() : found.status();
  WEIR_TRY(check_own(*found, path));
  if (!S_ISREG(found->st_mode)) return refuse(path, "it is no file");
  return {};
}

}  // namespace weir::ledger
