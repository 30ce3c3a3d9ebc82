// What Target asks, in the service's words: PUT /?pathname=, and POST /mpu with the actions create, upload, complete.
#include "store/vercel_target.hpp"

#include <algorithm>

#include "net/sigv4.hpp"
#include "net/url.hpp"
#include "store/range_body.hpp"
#include "weir/core/executor.hpp"

namespace weir::vercel {
namespace {

using store::Chain;
using store::RangeBody;

/// A client token may upload and do nothing else: then nobody can look.
bool is_refused(const Status& status) { return !status.retryable() && status.kind() == Kind::access_denied; }

Target::Cancel answer_soon(std::function<void()> answer) {
  Executor::default_pool()->post(std::move(answer));
  return [] {};
}

}  // namespace

VercelTarget::VercelTarget(std::shared_ptr<Wire> wire, std::string path, ObjectOptions options)
    : wire_(std::move(wire)), path_(std::move(path)), options_(std::move(options)) {}

Result<WireRequest> VercelTarget::write_request(const std::string& operation, const char* method,
                                                const char* place) const {
  WireRequest request;
  request.operation = operation + " " + url();
  WEIR_TRY(check_vercel_path(path_).during(request.operation));
  auto headers = write_headers(wire_->settings(), options_);
  if (!headers) return headers.status().during(request.operation);
  request.headers = *std::move(headers);
  request.method = method;
  request.url = wire_->api_url(place, {{"pathname", path_}});
  return request;
}

Result<WireRequest> VercelTarget::step_request(const std::string& operation, const std::string& id,
                                               const char* action) const {
  WEIR_ASSIGN(WireRequest request, write_request(operation, "POST", "/mpu"));
  request.headers.emplace_back("x-mpu-action", action);
  if (id.empty()) return request;
  const UploadId upload = UploadId::of(id);
  request.headers.emplace_back("x-mpu-key", net::percent_encode(upload.key));
  request.headers.emplace_back("x-mpu-upload-id", upload.id);
  return request;
}

std::optional<UploadIdentity> VercelTarget::identity() const {
  const Settings& settings = wire_->settings();
  const auto headers = write_headers(settings, options_);
  if (!check_vercel_path(path_).ok() || !headers) return {};
  std::string all;
  for (const auto& [name, value] : *headers) all += fmt::format("{}:{}:{}\n", name, value.size(), value);
  return UploadIdentity{fmt::format("vercel {} {}/{}", settings.api, settings.store, path_), net::sha256_hex(all)};
}

Target::Cancel VercelTarget::begin(Done<std::string> done) {
  auto self = shared_from_this();
  return wire_->start([self] { return self->step_request("begin an upload to", "", "create"); },
                      [self, done = std::move(done)](Result<net::Response> answer) {
                        if (!answer) return done(answer.status());
                        auto upload = parse_created(answer->body);
                        if (!upload) return done(upload.status().during("begin an upload to " + self->url()));
                        done(upload->text());
                      });
}

Target::Cancel VercelTarget::put_part(const std::string& id, Part part, Done<PartReceipt> done) {
  auto self = shared_from_this();
  PartReceipt receipt{part.number, part.offset, part.length, part.crc64nvme, {}, {}};
  const std::string operation = fmt::format("store part {} of", part.number);
  auto range = std::make_shared<std::shared_ptr<RangeBody>>();
  return wire_->start(
      [self, id, operation, range, part = std::move(part)]() -> Result<WireRequest> {
        WEIR_ASSIGN(WireRequest request, self->step_request(operation, id, "upload"));
        request.headers.emplace_back("x-mpu-part-number", std::to_string(part.number));
        WEIR_ASSIGN(request.body, store::body_of(part, *range));
        return request;
      },
      [self, operation, range, receipt = std::move(receipt),
       done = std::move(done)](Result<net::Response> answer) mutable {
        if (!answer) return done(answer.status().at(receipt.offset));
        auto etag = parse_etag(answer->body);
        if (!etag) return done(etag.status().during(operation + " " + self->url()).at(receipt.offset));
        receipt.etag = *std::move(etag);  // given back as it came
        if (*range) receipt.crc64nvme = (*range)->crc64nvme();
        done(std::move(receipt));
      });
}

Target::Cancel VercelTarget::list_parts(const std::string&, Done<std::vector<PartReceipt>> done) {
  return answer_soon([done = std::move(done), self = shared_from_this()] {
    done(Status(Kind::unsupported, "Vercel Blob does not tell which parts it has")
             .during("list the parts of an upload to " + self->url()));
  });
}

Target::Cancel VercelTarget::abort(const std::string&, Done<None> done) {
  return answer_soon([done = std::move(done)] { done(None{}); });
}

Result<Blob> VercelTarget::stored_blob(const net::Response& answer) const {
  WEIR_ASSIGN(Blob blob, parse_blob(answer.body));
  if (blob.info.key == path_) return blob;
  return Status(Kind::protocol, fmt::format("the store has put it under another name, {}", blob.info.key))
      .advise("Both that name and the one asked for may hold a blob now.");
}

Target::Cancel VercelTarget::put_whole(Part part, Done<Stored> done) {
  auto self = shared_from_this();
  Stored stored{part.length, {}, {}, part.crc64nvme};
  auto range = std::make_shared<std::shared_ptr<RangeBody>>();
  return wire_->start(
      [self, range, part = std::move(part)]() -> Result<WireRequest> {
        WEIR_ASSIGN(WireRequest request, self->write_request("store", "PUT", "/"));
        if (part.length == 0) return request;
        WEIR_ASSIGN(request.body, store::body_of(part, *range));
        return request;
      },
      [self, range, stored, done = std::move(done)](Result<net::Response> answer) mutable {
        if (!answer) return done(answer.status());
        auto blob = self->stored_blob(*answer);
        if (!blob) return done(blob.status().during("store " + self->url()));
        stored.etag = blob->info.etag;
        if (*range) stored.sent_crc64nvme = (*range)->crc64nvme();
        done(std::move(stored));
      });
}

Target::Cancel VercelTarget::inspect(Done<Stored> done) {
  auto self = shared_from_this();
  return wire_->start(
      [self]() -> Result<WireRequest> {
        WEIR_TRY(check_vercel_path(self->path_));
        return head_request(*self->wire_, self->path_);
      },
      [self, done = std::move(done)](Result<net::Response> answer) {
        if (!answer) return done(answer.status());
        const std::string operation = "look at " + self->url();
        const auto blob = parse_blob(answer->body);
        if (!blob) return done(blob.status().during(operation));
        if (blob->has_size) return done(Stored{blob->info.size, blob->info.etag, {}, {}});
        done(Status(Kind::protocol, "the store's answer has no size").with(Retry::transient).during(operation));
      });
}

Target::Cancel VercelTarget::commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole,
                                    Done<Stored> done) {
  auto self = shared_from_this();
  auto chain = std::make_shared<Chain>();
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  chain->next(
      *wire_,
      [self, id, parts = std::move(parts)]() -> Result<WireRequest> {
        WEIR_ASSIGN(WireRequest request, self->step_request("complete", id, "complete"));
        request.headers.emplace_back("content-type", "application/json");
        request.body = net::body_of(complete_body(parts));
        return request;
      },
      [self, whole, chain, done = std::move(done)](Result<net::Response> answer) {
        if (!answer) return done(answer.status());
        const auto blob = self->stored_blob(*answer);
        if (!blob) return done(blob.status().during("complete " + self->url()));
        self->prove(*blob, whole.length, chain, done);
      });
  return [chain] { chain->cancel(); };
}

/// Only a look tells how long the blob is that the parts became.
void VercelTarget::prove(const Blob& completed, std::uint64_t length, const std::shared_ptr<Chain>& chain,
                         const Done<Stored>& done) {
  auto self = shared_from_this();
  chain->next(
      *wire_, [self]() -> Result<WireRequest> { return head_request(*self->wire_, self->path_); },
      [self, etag = completed.info.etag, length, done](Result<net::Response> answer) {
        if (is_refused(answer.status())) return done(Stored{length, etag, {}, {}});
        if (!answer) return done(answer.status());
        const std::string operation = "look at " + self->url();
        const auto blob = parse_blob(answer->body);
        if (!blob) return done(blob.status().during(operation));
        if (!blob->has_size) {
          return done(
              Status(Kind::protocol, "the store's answer has no size").with(Retry::transient).during(operation));
        }
        if (blob->info.etag != etag) {
          return done(Status(Kind::already_exists, "another writer replaced the object right after it was stored")
                          .during(operation));
        }
        done(Stored{blob->info.size, etag, {}, {}});
      });
}

}  // namespace weir::vercel
