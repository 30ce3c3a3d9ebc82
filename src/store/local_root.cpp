#include "store/local_root.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "store/local_file.hpp"

namespace weir::store {
namespace {

using platform::Fd;
using platform::Missing;
using platform::PinnedName;

constexpr std::size_t kMaxSegmentBytes = 255;  // NAME_MAX
constexpr std::size_t kMaxPathBytes = 4000;    // PATH_MAX, but for the root's own and what temporary names add

Status check_segment(std::string_view segment) {
  if (segment.empty())
    return Status(Kind::invalid_argument, "it begins or ends with '/' or has \"//\" in it, as no file's name does");
  if (segment == "." || segment == "..")
    return Status(Kind::invalid_argument, fmt::format("\"{}\" in it would lead elsewhere", segment));
  if (segment.size() <= kMaxSegmentBytes) return {};
  return Status(Kind::limit,
                fmt::format("a name in it has {} bytes, a file's has at most {}", segment.size(), kMaxSegmentBytes));
}

}  // namespace

Status make_directories(const std::string& path) {
  std::shared_ptr<Fd> place;
  WEIR_ASSIGN(place, platform::open_place(path.starts_with('/') ? "/" : ".", path));
  std::string below = path;
  below.erase(0, below.find_first_not_of('/'));
  for (std::size_t at = 0; at < below.size();) {
    const std::size_t end = std::min(below.find('/', at), below.size());
    const std::string segment = below.substr(at, end - at);
    at = end + 1;
    if (segment.empty()) continue;
    // Links in the path that was typed are the user's own, as everywhere.
    const std::string next = PinnedName{place, segment}.path();
    auto opened = platform::open_place(next, path);
    if (!opened && opened.status().kind() == Kind::not_found) {
      WEIR_TRY(platform::open_below(place, segment, Missing::is_made_and_synced, path).status());
      opened = platform::open_place(next, path);
    }
    if (!opened) return opened.status();
    place = *opened;
  }
  return {};
}

Status check_local_key(const std::string& key) {
  const auto refuse = [](Status status) { return std::move(status).advise("Choose another name for it."); };
  if (key.empty()) return refuse(Status(Kind::invalid_argument, "the name is empty"));
  if (key.find('\0') != std::string::npos)
    return refuse(Status(Kind::invalid_argument, "the name has a zero byte in it"));
  if (key.size() > kMaxPathBytes)
    return refuse(
        Status(Kind::limit, fmt::format("the name has {} bytes, a path has at most {}", key.size(), kMaxPathBytes)));
  for (std::size_t at = 0; at <= key.size();) {
    const std::size_t end = std::min(key.find('/', at), key.size());
    if (Status status = check_segment(std::string_view(key).substr(at, end - at)); !status.ok()) return refuse(status);
    at = end + 1;
  }
  return {};
}

Result<ObjectInfo> local_object_info(const std::string& key, const std::string& url, const struct stat& found) {
  if (S_ISDIR(found.st_mode)) return Status(Kind::not_found, "it is a directory").during("look at " + url);
  if (!S_ISREG(found.st_mode)) {
    return Status(Kind::invalid_argument, S_ISLNK(found.st_mode)
                                              ? "it is a symbolic link, and none is followed inside a directory"
                                              : "it is a device, pipe or socket and not a file")
        .during("look at " + url);
  }
  ObjectInfo info;
  info.key = key;
  info.size = static_cast<std::uint64_t>(found.st_size);
  info.etag = local_etag(found);
  info.modified_unix = found.st_mtim.tv_sec;
  return info;
}

LocalRoot::LocalRoot(std::string path) : path_(std::move(path)) {}

std::string LocalRoot::url(const std::string& key) const {
  if (!path_.empty()) return path_ + (path_.ends_with('/') ? "" : "/") + key;
  // As open_source() reads it: what has a colon in front of the first '/' would be taken for a scheme.
  return key.find(':') < key.find('/') || key == "-" ? "./" + key : key;
}

Result<std::shared_ptr<Fd>> LocalRoot::place(Missing missing) const {
  std::lock_guard lock(mutex_);
  if (place_) return place_;
  const std::string path = path_.empty() ? "." : path_;
  auto opened = platform::open_place(path, path);
  if (!opened && opened.status().kind() == Kind::not_found && missing != Missing::fails) {
    WEIR_TRY(make_directories(path));
    opened = platform::open_place(path, path);
  }
  if (!opened) return opened;
  place_ = *opened;
  return place_;
}

Result<std::shared_ptr<Fd>> LocalRoot::directory(std::string_view below, Missing missing) const {
  WEIR_ASSIGN(const auto root, place(missing));
  return platform::open_below(root, below, missing, url(std::string(below)));
}

Result<PinnedName> LocalRoot::pin(const std::string& key, Missing missing) const {
  WEIR_TRY(check_local_key(key).during("use " + url(key)));
  const std::size_t slash = key.rfind('/');
  if (slash == std::string::npos) {
    WEIR_ASSIGN(auto root, place(missing));
    return PinnedName{std::move(root), key};
  }
  WEIR_ASSIGN(auto parent, directory(std::string_view(key).substr(0, slash), missing));
  return PinnedName{std::move(parent), key.substr(slash + 1)};
}

Result<ObjectInfo> LocalRoot::look(const std::string& key) const {
  WEIR_ASSIGN(const PinnedName name, pin(key, Missing::fails));
  WEIR_ASSIGN(const struct stat found, platform::stat_of(name, url(key)));
  return local_object_info(key, url(key), found);
}

Result<LocalObject> LocalRoot::open(const std::string& key) const {
  WEIR_ASSIGN(const PinnedName name, pin(key, Missing::fails));
  // O_NONBLOCK: a pipe that stands there does not make us wait.
  auto opened = platform::open_file(name.path(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (!opened) {
    // What it is that cannot be opened says more than ELOOP.
    WEIR_TRY(look(key).status());
    return Status(opened.status().kind(), opened.error().cause).during("read " + url(key));
  }
  WEIR_ASSIGN(const struct stat found, platform::stat_of(opened->get(), url(key)));
  LocalObject object;
  WEIR_ASSIGN(object.info, local_object_info(key, url(key), found));
  object.file =
      std::make_shared<stages::FileReplay>(std::move(opened).value(), url(key), stages::FileIdentity::of(found));
  return object;
}

bool LocalRoot::folds_case() const {
  std::string path = path_.empty() ? "." : path_;
  for (;;) {
    const auto opened = platform::open_file(path, O_RDONLY | O_DIRECTORY);
    if (opened) return platform::platform().folds_case(opened->get());
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    const std::size_t slash = path.rfind('/');
    if (opened.status().kind() != Kind::not_found || path == "." || path == "/") return false;
    path = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  }
}

Status LocalRoot::remove(const std::string& key) const {
  const auto name = pin(key, Missing::fails);
  // Where a segment is missing or no directory, there is nothing of that name.
  if (!name) {
    const bool nothing = name.status().kind() == Kind::not_found;
    return nothing ? Status() : name.status();
  }
  if (platform::platform().unlink(name->path().c_str()) == 0 || errno == ENOENT) return {};
  return platform::errno_status(errno, "remove " + url(key));
}

}  // namespace weir::store
