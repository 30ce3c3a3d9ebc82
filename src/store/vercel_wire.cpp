#include "store/vercel_wire.hpp"

#include "net/url.hpp"
#include "platform/platform.hpp"
#include "store/vercel_error.hpp"

namespace weir::vercel {
namespace {

constexpr const char* kApiVersion = "12";

}  // namespace

std::string Wire::api_url(const std::string& path,
                          const std::vector<std::pair<std::string, std::string>>& query) const {
  std::string url = settings_.api + path;
  char mark = '?';
  for (const auto& [name, value] : query) {
    url += std::exchange(mark, '&') + name + "=" + net::percent_encode(value);
  }
  return url;
}

store::Running Wire::start_stream(Prepare prepare, Done done) {
  return store::take_off([self = shared_from_this(), prepare = std::move(prepare)](
                             const std::shared_ptr<store::Flight>& flight) { self->launch(flight, prepare); },
                         std::move(done));
}

Result<net::Response> Wire::call(WireRequest request, store::Cancellation* stop) {
  const auto launched = [&](const std::shared_ptr<store::Flight>& flight, int attempt) {
    send(flight, request, attempt);
  };
  return store::call(settings_.attempts, launched, stop);
}

void Wire::launch(const std::shared_ptr<store::Flight>& flight, const Prepare& prepare) {
  auto wanted = prepare();
  if (!wanted) return flight->end(wanted.status());
  send(flight, *wanted, 1);
}

void Wire::send(const std::shared_ptr<store::Flight>& flight, WireRequest& request, int attempt) {
  net::Request http = composed(request, attempt);
  const auto parts = net::split_url(http.url);
  const store::Pacing::Turn turn = pacing_.next(parts ? parts->authority() : http.url);
  pacing_.when_due(flight, turn,
                   [wire = shared_from_this(), flight, turn, operation = request.operation, id = request.request_id,
                    waiting = std::make_shared<net::Request>(std::move(http))] {
                     wire->leave(flight, std::move(*waiting), operation, id, turn);
                   });
}

void Wire::leave(const std::shared_ptr<store::Flight>& flight, net::Request http, const std::string& operation,
                 const std::string& id, const store::Pacing::Turn& turn) {
  const auto judge = [operation, id](Result<net::Response> answer) -> Result<net::Response> {
    if (!answer) return answer.status().during(operation);
    if (answer->status >= 200 && answer->status < 300) return answer;
    return error_of(*answer, id).during(operation);
  };
  flight->send(*http_, std::move(http), [wire = shared_from_this(), judge, turn](Result<net::Response> answer) {
    const bool answered = answer.ok();
    auto judged = judge(std::move(answer));
    wire->pacing_.learn(turn, answered, judged.status());
    return judged;
  });
}

net::Request Wire::composed(WireRequest& request, int attempt) {
  net::Request http;
  http.method = request.method;
  http.url = request.url;
  http.headers = request.headers;
  if (request.to_api) {
    if (request.request_id.empty()) {
      const std::int64_t now_ms = platform::platform().realtime_ns() / 1'000'000;
      request.request_id = fmt::format("{}:{}:{}", settings_.store, now_ms, platform::random_name(12));
    }
    http.headers.emplace_back("authorization", "Bearer " + settings_.token);
    http.headers.emplace_back("x-api-version", kApiVersion);
    http.headers.emplace_back("x-api-blob-request-id", request.request_id);
    http.headers.emplace_back("x-api-blob-request-attempt", std::to_string(attempt - 1));
    http.headers.emplace_back("x-vercel-blob-store-id", settings_.store);
  }
  http.body = request.body;
  http.max_body_bytes = request.max_body_bytes;
  http.stall_timeout = settings_.stall_timeout;
  http.connect_timeout = settings_.connect_timeout;
  http.on_head = request.on_head;
  http.on_data = request.on_data;
  return http;
}

WireRequest head_request(const Wire& wire, const std::string& path) {
  WireRequest request;
  request.operation = "look at " + wire.settings().url(path);
  request.url = wire.api_url("", {{"url", path}});
  return request;
}

}  // namespace weir::vercel
