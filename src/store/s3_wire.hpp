// One attempt of one S3 request: sign, send, judge the answer. What the client, the target and the source have in
// common.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "net/http.hpp"
#include "net/sigv4.hpp"
#include "store/flight.hpp"
#include "store/request_pacer.hpp"
#include "store/s3_settings.hpp"
#include "weir/store/s3.hpp"

namespace weir::s3 {

struct WireRequest {
  std::string operation;  ///< completes "cannot …"
  std::string method = "GET";
  std::string bucket, key;
  net::Query query;
  net::Headers headers;
  std::shared_ptr<net::Body> body;
  std::string payload_hash = net::kUnsignedPayload;
  std::size_t max_body_bytes = 1024 * 1024;
  std::function<Status(const net::Response&)> on_head;
  std::function<Status(std::span<const std::byte>)> on_data;
  Proof proof = Proof::none;   ///< what it carries, to know a refusal of that by
  bool body_decides = false;   ///< a 2xx answer may hold an `<Error>`: the work was done after the 200 was sent
  std::string region;          ///< it was signed for; set when it is sent
  Credentials keys;            ///< it was signed with; set when it is sent
  std::int64_t signed_at = 0;  ///< Unix seconds, as the store's clock was thought to be; set when it is sent

  /// Sends a small text and signs it too.
  void set_text(std::string text) {
    payload_hash = net::sha256_hex(text);
    body = net::body_of(std::move(text));
  }
};

/// Thread-safe. Held by shared_ptr; the last one may let go on any thread, the HTTP loop's own included.
class Wire : public S3Client, public std::enable_shared_from_this<Wire> {
 public:
  using Prepare = std::function<Result<WireRequest>()>;
  using Done = std::function<void(Result<net::Response>)>;
  using Cancel = Target::Cancel;
  using Running = store::Running;

  static std::shared_ptr<Wire> make(Settings settings, std::shared_ptr<net::Client> http);

  const Settings& settings() const { return settings_; }
  const Provider& provider() const { return *settings_.provider; }
  /// How the next request is to prove its bytes; becomes weaker where the store turns out to refuse it, never stronger.
  Proof proof() const { return proof_.load(); }
  /// Says, once, if this service is known to take weaker checksums than ours.
  void tell_proof();

  /// One attempt. Returns at once: `prepare` runs on a thread that may block, `done` is called once, on any thread,
  /// never inside this call. A Response is a success (2xx); everything else is a Status.
  Running start_stream(Prepare prepare, Done done);
  Cancel start(Prepare prepare, Done done) { return start_stream(std::move(prepare), std::move(done)).cancel; }
  /// start() and wait, again while it may help. `stop` cancels it.
  Result<net::Response> call(const WireRequest& request, store::Cancellation* stop = nullptr);

  Result<Listing> list(const std::string& bucket, const ListOptions& options) override;
  Result<S3ObjectInfo> head(const S3Location& location) override;
  Status remove(const S3Location& location) override;
  Result<std::string> presign(const std::string& method, const S3Location& location,
                              std::chrono::seconds valid) override;

 private:
  struct BucketState {
    std::string region;
    int corrections = 0;
  };

  Wire(Settings settings, std::shared_ptr<net::Client> http);

  void launch(const std::shared_ptr<store::Flight>& flight, const Prepare& prepare);
  void send(const std::shared_ptr<store::Flight>& flight, WireRequest& wanted, const store::Pacing::Turn& turn);
  Result<net::Request> signed_request(WireRequest& request);
  std::string region_of(const std::string& bucket);
  std::int64_t now_seconds() const;
  Result<net::Response> judge(const WireRequest& request, Result<net::Response> answer);
  /// Notes the region in which the store says the bucket is; whether it is another than the request was signed for.
  bool learn_region(const WireRequest& request, const net::Response& response);

  /// Falls to the next weaker proof if that is what the store refused; whether the request is worth another try.
  bool weakens(const WireRequest& request, const net::Response& response, const Error& error);
  /// Says `line` to whoever listens, if it was not said before.
  void notice(const std::string& line);
  /// The store may repeat the SSE-C key in its refusal: it is taken out of what will be shown.
  void hide_customer_key(std::string& text) const;

  const Settings settings_;
  const std::shared_ptr<net::Client> http_;
  std::atomic<Proof> proof_;
  std::atomic<std::int64_t> clock_offset_seconds_{0};  ///< the server's clock minus ours
  store::Pacing pacing_;
  std::mutex mutex_;
  std::map<std::string, BucketState> buckets_;
  std::set<std::string> noticed_;
};

using store::backoff;

/// The information of a HEAD or GET answer.
S3ObjectInfo object_info(const S3Location& location, const net::Response& response);
/// The same, or a protocol error where it has no ETag or no length.
Result<S3ObjectInfo> checked_object_info(const S3Location& location, const net::Response& response);
WireRequest head_request(const S3Location& location);

}  // namespace weir::s3
