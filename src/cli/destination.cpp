#include <fmt/format.h>
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "progress_bar.hpp"
#include "transfer.hpp"
#include "weir/store/http.hpp"

namespace weir::cli {

namespace {

/// Where the bucket or store begins in "s3://bucket/key" and "vercel://store/path".
std::size_t store_begins(const std::string& name) { return name.find("://") + 3; }

std::string local_path(const std::string& name) { return name.starts_with("file:") ? name.substr(5) : name; }

/// "big.csv" of "dir/big.csv", of "s3://bucket/dir/big.csv" and of "https://host/big.csv?x"; empty where there is none.
std::string last_name(const std::string& source) {
  std::string path = end_kind(source) == EndKind::file ? local_path(source) : source;
  if (end_kind(source) == EndKind::http) path = shown_name(source);
  if (is_store(end_kind(source)) || end_kind(source) == EndKind::http) {
    const auto slash = path.find('/', store_begins(path));
    path = slash == std::string::npos ? std::string() : path.substr(slash + 1);
  } else if (end_kind(source) != EndKind::file) {
    return {};
  }
  return path.substr(path.find_last_of('/') + 1);
}

/// Ends as a place for many: "dir/", "s3://bucket", "s3://bucket/prefix/", or an existing directory.
bool is_container(const std::string& destination) {
  switch (end_kind(destination)) {
    case EndKind::file:
      return destination.ends_with('/') || is_directory(local_path(destination));
    case EndKind::s3:
    case EndKind::vercel: {
      const std::size_t begins = store_begins(destination);
      if (destination.size() == begins || destination[begins] == '/') return false;  // no bucket: not ours to say
      return destination.ends_with('/') || destination.find('/', begins) == std::string::npos;
    }
    case EndKind::http:
      return destination.ends_with('/') && destination.find_first_of("?#") == std::string::npos &&
             destination.find('/', store_begins(destination)) != std::string::npos;
    default:
      return false;
  }
}

/// As it stands in a URL: bytes beyond those that RFC 3986 leaves alone become %XX. What comes out of one is encoded.
std::string url_name(const std::string& name, EndKind from) {
  if (from == EndKind::http) return name;
  constexpr std::string_view kAsIs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  for (const char c : name) {
    encoded += kAsIs.find(c) != std::string_view::npos ? std::string(1, c)
                                                       : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

/// True where both are the same regular file; what is not there is not the same.
bool same_file(const std::string& source, const std::string& destination) {
  const auto look = [](const std::string& name, int standard_fd, struct stat& info) {
    if (end_kind(name) == EndKind::standard) return ::fstat(standard_fd, &info) == 0;
    return end_kind(name) == EndKind::file && ::stat(local_path(name).c_str(), &info) == 0;
  };
  struct stat from {};
  struct stat to {};
  if (!look(source, 0, from) || !look(destination, 1, to)) return false;
  return S_ISREG(from.st_mode) && from.st_dev == to.st_dev && from.st_ino == to.st_ino;
}

}  // namespace

bool is_directory(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool is_new_directory(const std::string& destination) {
  return end_kind(destination) == EndKind::file && destination.ends_with('/');
}

Result<std::string> resolve_destination(const std::string& source, const std::string& destination) {
  std::string resolved = destination;
  const auto refuse = [&](const std::string& cause, const std::string& advice) {
    return Status(Kind::invalid_argument, cause)
        .during(fmt::format("copy {} to {}", shown_name(source), shown_name(resolved)))
        .advise(advice);
  };
  if (is_container(destination)) {
    const std::string name = last_name(source);
    if (is_store(end_kind(source)) && source.ends_with('/')) {
      return refuse("the source is a folder, and no object", "With -r (recursive) all that lies below it is copied.");
    }
    if (name.empty() || name == "." || name == "..") {
      return refuse("the destination is a directory, and the source has no name to go under",
                    "Name the file or object in full.");
    }
    if (!resolved.ends_with('/')) resolved += '/';
    resolved += end_kind(destination) == EndKind::http ? url_name(name, end_kind(source)) : name;
  }
  const EndKind kind = end_kind(source);
  const bool same_object = (is_store(kind) || kind == EndKind::http) && source == resolved;
  if (same_object || same_file(source, resolved)) {
    return refuse("both are the same " + std::string(same_object ? "object" : "file"), "Nothing was changed.");
  }
  return resolved;
}

}  // namespace weir::cli
