// Store: a place that holds objects under keys. What commands and copies of many objects need of every store.
//
// A store is made of its wire alone: what it can do is declared, and what it cannot is refused by name. Operations of
// Store retry what may work again, and report errors in the store's own words. They wait, but for copy(), which may
// take hours. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/store/object.hpp"
#include "weir/store/origin.hpp"
#include "weir/store/target.hpp"

namespace weir {

/// What a store can do beyond put, get, head, list and remove.
struct Abilities {
  bool copy = false;  ///< copy() inside the store, without the bytes passing through here
  bool presign = false;
  bool metadata = false;      ///< ObjectOptions::metadata
  bool headers = false;       ///< content type, cache control, disposition, encoding
  bool content_type = false;  ///< where `headers` is false: this one of them
  bool tags = false;
  bool no_clobber = false;  ///< refused by the store itself, also against a race
  bool if_match = false;
  bool checksum = false;  ///< a CRC64NVME of the whole object
  bool removes_many = false;
  std::uint64_t max_key_bytes = 1024;  ///< so long a key fits whatever its form; of a longer one check_key() tells
};

/// An object that could not be removed, and why.
struct NotRemoved {
  std::string key;
  Status status;
};

/// One page of unfinished uploads.
struct OpenUploads {
  std::vector<OpenUpload> uploads;
  std::string next_token;  ///< empty: that was the last
  /// The store tells all only where the prefix is the key of an object (MinIO): there may be others.
  bool exact_key_only = false;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual const Abilities& abilities() const = 0;
  /// "s3://bucket/key", "vercel://store/path", "dir/file": what open_source() would take. No secrets.
  virtual std::string url(const std::string& key) const = 0;
  /// invalid_argument or limit for a key that this store cannot hold exactly as it stands. Sends nothing.
  virtual Status check_key(const std::string& key) const = 0;
  /// What no object of this store can be stored with: the error that target() would meet for each. Sends nothing.
  virtual Status check_storable(const ObjectOptions&) const { return {}; }

  /// One page. A store that answers with the same token again is a protocol error, not an endless loop.
  virtual Result<Listing> list(const ListOptions& options) = 0;
  virtual Result<ObjectInfo> head(const std::string& key) = 0;
  /// ok also where there was nothing.
  virtual Status remove(const std::string& key) = 0;
  /// In as few requests as the store allows; gives those that are still there. A Status: nothing is known.
  virtual Result<std::vector<NotRemoved>> remove_many(const std::vector<std::string>& keys) = 0;
  /// Uploads to keys that begin with `prefix`, whoever began them; others may be at work on them. unsupported where the
  /// store has no such list.
  virtual Result<OpenUploads> open_uploads(const std::string& prefix, const std::string& token);
  /// Removes it with its parts. ok also where it is gone. unsupported as above.
  virtual Status abort_upload(const OpenUpload& upload);
  /// As Target::Done and Target::Cancel: `done` comes once, on any thread, never inside the call itself; cancelled, a
  /// copy ends soon with Kind::cancelled.
  using CopyDone = std::function<void(Result<ObjectInfo>)>;
  using Cancel = std::function<void()>;
  /// Copies inside the store. `from_url` may be an object of another bucket of the same service: its url().
  /// unsupported without Abilities::copy, or where the store cannot copy this object, or not from there. A copy that
  /// fails or is cancelled leaves nothing begun behind; an error's advice tells where that could not be done, and where
  /// nobody knows whether the copy was made all the same. The store may go before it has ended.
  virtual Cancel copy(const std::string& from_url, const std::string& key, const ObjectOptions& options,
                      CopyDone done) = 0;
  /// As above, and waits.
  Result<ObjectInfo> copy(const std::string& from_url, const std::string& key, const ObjectOptions& options);
  /// A URL that lets anyone do `method` ("GET", "PUT") for that long.
  virtual Result<std::string> presign(const std::string& method, const std::string& key,
                                      std::chrono::seconds valid) = 0;

  virtual std::shared_ptr<Origin> origin(const std::string& key) = 0;
  virtual std::shared_ptr<Target> target(const std::string& key, const ObjectOptions& options) = 0;
};

}  // namespace weir
