// One attempt of one request to an HTTP server, the redirects on its way included. What origin and target share.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "net/address.hpp"
#include "net/http.hpp"
#include "store/flight.hpp"
#include "store/http_place.hpp"
#include "store/request_pacer.hpp"
#include "weir/store/http.hpp"

namespace weir {

class HttpClient {
 public:
  explicit HttpClient(std::shared_ptr<net::Client> its) : http(std::move(its)) {}
  const std::shared_ptr<net::Client> http;
  store::Pacing pacing;
};

}  // namespace weir

namespace weir::http {

struct WireRequest {
  std::string operation;  ///< completes "cannot …"
  std::string method = "GET";
  net::Headers headers;  ///< of this request; they follow redirects, so they hold no secrets
  std::shared_ptr<net::Body> body;
  std::function<Status(const net::Response&)> on_head;  ///< of the answer, not of redirects
  std::function<Status(std::span<const std::byte>)> on_data;
};

/// Thread-safe. Held by shared_ptr; the last one may let go on any thread, the HTTP loop's own included.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  using Prepare = std::function<Result<WireRequest>()>;
  using Done = std::function<void(Result<net::Response>)>;

  /// Fails for options that cannot work; sends nothing.
  static Result<std::shared_ptr<Wire>> make(std::string_view url, const HttpOptions& options);

  const Place& place() const { return place_; }
  std::string shown() const { return place_.shown(); }

  /// One attempt. Returns at once: `prepare` runs on a thread that may block, `done` is called once, on any thread,
  /// never inside this call. A Response is a success (2xx); everything else is a Status.
  store::Running start_stream(Prepare prepare, Done done);
  std::function<void()> start(Prepare prepare, Done done) {
    return start_stream(std::move(prepare), std::move(done)).cancel;
  }

 private:
  using Flight = std::shared_ptr<store::Flight>;
  /// A request on its way from place to place.
  struct Journey {
    WireRequest request;
    net::UrlParts at;
    std::set<std::string> seen;            // URLs
    bool shortcut = false;                 // begun where an earlier one ended
    std::optional<net::Response> refusal;  // the head of an answer that is no success
  };

  Wire(Place place, const HttpOptions& options, std::shared_ptr<HttpClient> client);

  void set_out(const Flight& flight, const std::shared_ptr<Journey>& journey, bool may_shortcut);
  void hop(const Flight& flight, const std::shared_ptr<Journey>& journey);
  void leave(const Flight& flight, const std::shared_ptr<Journey>& journey, const store::Pacing::Turn& turn);
  net::Request composed(const std::shared_ptr<Journey>& journey);
  void arrived(const Flight& flight, const std::shared_ptr<Journey>& journey, const store::Pacing::Turn& turn,
               Result<net::Response> answer);
  Result<net::UrlParts> next_place(const Journey& journey, const net::Response& answer) const;
  /// Whether a server may send us to this address, or host; notes the first one.
  Status check_reach(const net::UrlParts& at, const std::string& peer);
  Status check_peer(const net::UrlParts& at, const net::PeerInfo& peer);
  Status error_of(const net::Response& answer, const Journey& journey) const;

  const Place place_;
  const HttpOptions options_;
  const std::shared_ptr<HttpClient> client_;
  Scrubber scrubber_;
  std::atomic<net::Reach> reach_{net::Reach::name};  // of place_
  std::mutex mutex_;
  std::optional<net::UrlParts> landed_;  // where redirects led a request that succeeded
};

}  // namespace weir::http
