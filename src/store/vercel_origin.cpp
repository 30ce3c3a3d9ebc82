#include "store/vercel_origin.hpp"

#include "net/text.hpp"
#include "net/url.hpp"
#include "store/range_check.hpp"
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
  const auto check = std::make_shared<store::RangeCheck>(object, offset, length, "read " + url());
  store::Running running = wire_->start_stream(
      [self = shared_from_this(), check, on_data = std::move(on_data)]() -> Result<WireRequest> {
        WEIR_ASSIGN(WireRequest request, self->read_request());
        for (auto& header : check->headers()) request.headers.push_back(std::move(header));
        request.on_head = [check](const net::Response& head) { return check->head(head); };
        request.on_data = [check, on_data](std::span<const std::byte> bytes) { return check->data(bytes, on_data); };
        return request;
      },
      [check, done = std::move(done)](Result<net::Response> answer) {
        Status status = check->end(answer.status());
        if (status.kind() == Kind::source_changed) {
          status.add_advice("The cache before a public store may answer with the blob before for up to a minute.");
        }
        done(std::move(status));
      });
  return {running.cancel, running.resume};
}

}  // namespace weir::vercel
