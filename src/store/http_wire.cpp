#include "store/http_wire.hpp"

#include <algorithm>
#include <utility>

#include "net/text.hpp"
#include "store/refusal.hpp"
#include "store/s3_error.hpp"
#include "store/s3_xml.hpp"

namespace weir::http {
namespace {

constexpr std::size_t kErrorBytes = 64 * 1024;  // of a refusal's body
constexpr std::size_t kShownBytes = 200;        // of those that are shown

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool reads(const WireRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

/// That the place an earlier request was sent on to is no more: signed URLs expire.
bool may_have_moved(int status) {
  return status == 400 || status == 401 || status == 403 || status == 404 || status == 410;
}

/// What a refusal's body says for people, in one line; a page of markup says nothing.
std::string words_of(const net::Response& answer, const Scrubber& scrubber) {
  const std::string type = net::lower(answer.header("content-type"));
  if (!type.starts_with("text/plain") && !type.starts_with("application/json") &&
      !type.starts_with("application/problem+json")) {
    return {};
  }
  std::string words = scrubber.clean(answer.body.substr(0, answer.body.find_last_not_of(" \r\n\t") + 1));
  if (words.size() > kShownBytes) words = words.substr(0, kShownBytes) + "…";
  return store::printable(std::move(words));
}

}  // namespace

Result<std::shared_ptr<Wire>> Wire::make(std::string_view url, const HttpOptions& options) {
  WEIR_ASSIGN(Place place, parse_place(url));
  if (!options.user.empty()) place.authorization = basic_authorization(options.user, options.password);
  auto client = options.client ? options.client : http_client(options);
  return std::shared_ptr<Wire>(new Wire(std::move(place), options, std::move(client)));
}

Wire::Wire(Place place, const HttpOptions& options, std::shared_ptr<HttpClient> client)
    : place_(std::move(place)), options_(options), client_(std::move(client)) {
  scrubber_.add_query(place_.parts.query);
  scrubber_.add(options_.password);
  scrubber_.add(place_.authorization);
  if (!place_.authorization.empty()) scrubber_.add(std::string_view(place_.authorization).substr(6));
  for (const auto& [name, value] : options_.headers) scrubber_.add(value);
}

store::Running Wire::start_stream(Prepare prepare, Done done) {
  return store::take_off(
      [self = shared_from_this(), prepare = std::move(prepare)](const Flight& flight) {
        auto request = prepare();
        if (!request) return flight->end(request.status());
        const auto journey = std::make_shared<Journey>();
        journey->request = *std::move(request);
        self->set_out(flight, journey, true);
      },
      std::move(done));
}

void Wire::set_out(const Flight& flight, const std::shared_ptr<Journey>& journey, bool may_shortcut) {
  journey->at = place_.parts;
  journey->seen.clear();
  journey->shortcut = false;
  if (may_shortcut && reads(journey->request)) {
    const std::lock_guard lock(mutex_);
    journey->shortcut = landed_.has_value();
    if (landed_) journey->at = *landed_;
  }
  hop(flight, journey);
}

void Wire::hop(const Flight& flight, const std::shared_ptr<Journey>& journey) {
  journey->seen.insert(net::compose_url(journey->at));
  // The names of hosts are judged when they are connected to.
  if (Status refused = check_reach(journey->at, journey->at.host); !refused.ok()) {
    return flight->end(refused.during(journey->request.operation));
  }
  // Each server on the way has a rate of its own.
  const store::Pacing::Turn turn = client_->pacing.next(journey->at.scheme + "://" + journey->at.authority());
  client_->pacing.when_due(flight, turn,
                           [self = shared_from_this(), flight, journey, turn] { self->leave(flight, journey, turn); });
}

void Wire::leave(const Flight& flight, const std::shared_ptr<Journey>& journey, const store::Pacing::Turn& turn) {
  flight->send_then(*client_->http, composed(journey),
                    [self = shared_from_this(), flight, journey, turn](Result<net::Response> answer) {
                      self->arrived(flight, journey, turn, std::move(answer));
                    });
}

net::Request Wire::composed(const std::shared_ptr<Journey>& journey) {
  const WireRequest& request = journey->request;
  net::Request http;
  http.method = request.method;
  http.url = net::compose_url(journey->at);
  if (net::same_origin(journey->at, place_.parts)) {
    http.headers = options_.headers;
    const bool own = std::any_of(http.headers.begin(), http.headers.end(),
                                 [](const auto& header) { return net::lower(header.first) == "authorization"; });
    if (!own && !place_.authorization.empty()) http.headers.emplace_back("authorization", place_.authorization);
  }
  for (const auto& header : request.headers) {
    const bool own = std::any_of(http.headers.begin(), http.headers.end(), [&](const auto& given) {
      return net::lower(given.first) == net::lower(header.first);
    });
    if (!own) http.headers.push_back(header);
  }
  http.body = request.body;
  http.max_body_bytes = kErrorBytes;
  http.connect_timeout = options_.connect_timeout;
  http.stall_timeout = options_.stall_timeout;
  http.on_peer = [self = weak_from_this(), at = journey->at](const net::PeerInfo& peer) {
    const auto wire = self.lock();
    return wire ? wire->check_peer(at, peer) : Status();
  };
  journey->refusal.reset();
  http.on_head = [journey](const net::Response& head) {
    if (head.status < 200 || head.status >= 300) {
      journey->refusal = head;
      return Status();
    }
    return journey->request.on_head ? journey->request.on_head(head) : Status();
  };
  http.on_data = request.on_data;
  return http;
}

Status Wire::check_reach(const net::UrlParts& at, const std::string& peer) {
  const net::Reach to = net::reach_of(peer);
  if (to == net::Reach::name) return {};
  if (net::same_origin(at, place_.parts)) {
    reach_ = to;
    return {};
  }
  if (net::may_lead(reach_, to)) return {};
  return Status(Kind::access_denied,
                fmt::format("the server redirects to {}, which is {}", at.authority(),
                            to == net::Reach::link ? "a link-local address" : "inside a private network"))
      .advise("Nothing was sent there. If that is right, name that place itself.");
}

/// A proxy is where we were told to go by whoever runs this machine, not where a server sends us; of the server behind
/// it only the name is known, which was judged before.
Status Wire::check_peer(const net::UrlParts& at, const net::PeerInfo& peer) {
  return peer.tunnel && !net::same_origin(at, place_.parts) ? Status() : check_reach(at, peer.ip);
}

void Wire::arrived(const Flight& flight, const std::shared_ptr<Journey>& journey, const store::Pacing::Turn& turn,
                   Result<net::Response> answer) {
  const std::string& operation = journey->request.operation;
  // Of an error page that is too long to keep, the head is enough.
  if (answer.status().kind() == Kind::limit && journey->refusal) answer = *journey->refusal;
  const bool success = answer.ok() && answer->status >= 200 && answer->status < 300;
  const bool moved = answer.ok() && is_redirect(answer->status);
  const Status refusal = answer.ok() && !success && !moved ? error_of(*answer, *journey) : Status();
  client_->pacing.learn(turn, answer.ok(), refusal);
  if (!answer.ok()) return flight->end(answer.status().during(operation));
  if (success) {
    if (!net::same_origin(journey->at, place_.parts) || journey->at != place_.parts) {
      const std::lock_guard lock(mutex_);
      if (reads(journey->request)) landed_ = journey->at;
    }
    return flight->end(std::move(answer));
  }
  if (journey->shortcut && journey->seen.size() == 1 && may_have_moved(answer->status)) {
    {
      const std::lock_guard lock(mutex_);
      landed_.reset();
    }
    return set_out(flight, journey, false);
  }
  if (!moved) return flight->end(Status(refusal).during(operation));
  auto next = next_place(*journey, *answer);
  if (!next.ok()) {
    Error error = next.error();
    error.http_status = answer->status;
    return flight->end(Status(std::move(error)).during(operation));
  }
  journey->at = *std::move(next);
  hop(flight, journey);
}

Result<net::UrlParts> Wire::next_place(const Journey& journey, const net::Response& answer) const {
  const std::string_view location = answer.header("location");
  if (location.empty())
    return Status(Kind::protocol, fmt::format("the answer is {} without a Location", answer.status));
  auto next = net::resolve_url(journey.at, location);
  if (!next.ok()) {
    return Status(Kind::protocol,
                  fmt::format("the server redirects to what cannot be followed: {}", next.error().cause));
  }
  const std::string url = net::compose_url(*next);
  const std::string shown = net::redact(url);
  if (!reads(journey.request)) {
    return Status(Kind::protocol, fmt::format("the server redirects to {}, and what is sent is not redirected", shown))
        .advise("If that is the right place, name it itself.");
  }
  if (journey.at.scheme == "https" && next->scheme != "https") {
    return Status(Kind::access_denied, fmt::format("the server redirects from https to {}", shown))
        .advise("What is read there could be changed on the way. If that is right, name that place itself.");
  }
  if (journey.seen.count(url) > 0) {
    return Status(Kind::protocol, fmt::format("the server redirects in a circle, back to {}", shown));
  }
  if (journey.seen.size() > options_.max_redirects) {
    return Status(Kind::protocol, fmt::format("the server redirects more than {} times", options_.max_redirects));
  }
  return next;
}

/// By the service's own words where they are S3's, by the status where not.
Status Wire::error_of(const net::Response& answer, const Journey& journey) const {
  Scrubber scrubber = scrubber_;
  scrubber.add_query(journey.at.query);
  if (s3::is_error(answer.body)) {
    Error error = s3::error_of(answer).error();
    error.cause = scrubber.clean(std::move(error.cause));
    if (error.kind == Kind::access_denied) error.advice = "Is the URL still valid, and signed for this?";
    return Status(std::move(error));
  }
  const store::Refusal refusal = store::refusal_of_status(answer.status);
  Error error;
  error.kind = refusal.kind;
  error.retry = refusal.retry;
  error.http_status = answer.status;
  error.retry_after_ms = store::asked_ms(answer);
  error.cause = fmt::format("{} {} from the server", answer.status, store::phrase_of(answer.status));
  if (const std::string words = words_of(answer, scrubber); !words.empty()) error.cause += ": " + words;
  if (answer.status == 401)
    error.advice = "It wants credentials: an Authorization header, or user:password@ in the URL.";
  return Status(std::move(error));
}

}  // namespace weir::http

namespace weir {

std::shared_ptr<HttpClient> http_client(const HttpOptions& options) {
  net::ClientOptions client;
  client.ca_bundle = options.ca_bundle;
  client.max_connections_per_host = std::max<std::size_t>(1, options.max_connections);
  return std::make_shared<HttpClient>(net::Client::make(client));
}

}  // namespace weir
