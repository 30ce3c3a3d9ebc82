#include "weir/transfer/open_store.hpp"

#include <utility>

#include "platform/platform.hpp"
#include "transfer/named.hpp"
#include "weir/store/local.hpp"

namespace weir {
namespace {

const std::vector<std::string_view> kStoreSchemes{"s3", "vercel", "file"};

Status no_store(std::string_view name) {
  const std::string_view scheme = name.substr(0, name.find(':'));
  const std::string_view meant = nearest(scheme, kStoreSchemes);
  if (scheme == "http" || scheme == "https") {
    return Status(Kind::invalid_argument, "an HTTP server is no store that can be listed")
        .during("use " + transfer::named(name))
        .advise("URLs are copied one at a time.");
  }
  return Status(Kind::invalid_argument, "it is no place in a store")
      .during("use " + transfer::named(name))
      .advise(fmt::format("{}Stores are s3://BUCKET/KEY, vercel://STORE/PATH and paths of files.",
                          meant.empty() ? "" : fmt::format("Did you mean \"{}:\"? ", meant)));
}

bool is_directory(const std::string& path) {
  struct stat found {};
  return platform::platform().stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

StorePlace local_place(const std::string& path, const EndpointOptions& options) {
  LocalOptions local;
  local.durable = options.durable;
  if (path.ends_with('/') || is_directory(path)) return {local_store(path, local), {}};
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {local_store({}, local), path};
  return {local_store(path.substr(0, slash + 1), local), path.substr(slash + 1)};
}

/// The path that a name is, or empty where it is something else.
std::string_view path_of(std::string_view name) {
  if (name.starts_with("file:///")) return name.substr(7);
  if (name.starts_with("file:")) return name.substr(5);
  const std::size_t colon = name.find(':');
  const bool scheme = colon != std::string_view::npos && name.substr(0, colon).find('/') == std::string_view::npos;
  return scheme || name == "-" ? std::string_view() : name;
}

}  // namespace

Result<StorePlace> open_store(std::string_view name, const EndpointOptions& options) {
  if (name.starts_with("s3://")) {
    WEIR_ASSIGN(S3Location location, S3Location::parse(name));
    WEIR_ASSIGN(auto client, s3_client(options));
    return StorePlace{s3_store(std::move(client), location.bucket), std::move(location.key)};
  }
  if (name.starts_with("vercel://")) {
    WEIR_ASSIGN(VercelLocation location, VercelLocation::parse(name));
    WEIR_ASSIGN(auto store, vercel_store(options.vercel, location.store));
    return StorePlace{std::move(store), std::move(location.path)};
  }
  const std::string_view path = path_of(name);
  if (path.empty()) return no_store(name);
  if (path.find('\0') != std::string_view::npos)
    return Status(Kind::invalid_argument, "the path has a zero byte in it").during("use a path");
  return local_place(std::string(path), options);
}

}  // namespace weir
