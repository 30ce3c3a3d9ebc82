#include "store/vercel_error.hpp"

#include <map>
#include <string_view>

#include "store/refusal.hpp"
#include "store/vercel_json.hpp"

namespace weir::vercel {
namespace {

using store::printable;
using store::Refusal;

/// By the service's code, which says more than the status. unknown_error is what it says of failures of its own; the
/// official SDK repeats it too.
const std::map<std::string_view, Refusal>& code_classes() {
  static const std::map<std::string_view, Refusal> kClasses = {
      {"store_suspended", {Kind::access_denied, Retry::never}},
      {"forbidden", {Kind::access_denied, Retry::never}},
      {"oidc_environment_not_allowed", {Kind::access_denied, Retry::never}},
      {"not_allowed", {Kind::access_denied, Retry::never}},
      {"client_token_not_allowed", {Kind::access_denied, Retry::never}},
      {"client_token_pathname_mismatch", {Kind::access_denied, Retry::never}},
      {"client_token_expired", {Kind::access_denied, Retry::never}},
      {"content_type_not_allowed", {Kind::access_denied, Retry::never}},
      {"not_found", {Kind::not_found, Retry::never}},
      {"store_not_found", {Kind::not_found, Retry::never}},
      {"bad_request", {Kind::invalid_argument, Retry::never}},
      {"already_exists", {Kind::already_exists, Retry::never}},
      {"precondition_failed", {Kind::already_exists, Retry::never}},
      {"file_too_large", {Kind::limit, Retry::never}},
      {"rate_limited", {Kind::unavailable, Retry::throttled}},
      {"service_unavailable", {Kind::unavailable, Retry::transient}},
      {"internal_server_error", {Kind::unavailable, Retry::transient}},
      {"unknown_error", {Kind::unavailable, Retry::transient}},
  };
  return kClasses;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Some refusals have a code of another name and are told apart by their message, as the SDK does it.
std::string code_of(const ErrorBody& body) {
  const std::string& message = body.message;
  if (has(message, "contentType") && has(message, "is not allowed")) return "content_type_not_allowed";
  if (has(message, "\"pathname\"") && has(message, "does not match the token payload")) {
    return "client_token_pathname_mismatch";
  }
  if (message == "Token expired") return "client_token_expired";
  if (has(message, "the file length cannot be greater than")) return "file_too_large";
  if (message.starts_with("OIDC is enabled for this project, but not for the")) return "oidc_environment_not_allowed";
  if (body.code == "bad_request" && has(message, "already exists")) return "already_exists";
  return body.code;
}

const char* advice_for(const std::string& code) {
  if (code == "store_suspended") return "The store is suspended: see its page at Vercel.";
  if (code == "store_not_found") return "Check the store's id, and that the token is this store's.";
  if (code == "client_token_expired") return "Ask for a new client token and run the same command again.";
  if (code == "client_token_not_allowed") return "A client token can only upload: use the read-write token.";
  if (code == "already_exists" || code == "precondition_failed") return "What is there stays as it is.";
  if (code == "forbidden") return "Check BLOB_READ_WRITE_TOKEN, and that it is this store's.";
  return "";
}

}  // namespace

Status error_of(const net::Response& response, const std::string& request_id) {
  const ErrorBody body = parse_error(response.body);
  const std::string code = code_of(body);
  const auto found = code_classes().find(code);
  const Refusal refusal = found != code_classes().end() ? found->second : store::refusal_of_status(response.status);
  Error error;
  error.kind = refusal.kind;
  error.retry = refusal.retry;
  error.http_status = response.status;
  error.service_code = printable(code);
  error.request_id = printable(std::string(response.header("x-vercel-id")));
  if (error.request_id.empty()) error.request_id = request_id;
  error.retry_after_ms = store::asked_ms(response);
  const bool has_words = !body.code.empty() && body.code != std::to_string(response.status);
  error.cause = fmt::format("{} {} from the store", response.status,
                            has_words ? printable(body.code) : store::phrase_of(response.status));
  // The service's message is about options of its SDK.
  const std::string message = code == "already_exists" ? "there is a blob already" : printable(body.message);
  if (!message.empty()) error.cause += ": " + message;
  error.advice = advice_for(code);
  return Status(std::move(error));
}

}  // namespace weir::vercel
