#include "transfer/copy_places.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "platform/platform.hpp"
#include "store/local_file.hpp"
#include "store/local_store.hpp"
#include "weir/store/local.hpp"

namespace weir::transfer {
namespace {

/// "s3" of "s3://bucket/key"; empty where a path is meant.
std::string scheme_of(const std::string& name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string::npos || name.find('/') < colon || name.starts_with("file:")) return {};
  return name.substr(0, colon);
}

/// The last part of a path that has a name: "b" of "a/b"; empty for "a/b/", ".", ".." and "/".
std::string name_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return name == "." || name == ".." ? std::string() : name;
}

std::string path_of(const std::string& name) {
  if (name.starts_with("file:///")) return name.substr(7);
  return name.starts_with("file:") ? name.substr(5) : name;
}

/// With links resolved as far as the path is there.
std::string real_path(std::string path) {
  if (!path.starts_with('/')) path = "./" + path;
  std::string missing;
  for (;;) {
    char* const resolved = platform::platform().realpath(path.c_str());
    if (resolved != nullptr) {
      const std::string found = resolved;
      std::free(resolved);
      return found + (found.ends_with('/') || missing.empty() ? "" : "/") + missing;
    }
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return path + missing;
    missing = path.substr(slash + 1) + (missing.empty() ? "" : "/") + missing;
    path.resize(slash);
  }
}

/// Splits a pattern: base "logs/" and glob "*.gz" of "logs/*.gz".
void set_pattern(const std::string& pattern, bool recursive, CopySource& source) {
  const std::size_t first = pattern.find_first_of("*?[");
  const std::size_t slash = pattern.rfind('/', first);
  source.base = slash == std::string::npos ? std::string() : pattern.substr(0, slash + 1);
  const std::string rest = pattern.substr(source.base.size());
  source.glob.emplace(rest);
  source.pattern = rest;
  source.begins = source.base + rest.substr(0, rest.find_first_of("*?[\\"));
  source.beginnings = recursive;
  source.deep = recursive || rest.find("**") != std::string::npos;
  source.tree = true;
}

Status not_there(const std::string& name) {
  return Status(Kind::not_found, "there is nothing of that name").during("copy " + name);
}

}  // namespace

CopyEnd CopyEnd::of(std::shared_ptr<Store> store) {
  CopyEnd end;
  end.local = dynamic_cast<store::LocalStore*>(store.get());
  if (end.local != nullptr) {
    end.directory = real_path(store->url(""));
  } else {
    end.scheme = scheme_of(store->url(""));
  }
  end.store = std::move(store);
  return end;
}

CopyPlaces::CopyPlaces(const CopyOptions& options) : options_(options), endpoint_(options.endpoint) {}

Result<StorePlace> CopyPlaces::open(const std::string& name) {
  if (name.starts_with("s3://") && !endpoint_.client) {
    WEIR_ASSIGN(endpoint_.client, s3_client(endpoint_));
  }
  return open_store(name, endpoint_);
}

Result<CopySource> CopyPlaces::local_source(const std::string& name, const std::string& path) {
  CopySource source;
  source.name = name;
  struct stat found {};
  const bool there = platform::platform().stat(path.c_str(), &found) == 0;
  WEIR_ASSIGN(StorePlace place, open(name));  // a name of another kind is refused
  if (!there && options_.globs && Glob::is_pattern(path)) {
    set_pattern(path, options_.recursive, source);
    const std::string root = std::exchange(source.base, {});
    source.begins.erase(0, root.size());
    LocalOptions local;
    local.durable = endpoint_.durable;
    source.from = CopyEnd::of(local_store(root, local));
    return source;
  }
  if (!there) return not_there(name);
  source.from = CopyEnd::of(std::move(place.store));
  source.single = place.key;
  if (S_ISREG(found.st_mode)) {
    ObjectInfo info;
    info.size = static_cast<std::uint64_t>(found.st_size);
    info.etag = store::local_etag(found);
    info.modified_unix = found.st_mtim.tv_sec;
    source.single_seen = CopyThere::Seen::of(info);
  }
  if (!S_ISDIR(found.st_mode)) return source;
  if (!options_.recursive) {
    return Status(Kind::invalid_argument, "it is a directory")
        .during("copy " + name)
        .advise("With -r (recursive) all that lies below it is copied.");
  }
  source.tree = source.deep = true;
  if (const std::string last = name_of(path); !last.empty()) source.into = last + "/";
  return source;
}

Result<CopySource> CopyPlaces::store_source(const std::string& name) {
  CopySource source;
  source.name = name;
  WEIR_ASSIGN(StorePlace place, open(name));
  source.from = CopyEnd::of(place.store);
  const bool pattern = options_.globs && Glob::is_pattern(place.key);
  const bool folder = place.key.empty() || place.key.ends_with('/');
  if (!folder && (pattern || options_.recursive)) {
    // Both readings are possible: an object of that very name, and what the name stands for.
    const auto found = place.store->head(place.key);
    if (!found && found.status().kind() != Kind::not_found) return found.status();
    if (found) {
      source.single = place.key;
      source.single_seen = CopyThere::Seen::of(*found);
    }
    if (found && pattern) return source;
  } else if (!folder) {
    source.single = place.key;
    // For the total; what is wrong with it is told by the copy.
    if (const auto found = place.store->head(place.key)) source.single_seen = CopyThere::Seen::of(*found);
    return source;
  }
  if (pattern) {
    set_pattern(place.key, options_.recursive, source);
    return source;
  }
  if (!options_.recursive) {
    return Status(Kind::invalid_argument, "it is a folder, and no object")
        .during("copy " + name)
        .advise("With -r (recursive) all that lies below it is copied.");
  }
  source.tree = source.deep = true;
  source.base = source.begins = folder ? place.key : place.key + "/";
  if (const std::string last = name_of(place.key); !last.empty()) source.into = last + "/";
  return source;
}

Result<CopySource> CopyPlaces::source(const std::string& name) {
  return scheme_of(name).empty() && name != "-" ? local_source(name, path_of(name)) : store_source(name);
}

Result<CopyDestination> CopyPlaces::destination(const std::string& name, bool one) {
  CopyDestination destination;
  const bool local = scheme_of(name).empty();
  const std::string as_place = one || name.ends_with('/') || !local || name == "-" ? name : name + "/";
  WEIR_ASSIGN(StorePlace place, open(as_place));
  destination.to = CopyEnd::of(std::move(place.store));
  destination.base = std::move(place.key);
  const bool folder = destination.base.empty() || destination.base.ends_with('/');
  destination.exact = one && !folder;
  if (!one && !folder) destination.base += '/';
  return destination;
}

namespace {

/// The first `count` parts of a name.
std::string first_parts(const std::string& name, std::size_t count) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < count && end != std::string::npos; ++i) end = name.find('/', end == 0 ? 0 : end + 1);
  return name.substr(0, end);
}

/// Whether what is put below `inside` (relative to the source's base) may match the source's pattern in its turn.
bool may_match(const CopySource& source, std::string inside) {
  while (inside.ends_with('/')) inside.pop_back();
  if (!source.glob || inside.empty() || source.pattern.find("**") != std::string::npos) return true;
  const auto parts = [](const std::string& name) { return std::count(name.begin(), name.end(), '/') + 1; };
  const auto common = static_cast<std::size_t>(std::min(parts(source.pattern), parts(inside)));
  return Glob(first_parts(source.pattern, common)).matches(first_parts(inside, common));
}

}  // namespace

Status check_apart(const CopySource& source, const CopyDestination& destination) {
  if (!source.deep || source.from.scheme != destination.to.scheme) return {};
  std::string from = source.base;
  std::string to = destination.base + source.into;
  if (source.from.local != nullptr) {
    const auto below = [](const CopyEnd& end, const std::string& key) {
      return end.directory + (end.directory.ends_with('/') ? "" : "/") + key;
    };
    from = below(source.from, source.base);
    to = below(destination.to, to);
  } else if (source.from.store->url("") != destination.to.store->url("")) {
    return {};
  }
  if (!from.empty() && from.back() != '/') from += '/';
  if (!to.ends_with('/')) to += '/';
  if (!to.starts_with(from) || !may_match(source, to.substr(from.size()))) return {};
  return Status(Kind::invalid_argument, "the destination lies in the source, so it would never end")
      .during(fmt::format("copy {} to {}", source.name, destination.to.store->url(destination.base)))
      .advise("Nothing was changed.");
}

}  // namespace weir::transfer
