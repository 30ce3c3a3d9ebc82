#include "store/s3_store.hpp"

#include "store/s3_metadata.hpp"

namespace weir::s3 {

S3Store::S3Store(std::shared_ptr<Wire> wire, std::string bucket) : wire_(std::move(wire)), bucket_(std::move(bucket)) {}

Status S3Store::check_storable(const ObjectOptions& options) const {
  WEIR_TRY(check_abilities(options, wire_->provider()));
  return object_headers(options).status();
}

Result<ObjectInfo> S3Store::head(const std::string& key) {
  WEIR_ASSIGN(const S3ObjectInfo info, wire_->head(place(key)));
  return ObjectInfo(info);
}

Result<std::vector<NotRemoved>> S3Store::remove_many(const std::vector<std::string>& keys) {
  return remove_objects(*wire_, bucket_, keys);
}

namespace {

Result<ObjectInfo> copy_from(const std::shared_ptr<Wire>& wire, const std::string& from_url, const S3Location& to,
                             const ObjectOptions& options, store::Cancellation& stop) {
  const std::string operation = "copy " + from_url + " to " + to.url();
  WEIR_TRY(to.check_object().during(operation));
  if (!from_url.starts_with("s3://")) {
    return Status(Kind::unsupported, "S3 copies from its own buckets only").during(operation);
  }
  auto from = S3Location::parse(from_url);
  if (!from) return from.status().during(operation);
  WEIR_TRY(from->check_object().during(operation));
  return copy_object(wire, *from, to, options, {wire->provider().max_copy_bytes}, &stop);
}

}  // namespace

Store::Cancel S3Store::copy(const std::string& from_url, const std::string& key, const ObjectOptions& options,
                            CopyDone done) {
  return store::in_background<ObjectInfo>(
      *Executor::default_pool(), std::move(done),
      [wire = wire_, from_url, to = place(key), options](store::Cancellation& stop) {
        return copy_from(wire, from_url, to, options, stop);
      });
}

std::shared_ptr<Origin> S3Store::origin(const std::string& key) { return s3_origin(wire_, place(key)); }

std::shared_ptr<Target> S3Store::target(const std::string& key, const ObjectOptions& options) {
  return s3_target(wire_, place(key), options);
}

}  // namespace weir::s3

namespace weir {

std::shared_ptr<Store> s3_store(std::shared_ptr<S3Client> client, std::string bucket) {
  return std::make_shared<s3::S3Store>(std::static_pointer_cast<s3::Wire>(std::move(client)), std::move(bucket));
}

}  // namespace weir
