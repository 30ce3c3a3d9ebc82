#include "store/s3_store.hpp"

#include <atomic>

namespace weir::s3 {
namespace {

Abilities abilities_of() {
  Abilities abilities;
  abilities.copy = abilities.presign = abilities.metadata = abilities.headers = abilities.tags = true;
  abilities.no_clobber = abilities.if_match = abilities.checksum = abilities.removes_many = true;
  return abilities;
}

/// The smallest origin that keeps what Origin promises: one attempt, pinned to the etag.
class S3Origin : public Origin {
 public:
  S3Origin(std::shared_ptr<Wire> wire, S3Location location) : wire_(std::move(wire)), location_(std::move(location)) {}

  std::string url() const override { return location_.url(); }

  std::function<void()> look(std::function<void(Result<ObjectInfo>)> done) override {
    return wire_->start(
        [location = location_]() -> Result<WireRequest> {
          WEIR_TRY(location.check_object());
          return head_request(location);
        },
        [location = location_, done = std::move(done)](Result<net::Response> answer) {
          if (!answer) return done(answer.status());
          done(ObjectInfo(object_info(location, *answer)));
        });
  }

  Running read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
               std::function<void(Status)> done) override {
    const std::string operation = "read " + location_.url();
    WireRequest request;
    request.operation = operation;
    request.bucket = location_.bucket;
    request.key = location_.key;
    request.payload_hash = net::sha256_hex("");
    request.headers = {{"if-match", "\"" + object.etag + "\""}};
    const std::string range = fmt::format("bytes {}-{}/{}", offset, offset + length - 1, object.size);
    if (length > 0) request.headers.emplace_back("range", fmt::format("bytes={}-{}", offset, offset + length - 1));
    auto delivered = std::make_shared<std::atomic<std::uint64_t>>(0);
    request.on_head = [range, length, operation](const net::Response& head) -> Status {
      if (head.status < 200 || head.status >= 300 || length == 0) return {};
      if (head.status == 206 && head.header("content-range") == range) return {};
      return Status(Kind::protocol, "the store answered another range than the one asked for").during(operation);
    };
    request.on_data = [delivered, on_data = std::move(on_data)](std::span<const std::byte> data) {
      Status status = on_data(data);
      if (status.ok()) *delivered += data.size();
      return status;
    };
    Wire::Running running = wire_->start_stream(
        [request = std::move(request)] { return request; },
        [delivered, length, operation, done = std::move(done)](Result<net::Response> answer) {
          if (answer.error().http_status == 412) {
            return done(Status(Kind::source_changed, "the object is no longer the one that the transfer began with")
                            .during(operation));
          }
          if (answer.ok() && *delivered != length) {
            return done(Status(Kind::network, "the answer ended early").with(Retry::transient).during(operation));
          }
          done(answer.status());
        });
    return {running.cancel, running.resume};
  }

 private:
  const std::shared_ptr<Wire> wire_;
  const S3Location location_;
};

}  // namespace

S3Store::S3Store(std::shared_ptr<Wire> wire, std::string bucket)
    : wire_(std::move(wire)), bucket_(std::move(bucket)), abilities_(abilities_of()) {}

Result<ObjectInfo> S3Store::head(const std::string& key) {
  WEIR_ASSIGN(const S3ObjectInfo info, wire_->head(place(key)));
  return ObjectInfo(info);
}

Result<std::vector<NotRemoved>> S3Store::remove_many(const std::vector<std::string>& keys) {
  return remove_objects(*wire_, bucket_, keys);
}

Result<ObjectInfo> S3Store::copy(const std::string& from_url, const std::string& key, const ObjectOptions& options) {
  const std::string operation = "copy " + from_url + " to " + url(key);
  WEIR_TRY(check_key(key).during(operation));
  if (!from_url.starts_with("s3://")) {
    return Status(Kind::unsupported, "S3 copies from its own buckets only").during(operation);
  }
  auto from = S3Location::parse(from_url);
  if (!from) return from.status().during(operation);
  WEIR_TRY(from->check_object().during(operation));
  return copy_object(*wire_, *from, place(key), options);
}

std::shared_ptr<Origin> S3Store::origin(const std::string& key) {
  return std::make_shared<S3Origin>(wire_, place(key));
}

std::shared_ptr<Target> S3Store::target(const std::string& key, const ObjectOptions& options) {
  return s3_target(wire_, place(key), options);
}

}  // namespace weir::s3

namespace weir {

std::shared_ptr<Store> s3_store(std::shared_ptr<S3Client> client, std::string bucket) {
  return std::make_shared<s3::S3Store>(std::static_pointer_cast<s3::Wire>(std::move(client)), std::move(bucket));
}

}  // namespace weir
