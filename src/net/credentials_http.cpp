#include "net/credentials_http.hpp"

#include <future>
#include <thread>

#include "net/time_text.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

constexpr std::size_t kMaxReplyBytes = 256 * 1024;
constexpr std::size_t kMaxWords = 200;

Result<Response> ask_once(Client& client, const KeyCall& call) {
  Request request = call.request;
  request.max_body_bytes = kMaxReplyBytes;
  auto promise = std::make_shared<std::promise<Result<Response>>>();
  auto answer = promise->get_future();
  const auto running =
      client.send(std::move(request), [promise](Result<Response> r) { promise->set_value(std::move(r)); });
  if (answer.wait_for(call.within) == std::future_status::ready) return answer.get();
  running->cancel();
  auto late = answer.get();
  if (late) return late;
  return Status(Kind::timeout, fmt::format("{} gave no whole answer within {} ms", call.who, call.within.count()))
      .with(Retry::transient);
}

bool may_pass(int status) { return status == 429 || status >= 500; }

}  // namespace

std::string plain(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, kMaxWords)) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return line;
}

Result<Response> ask(const KeyCall& call) {
  const auto client = Client::make(call.http);
  for (int attempt = 1;; ++attempt) {
    auto answer = ask_once(*client, call);
    if (answer && !may_pass(answer->status)) return answer;
    const Status failed =
        answer ? json_refusal(call.who, *answer)
               : Status(answer.error().kind, fmt::format("{} cannot be asked: {}", call.who, answer.error().cause))
                     .with(answer.error().retry);
    if (attempt >= call.attempts || !failed.retryable()) return failed;
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + platform::random_below(200u << attempt)));
  }
}

Status refusal(const std::string& who, const Response& response, const std::string& code, const std::string& words) {
  Error error;
  error.kind = may_pass(response.status) ? Kind::unavailable : Kind::access_denied;
  error.retry = response.status == 429 ? Retry::throttled : may_pass(response.status) ? Retry::transient : Retry::never;
  error.http_status = response.status;
  error.service_code = plain(code);
  error.cause = fmt::format("{} answered {}", who, response.status);
  if (!code.empty()) error.cause += " " + error.service_code;
  if (!words.empty()) error.cause += ": " + plain(words);
  return Status(std::move(error));
}

Status json_refusal(const std::string& who, const Response& response) {
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  const auto either = [&](const char* one, const char* other) {
    const std::string text = text_member(body, one);
    return text.empty() ? text_member(body, other) : text;
  };
  std::string code = either("code", "error");
  if (code.empty()) code = either("__type", "Code");
  if (code.empty()) code = std::string(response.header("x-amzn-errortype"));
  std::string words = either("message", "error_description");
  if (words.empty()) words = text_member(body, "Message");
  return refusal(who, response, code, words);
}

Result<nlohmann::json> json_object(const std::string& who, const std::string& body) {
  auto object = nlohmann::json::parse(body, nullptr, false);
  if (object.is_object()) return object;
  return Status(Kind::protocol, fmt::format("the {} bytes that {} gave are no JSON object", body.size(), who));
}

std::string text_member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

Result<TimedCredentials> keys_of(const std::string& who, const nlohmann::json& object, const char* token_name,
                                 bool optional) {
  TimedCredentials timed;
  timed.keys = {text_member(object, "AccessKeyId"), text_member(object, "SecretAccessKey"),
                text_member(object, token_name)};
  const std::string expiration = text_member(object, "Expiration");
  const char* const missing = timed.keys.access_key_id.empty()                ? "AccessKeyId"
                              : timed.keys.secret_access_key.empty()          ? "SecretAccessKey"
                              : !optional && timed.keys.session_token.empty() ? token_name
                              : !optional && expiration.empty()               ? "Expiration"
                                                                              : nullptr;
  if (missing != nullptr) return Status(Kind::protocol, fmt::format("{} gave no {}", who, missing));
  if (!expiration.empty()) {
    const auto expires = parse_iso_time(expiration);
    if (!expires) return Status(Kind::protocol, fmt::format("{} gave an Expiration that is no time", who));
    timed.expires_ms = *expires;
  }
  return timed;
}

std::int64_t by_our_clock(std::int64_t expires_ms, const Response& response) {
  const std::int64_t theirs = parse_http_time(std::string(response.header("date")));
  const std::int64_t ahead = theirs - platform::unix_seconds();
  return theirs == 0 || (ahead > -60 && ahead < 60) ? expires_ms : expires_ms - ahead * 1000;
}

}  // namespace weir::net
