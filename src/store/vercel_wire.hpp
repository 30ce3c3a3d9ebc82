// One attempt of one request to Vercel Blob: its headers, its answer judged. What store, target and origin share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http.hpp"
#include "store/flight.hpp"
#include "store/request_pacer.hpp"
#include "store/vercel_settings.hpp"

namespace weir::vercel {

struct WireRequest {
  std::string operation;  ///< completes "cannot …"
  std::string method = "GET";
  std::string url;
  net::Headers headers;
  std::shared_ptr<net::Body> body;
  std::size_t max_body_bytes = 1024 * 1024;
  std::function<Status(const net::Response&)> on_head;
  std::function<Status(std::span<const std::byte>)> on_data;
  bool to_api = true;      ///< with the token and the service's own headers; else `headers` alone
  std::string request_id;  ///< the same for all attempts; set when it is sent first
};

/// Thread-safe. Held by shared_ptr; the last one may let go on any thread, the HTTP loop's own included.
class Wire : public std::enable_shared_from_this<Wire> {
 public:
  using Prepare = std::function<Result<WireRequest>()>;
  using Done = std::function<void(Result<net::Response>)>;

  Wire(Settings settings, std::shared_ptr<net::Client> http) : settings_(std::move(settings)), http_(std::move(http)) {}

  const Settings& settings() const { return settings_; }
  /// The API's URL for a path behind it, "/mpu", with texts that become its query.
  std::string api_url(const std::string& path, const std::vector<std::pair<std::string, std::string>>& query) const;

  /// One attempt. Returns at once: `prepare` runs on a thread that may block, `done` is called once, on any thread,
  /// never inside this call. A Response is a success (2xx); everything else is a Status.
  store::Running start_stream(Prepare prepare, Done done);
  std::function<void()> start(Prepare prepare, Done done) {
    return start_stream(std::move(prepare), std::move(done)).cancel;
  }
  /// start() and wait, again while it may help. `stop` cancels it.
  Result<net::Response> call(WireRequest request, store::Cancellation* stop = nullptr);

 private:
  void launch(const std::shared_ptr<store::Flight>& flight, const Prepare& prepare);
  void send(const std::shared_ptr<store::Flight>& flight, WireRequest& request, int attempt);
  void leave(const std::shared_ptr<store::Flight>& flight, net::Request http, const std::string& operation,
             const std::string& id, const store::Pacing::Turn& turn);
  net::Request composed(WireRequest& request, int attempt);

  const Settings settings_;
  const std::shared_ptr<net::Client> http_;
  store::Pacing pacing_;
};

/// GET ?url=PATH: what the service knows of a blob.
WireRequest head_request(const Wire& wire, const std::string& path);

}  // namespace weir::vercel
