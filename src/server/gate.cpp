#include "server/gate.hpp"

#include <algorithm>
#include <utility>

#include "server/alive.hpp"
#include "server/tus.hpp"
#include "server/websocket_handshake.hpp"

namespace weir::server {
namespace {

constexpr const char* kToldToPages =
    "Location, Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Metadata, Upload-Concat, Upload-Expires, "
    "Upload-Complete, Upload-Limit, Upload-Draft-Interop-Version, Tus-Resumable, Tus-Version, Tus-Extension, "
    "Tus-Max-Size, Tus-Checksum-Algorithm, Accept-Ranges, Content-Range, Content-Disposition, ETag, Retry-After";
constexpr const char* kMethodsOfPages = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr const char* kRemembered = "7200";  // seconds: what browsers keep at most

bool changes_nothing(const RequestHead& head) {
  return head.method == "GET" || head.method == "HEAD" || head.method == "OPTIONS";
}

AccessRequest asked_by(const Request& request, const Places& places) {
  AccessRequest asked;
  const RequestHead& head = request.head;
  const auto path = path_of(head);
  const bool of_uploads = path && places.covers(*path);
  asked.method = of_uploads && speaks_tus(head) ? tus_method_of(head) : head.method;
  asked.target = head.target;
  asked.upload = path ? places.id_in(*path).value_or("") : "";
  asked.peer = request.peer;
  for (const Field& field : head.fields) asked.fields.emplace_back(lower_case(field.name), field.value);
  return asked;
}

Access decide(const Authorize& authorize, const AccessRequest& asked) {
  try {
    return authorize(asked);
  } catch (...) {  // of the host, whose words are not for clients
    return Access::refuse(500, "who may ask for this cannot be told now");
  }
}

}  // namespace

/// Keeps the request's body in its socket until somebody has said who may, then passes all to whoever answers.
class Gate::Deciding final : public Handler, public Alive {
 public:
  Deciding(const Gate& gate, Request& request, Exchange& exchange)
      : gate_(gate), request_(request), exchange_(exchange) {}
  ~Deciding() override { end(); }
  Deciding(const Deciding&) = delete;
  Deciding& operator=(const Deciding&) = delete;

  bool ready() const override { return decided_ && (!inside_ || inside_->ready()); }
  void content(Chunk bytes) override {
    if (inside_) inside_->content(std::move(bytes));
  }
  void content_end(const ChunkedReader& trailers) override {
    if (inside_) inside_->content_end(trailers);
  }

  void decided(const Access& access, const std::string& upload_id) {
    decided_ = true;
    const auto upload = gate_.uploads_->find(upload_id);
    if (access.refused != 0) {
      Response response = text_response(std::clamp(access.refused, 400, 599), access.why);
      if (access.refused == 401) response.head.add("WWW-Authenticate", "Bearer");
      refuse(std::move(response));
    } else if (upload && !access.owner.empty() && upload->record().owner != access.owner) {
      refuse(text_response(404, "there is no such upload"));
    } else {
      request_.owner = access.owner;
      inside_ = gate_.inside_.handle(request_, exchange_);
    }
    exchange_.go_on();
  }

 private:
  void refuse(Response response) {
    response.head.add("Cache-Control", "no-store");
    exchange_.respond(std::move(response));
  }

  const Gate& gate_;
  Request& request_;
  Exchange& exchange_;
  std::unique_ptr<Handler> inside_;
  bool decided_ = false;
};

std::unique_ptr<Handler> Gate::handle(Request& request, Exchange& exchange) {
  request.owner.clear();
  if (!passes_origin(request, exchange)) return nullptr;
  if (!rules_.authorize || path_of(request.head) == "/health") return inside_.handle(request, exchange);
  auto deciding = std::make_unique<Deciding>(*this, request, exchange);
  auto asked = std::make_shared<const AccessRequest>(asked_by(request, places_));
  auto told =
      deciding->here([&who = *deciding](const Access& access, const std::string& id) { who.decided(access, id); });
  ++asking_;
  uploads_->pool().post_blocking([this, uploads = uploads_, asked, told = std::move(told)]() mutable {
    const Access access = decide(rules_.authorize, *asked);
    uploads->loop().post([this, told = std::move(told), access, asked] {
      --asking_;
      told(access, asked->upload);
    });
  });
  return deciding;
}

/// CORS, and that no page of elsewhere uses what a browser may do here: a form that a page sends has no leave to ask.
bool Gate::passes_origin(const Request& request, Exchange& exchange) const {
  const RequestHead& head = request.head;
  if (head.count("origin") == 0) return true;
  const std::string_view origin = head.one("origin").value_or("null");
  const bool asks = head.method == "OPTIONS" && head.count("access-control-request-method") > 0;
  const bool all = is_allowed_origin("*", {}, rules_.origins);
  if (!all && !is_allowed_origin(origin, {}, rules_.origins)) {
    const bool own = is_allowed_origin(origin, head.one("host").value_or(""), {});
    if (own || (changes_nothing(head) && !asks)) return true;
    exchange.respond(text_response(403, "pages of this origin may not ask here"));
    return false;
  }
  exchange.add_to_responses("Access-Control-Allow-Origin", all ? "*" : origin);
  exchange.add_to_responses("Vary", "Origin");
  if (!asks) {
    exchange.add_to_responses("Access-Control-Expose-Headers", kToldToPages);
    return true;
  }
  Response response{ResponseHead(204), {}};
  response.head.add("Access-Control-Allow-Methods", kMethodsOfPages);
  response.head.add("Access-Control-Allow-Headers", head.one("access-control-request-headers").value_or(""));
  response.head.add("Access-Control-Max-Age", kRemembered);
  exchange.respond(std::move(response));
  return false;
}

}  // namespace weir::server
