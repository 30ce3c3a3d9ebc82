#include "store/object_identity.hpp"
#include "store/ranged_answer.hpp"
#include "store/s3_wire.hpp"

namespace weir {
namespace s3 {
namespace {

/// Thread-safe.
class S3Origin final : public Origin {
 public:
  S3Origin(std::shared_ptr<Wire> wire, S3Location location) : wire_(std::move(wire)), location_(std::move(location)) {}

  std::string url() const override { return location_.url(); }
  bool ranges() const override { return *ranges_; }
  std::optional<SourceIdentity> lasting_identity(const ObjectInfo& object) const override {
    return store::object_identity(url(), object);
  }
  bool verifies() const override { return wire_->settings().verify_downloads; }

  std::function<void()> look(std::function<void(Result<ObjectInfo>)> done) override {
    return wire_->start(
        [location = location_, verifies = verifies()]() -> Result<WireRequest> {
          WEIR_TRY(location.check_object());
          WireRequest request = head_request(location);
          if (!verifies) request.headers.clear();  // those ask for the checksum alone
          return request;
        },
        [location = location_, done = std::move(done)](const Result<net::Response>& answer) {
          if (!answer.ok()) return done(answer.status());
          auto info = checked_object_info(location, *answer);
          done(info.ok() ? Result<ObjectInfo>(*std::move(info)) : Result<ObjectInfo>(info.status()));
        });
  }

  Running read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
               std::function<void(Status)> done) override {
    const auto answer = std::make_shared<store::RangedAnswer>(url(), object, offset, length, ranges_);
    WireRequest wanted;
    wanted.operation = "read " + url();
    wanted.bucket = location_.bucket;
    wanted.key = location_.key;
    wanted.payload_hash = net::sha256_hex("");
    wanted.headers = {{"if-match", "\"" + object.etag + "\""}};
    if (const std::string range = store::range_of(object, offset, length); !range.empty()) {
      wanted.headers.emplace_back("range", "bytes=" + range);
    }
    wanted.on_head = [answer](const net::Response& head) { return answer->check_head(head); };
    wanted.on_data = [answer, on_data = std::move(on_data)](std::span<const std::byte> data) {
      return answer->hand_on(data, on_data);
    };
    Wire::Running call =
        wire_->start_stream([wanted = std::move(wanted)] { return wanted; },
                            [answer, done = std::move(done)](const Result<net::Response>& ended) {
                              const Status status = ended.status();
                              const bool gone = status.kind() == Kind::not_found || status.error().http_status == 412;
                              done(gone ? answer->replaced() : answer->end(status));
                            });
    return {std::move(call.cancel), std::move(call.resume)};
  }

 private:
  const std::shared_ptr<Wire> wire_;
  const S3Location location_;
  const std::shared_ptr<std::atomic<bool>> ranges_ = std::make_shared<std::atomic<bool>>(true);
};

}  // namespace
}  // namespace s3

std::shared_ptr<Origin> s3_origin(std::shared_ptr<S3Client> client, S3Location location) {
  return std::make_shared<s3::S3Origin>(std::static_pointer_cast<s3::Wire>(std::move(client)), std::move(location));
}

}  // namespace weir
