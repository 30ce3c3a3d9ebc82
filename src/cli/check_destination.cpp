// Whether a copy would be taken where it is to go, as far as that can be told without changing anything.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "progress_bar.hpp"
#include "transfer.hpp"
#include "weir/transfer/open_store.hpp"

namespace weir::cli {

namespace {

std::string parent_of(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  const std::size_t slash = end == std::string::npos ? 0 : path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Where a file of that name is made: links are followed, as the copy does.
std::string directory_of(const std::string& path) {
  char resolved[PATH_MAX];
  return parent_of(::realpath(path.c_str(), resolved) == nullptr ? path : resolved);
}

std::string words_of_errno(int error) {
  const char* const words = ::strerrordesc_np(error);
  return words == nullptr ? fmt::format("error number {}", error) : words;
}

/// The directory itself, or with `many` the next one above it that is there: what is missing is made.
std::string existing_directory(std::string path, bool many) {
  struct stat found {};
  while (many && ::stat(path.c_str(), &found) != 0 && errno == ENOENT && path != "/" && path != ".") {
    path = parent_of(path);
  }
  return path;
}

std::string path_of(const std::string& destination) {
  return destination.substr(destination.starts_with("file:///") ? 7 : destination.starts_with("file:") ? 5 : 0);
}

Status check_no_file(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return {};
  return Status(Kind::already_exists, "there is a file already")
      .during("write " + path)
      .advise("What is there stays as it is. Nothing was read.");
}

Status check_conditions(Store& store, const std::string& key, const ObjectOptions& object) {
  if (!object.no_clobber && object.if_match.empty()) return {};
  const auto there = store.head(key);
  const bool missing = there.error().kind == Kind::not_found;
  if (!there && !missing) return there.status();
  if (object.no_clobber ? missing : !missing && there->etag == object.if_match) return {};
  return Status(Kind::already_exists, object.no_clobber
                                          ? "there is an object already"
                                          : "what is there is not the object with ETag " + object.if_match)
      .advise("What is there stays as it is.");
}

Status check_store_place(const std::string& destination, bool many, const EndpointOptions& endpoint) {
  WEIR_ASSIGN(const StorePlace place, open_store(destination, endpoint));
  WEIR_TRY(place.store->check_storable(endpoint.object));
  if (!many) WEIR_TRY(place.store->check_key(place.key));
  ListOptions one;
  one.prefix = place.key;
  one.limit = 1;
  // Who may write need not be allowed to list.
  Status listed = place.store->list(one).status();
  const bool hidden = listed.kind() == Kind::access_denied && listed.error().service_code == "AccessDenied";
  if (!listed.ok() && !hidden) return listed;
  return many ? Status() : check_conditions(*place.store, place.key, endpoint.object);
}

}  // namespace

Status check_file_place(const std::string& path, bool many) {
  const auto refuse = [&](Kind kind, std::string cause) {
    return Status(kind, std::move(cause)).during("write " + path);
  };
  struct stat found {};
  const bool there = ::stat(path.c_str(), &found) == 0;
  if (many && there && !S_ISDIR(found.st_mode)) {
    return refuse(Kind::invalid_argument, "it is a file, and many need a directory").advise("Nothing was changed.");
  }
  if (!many && there && !S_ISREG(found.st_mode)) return {};  // the copy says what it is
  const std::string directory = existing_directory(many ? path : directory_of(path), many);
  if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
  const int error = errno;
  if (error == ENOENT)
    return refuse(Kind::not_found, "there is no directory " + directory).advise("Make the directory first.");
  if (error == ENOTDIR) return refuse(Kind::invalid_argument, words_of_errno(error));
  return refuse(Kind::access_denied, words_of_errno(error))
      .advise(
          fmt::format("The directory {} must be one that may be written in: a file appears there under another name "
                      "until it is whole.",
                      directory));
}

Status check_absent(const std::string& destination, const EndpointOptions& endpoint) {
  if (!endpoint.object.no_clobber) return {};
  if (end_kind(destination) == EndKind::file) return check_no_file(path_of(destination));
  if (!is_store(end_kind(destination))) return {};
  const auto place = open_store(destination, endpoint);
  if (!place || !place->store->head(place->key).ok()) return {};
  // An earlier run may have stored it just before it was killed: the upload finds that out.
  if (endpoint.upload.ledger && endpoint.upload.resume) {
    const auto jobs = endpoint.upload.ledger->jobs();
    const auto is_its = [&](const JobRecord& job) { return job.destination == place->url(); };
    if (jobs && std::any_of(jobs->begin(), jobs->end(), is_its)) return {};
  }
  return Status(Kind::already_exists, "there is an object already")
      .during("copy to " + shown_name(destination))
      .advise("What is there stays as it is. Nothing was sent.");
}

Status check_destination(const std::string& destination, bool many, const EndpointOptions& endpoint) {
  const EndKind kind = end_kind(destination);
  if (is_store(kind))
    return check_store_place(destination, many, endpoint).during("copy to " + shown_name(destination));
  if (kind != EndKind::file) return {};
  if (!many) WEIR_TRY(check_absent(destination, endpoint));
  const std::string path = path_of(destination);
  const std::string directory = parent_of(path);
  // What is missing is made, and the next one above it tells.
  if (endpoint.make_directories && !is_directory(directory)) return check_file_place(directory, true);
  return check_file_place(path, many);
}

}  // namespace weir::cli
