#include "store/vercel_origin.hpp"

#include "net/text.hpp"
#include "net/url.hpp"
#include "store/ranged_answer.hpp"
#include "store/vercel_json.hpp"
#include "weir/core/executor.hpp"

namespace weir::vercel {
namespace {

constexpr const char* kPrivateHosts = ".private.blob.vercel-storage.com";

/// Whether the token may go there: to the service's own private hosts, and to where the API itself is.
bool takes_token(const Settings& settings, const net::UrlParts& url) {
  if (url.scheme + "://" + url.authority() == settings.origin) return true;
  return url.scheme == "https" && url.port.empty() && net::lower(url.host).ends_with(kPrivateHosts);
}

}  // namespace

std::function<void()> VercelOrigin::look(std::function<void(Result<ObjectInfo>)> done) {
  auto self = shared_from_this();
  return wire_->start(
      [self]() -> Result<WireRequest> {
        WEIR_TRY(check_vercel_path(self->path_));
        return head_request(*self->wire_, self->path_);
      },
      [self, done = std::move(done)](Result<net::Response> answer) {
        if (!answer) return done(answer.status());
        auto blob = parse_blob(answer->body);
        if (!blob) return done(blob.status().during("look at " + self->url()));
        if (!blob->has_size || blob->url.empty()) {
          return done(Status(Kind::protocol, "the store's answer has no size or no url")
                          .with(Retry::transient)
                          .during("look at " + self->url()));
        }
        {
          std::lock_guard lock(self->mutex_);
          self->blob_url_ = blob->url;
        }
        done(std::move(blob->info));
      });
}

Result<WireRequest> VercelOrigin::read_request() {
  WireRequest request;
  request.operation = "read " + url();
  request.to_api = false;
  {
    std::lock_guard lock(mutex_);
    request.url = blob_url_;
  }
  if (request.url.empty()) {
    return Status(Kind::invalid_argument, "it was not looked at, which tells where its bytes are")
        .during(request.operation);
  }
  auto parts = net::split_url(request.url);
  if (!parts) return Status(Kind::protocol, "the store's answer has no usable url").during(request.operation);
  if (takes_token(wire_->settings(), *parts)) {
    request.headers.emplace_back("authorization", "Bearer " + wire_->settings().token);
    // Past the cache, which may still have the blob before this one; public ones are always cached.
    parts->query += parts->query.empty() ? "cache=0" : "&cache=0";
    request.url = net::compose_url(*parts);
  }
  return request;
}

Origin::Running VercelOrigin::read(const ObjectInfo& object, std::uint64_t offset, std::uint64_t length, OnData on_data,
                                   std::function<void(Status)> done) {
  if (length == 0) {
    Executor::default_pool()->post([done = std::move(done)] { done({}); });
    return {[] {}, [] {}};
  }
  const auto ranged = std::make_shared<store::RangedAnswer>(url(), object, offset, length, ranges_);
  store::Running running = wire_->start_stream(
      [self = shared_from_this(), ranged, etag = object.etag, range = store::range_of(object, offset, length),
       on_data = std::move(on_data)]() -> Result<WireRequest> {
        WEIR_ASSIGN(WireRequest request, self->read_request());
        request.headers.emplace_back("if-match", "\"" + etag + "\"");
        if (!range.empty()) request.headers.emplace_back("range", "bytes=" + range);
        request.on_head = [ranged](const net::Response& head) { return ranged->check_head(head); };
        request.on_data = [ranged, on_data](std::span<const std::byte> bytes) {
          return ranged->hand_on(bytes, on_data);
        };
        return request;
      },
      [ranged, done = std::move(done)](const Result<net::Response>& answer) {
        const Status ended = answer.status();
        const bool gone = ended.kind() == Kind::not_found || ended.error().http_status == 412;
        Status status = gone ? ranged->replaced() : ranged->end(ended);
        if (status.kind() == Kind::source_changed) {
          status.add_advice("The cache before a public store may answer with the blob before for up to a minute.");
        }
        done(std::move(status));
      });
  return {running.cancel, running.resume};
}

}  // namespace weir::vercel
