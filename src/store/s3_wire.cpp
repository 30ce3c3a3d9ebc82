#include "store/s3_wire.hpp"

#include <algorithm>
#include <cstdlib>

#include "platform/platform.hpp"
#include "store/concerns_all.hpp"
#include "store/s3_error.hpp"
#include "store/s3_xml.hpp"

namespace weir::s3 {
namespace {

constexpr std::int64_t kSkewSeconds = 300;  ///< stores refuse 15 minutes
constexpr int kMaxCorrections = 5;          ///< of one bucket's region, in the life of a client

Status without_keys(Error error) {
  if (error.service_code.empty()) error.service_code = store::kNoKeys;
  return Status(std::move(error));
}

}  // namespace

Wire::Wire(Settings settings, std::shared_ptr<net::Client> http)
    : settings_(std::move(settings)), http_(std::move(http)), proof_(settings_.proof) {}

std::shared_ptr<Wire> Wire::make(Settings settings, std::shared_ptr<net::Client> http) {
  return std::shared_ptr<Wire>(new Wire(std::move(settings), std::move(http)));
}

store::Running Wire::start_stream(Prepare prepare, Done done) {
  return store::take_off(
      [self = shared_from_this(), prepare = std::move(prepare)](const std::shared_ptr<store::Flight>& flight) {
        self->launch(flight, prepare);
        net::release_signing_thread();
      },
      std::move(done));
}

void Wire::launch(const std::shared_ptr<store::Flight>& flight, const Prepare& prepare) {
  auto wanted = prepare();
  if (!wanted) return flight->end(wanted.status());
  const Place place = place_of(settings_, region_of(wanted->bucket), wanted->bucket, wanted->key);
  const store::Pacing::Turn turn = pacing_.next(place.authority);
  // Signed when it leaves: keys and clock are of then.
  pacing_.when_due(
      flight, turn,
      [self = shared_from_this(), flight, turn, waiting = std::make_shared<WireRequest>(*std::move(wanted))] {
        self->send(flight, *waiting, turn);
        net::release_signing_thread();
      });
}

void Wire::send(const std::shared_ptr<store::Flight>& flight, WireRequest& wanted, const store::Pacing::Turn& turn) {
  auto request = signed_request(wanted);
  if (!request) return flight->end(request.status().during(wanted.operation));
  // What is kept for judging the answer must not keep a part's memory.
  wanted.body = nullptr;
  wanted.on_data = nullptr;
  wanted.on_head = nullptr;
  flight->send(*http_, *std::move(request),
               [self = shared_from_this(), sent = std::move(wanted), turn](Result<net::Response> answer) {
                 const bool answered = answer.ok();
                 auto judged = self->judge(sent, std::move(answer));
                 self->pacing_.learn(turn, answered, judged.status());
                 return judged;
               });
}

Result<net::Response> Wire::call(const WireRequest& request, store::Cancellation* stop) {
  const auto launched = [&](const std::shared_ptr<store::Flight>& flight, int) {
    launch(flight, [&request] { return request; });
  };
  return store::call(settings_.attempts, launched, stop);
}

Result<net::Request> Wire::signed_request(WireRequest& request) {
  if (settings_.credentials) {
    auto keys = settings_.credentials->get();
    if (!keys) return without_keys(keys.error());
    request.keys = *std::move(keys);
  }
  const std::string region = request.region = region_of(request.bucket);
  const Place place = place_of(settings_, region, request.bucket, request.key);
  request.signed_at = now_seconds();
  const net::SigningScope scope{request.keys, region, request.signed_at};
  // With all that reads or writes an object's bytes (API reference, SSE-C).
  if (!request.key.empty() && request.method != "DELETE") {
    const net::Headers& key = settings_.customer_key;
    request.headers.insert(request.headers.end(), key.begin(), key.end());
  }
  // Where checksums in headers are refused, the wish to see them would be too.
  const bool unasked = !provider().abilities.checksum || (settings_.may_weaken && proof() == Proof::md5);
  if (unasked) std::erase_if(request.headers, [](const auto& header) { return header.first == "x-amz-checksum-mode"; });
  net::SigningRequest to_sign{request.method, place.authority, place.path,
                              request.query,  request.headers, request.payload_hash};
  net::Request http;
  http.method = request.method;
  http.url = place.scheme + "://" + place.authority + place.path;
  if (!request.query.empty()) http.url += "?" + net::canonical_query(request.query);
  http.headers = settings_.credentials ? net::sign_headers(to_sign, scope) : net::unsigned_headers(std::move(to_sign));
  http.body = request.body;
  http.max_body_bytes = request.max_body_bytes;
  http.stall_timeout = settings_.stall_timeout;
  http.connect_timeout = settings_.connect_timeout;
  http.on_head = request.on_head;
  http.on_data = request.on_data;
  return http;
}

std::string Wire::region_of(const std::string& bucket) {
  std::lock_guard lock(mutex_);
  const auto known = buckets_.find(bucket);
  return known == buckets_.end() ? settings_.region : known->second.region;
}

std::int64_t Wire::now_seconds() const { return platform::unix_seconds() + clock_offset_seconds_.load(); }

Result<net::Response> Wire::judge(const WireRequest& request, Result<net::Response> answer) {
  if (!answer) return answer.status().during(request.operation);
  const bool failed_late = request.body_decides && is_error(answer->body);
  if (answer->status >= 200 && answer->status < 300 && !failed_late) return answer;
  hide_customer_key(answer->body);
  Status status = error_of(*answer);
  const std::int64_t server = parse_http_time(std::string(answer->header("date")));
  // Answers to HEAD have no body that tells a clock which is off from other refusals; their date does.
  const bool skewed = server != 0 && std::abs(server - request.signed_at) > kSkewSeconds;
  if (request.method == "HEAD" && answer->status == 403 && skewed) status = std::move(status).with(Retry::clock);
  if (status.retry() == Retry::clock) {
    if (server != 0) clock_offset_seconds_ = server - platform::unix_seconds();
  }
  // A wrong region shows as 301, 307 or 400; HEAD answers have no body to tell them apart from other refusals.
  const bool misdirected = answer->status == 301 || answer->status == 307 || answer->status == 400;
  if (misdirected && !status.retryable() && learn_region(request, *answer)) {
    status = std::move(status).with(Retry::transient);
  }
  // The same of keys that have expired: a 400 to HEAD is all that is said.
  if (request.method == "HEAD" && answer->status == 400 && !status.retryable() && !request.keys.session_token.empty()) {
    status = std::move(status).with(Retry::credentials);
  }
  if (status.retry() == Retry::credentials && settings_.credentials) settings_.credentials->refused(request.keys);
  if (!status.retryable() && weakens(request, *answer, status.error())) {
    status = std::move(status).with(Retry::transient);
  }
  return status.during(request.operation);
}

bool Wire::learn_region(const WireRequest& request, const net::Response& response) {
  std::string region(response.header("x-amz-bucket-region"));
  if (region.empty()) region = parse_error(response.body).region;
  const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (region.empty() || region.size() > 64 || !std::all_of(region.begin(), region.end(), is_name)) return false;
  if (region == request.region) return false;
  std::lock_guard lock(mutex_);
  BucketState& state = buckets_.try_emplace(request.bucket, BucketState{settings_.region, 0}).first->second;
  // Requests that were under way when it was learned are counted too: each of them is worth a second try.
  if (++state.corrections > kMaxCorrections + static_cast<int>(settings_.http.max_connections_per_host)) return false;
  state.region = std::move(region);
  return true;
}

}  // namespace weir::s3
