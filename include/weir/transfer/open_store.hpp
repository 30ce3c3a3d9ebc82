// Stores by name, as people type them: s3://bucket/key · vercel://store/path · PATH · file:PATH
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/store/store.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir {

/// A place in a store: an object, what a listing begins with, or with an empty key all of it.
struct StorePlace {
  std::shared_ptr<Store> store;
  std::string key;
  std::string url() const { return store->url(key); }
};

/// The store that a name is in, and the key behind it. A local directory, and a path that ends in '/', is a store by
/// itself; of another path the store is its directory. Errors: invalid_argument for a name that is none of a store
/// ("-", "gen:1MiB"), and those of making the store. Sends nothing; of the local disk it asks what is a directory.
Result<StorePlace> open_store(std::string_view name, const EndpointOptions& options = {});

}  // namespace weir
