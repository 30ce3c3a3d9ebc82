// A bucket as a Store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/s3_wire.hpp"
#include "weir/store/store.hpp"

namespace weir::s3 {

/// See s3_store(). Thread-safe.
class S3Store : public Store {
 public:
  S3Store(std::shared_ptr<Wire> wire, std::string bucket);

  const Abilities& abilities() const override { return wire_->provider().abilities; }
  std::string url(const std::string& key) const override { return place(key).url(); }
  Status check_key(const std::string& key) const override { return place(key).check_object(); }
  Status check_storable(const ObjectOptions& options) const override;
  Result<Listing> list(const ListOptions& options) override { return wire_->list(bucket_, options); }
  Result<ObjectInfo> head(const std::string& key) override;
  Status remove(const std::string& key) override { return wire_->remove(place(key)); }
  Result<std::vector<NotRemoved>> remove_many(const std::vector<std::string>& keys) override;
  Result<OpenUploads> open_uploads(const std::string& prefix, const std::string& token) override;
  Status abort_upload(const OpenUpload& upload) override;
  using Store::copy;
  Cancel copy(const std::string& from_url, const std::string& key, const ObjectOptions& options,
              CopyDone done) override;
  Result<std::string> presign(const std::string& method, const std::string& key, std::chrono::seconds valid) override {
    return wire_->presign(method, place(key), valid);
  }
  std::shared_ptr<Origin> origin(const std::string& key) override;
  std::shared_ptr<Target> target(const std::string& key, const ObjectOptions& options) override;

 private:
  S3Location place(const std::string& key) const { return {bucket_, key}; }

  const std::shared_ptr<Wire> wire_;
  const std::string bucket_;
};

/// Removes objects of one bucket, up to 1,000 a request (API reference, DeleteObjects). Gives those that are still
/// there; a Status says that nothing is known of the rest.
Result<std::vector<NotRemoved>> remove_objects(Wire& wire, const std::string& bucket,
                                               const std::vector<std::string>& keys);

struct CopyLimits {
  std::uint64_t single_bytes = 0;         ///< larger objects are copied in parts
  std::uint64_t part_bytes = 512 * kMiB;  ///< of these, unless they would be too many
};
/// Copies one object inside the service, pinned to what it is when it is first looked at. Waits. Cancelled, it removes
/// what it has begun, for which it still makes requests.
Result<ObjectInfo> copy_object(const std::shared_ptr<Wire>& wire, const S3Location& from, const S3Location& to,
                               const ObjectOptions& options, const CopyLimits& limits,
                               store::Cancellation* stop = nullptr);

}  // namespace weir::s3
