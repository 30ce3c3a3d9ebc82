#include "store/s3_error.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>
namespace weir::s3 {
namespace {

struct Class {
  Kind kind;
  Retry retry;
};

/// By the service's code, which says more than the status.
const std::map<std::string_view, Class>& code_classes() {
  static const std::map<std::string_view, Class> kClasses = {
      {"InternalError", {Kind::unavailable, Retry::transient}},
      {"ServiceUnavailable", {Kind::unavailable, Retry::transient}},
      {"OperationAborted", {Kind::unavailable, Retry::transient}},
      {"ConditionalRequestConflict", {Kind::unavailable, Retry::transient}},
      {"SlowDown", {Kind::unavailable, Retry::throttled}},
      {"SlowDownRead", {Kind::unavailable, Retry::throttled}},
      {"SlowDownWrite", {Kind::unavailable, Retry::throttled}},
      {"Throttling", {Kind::unavailable, Retry::throttled}},
      {"ThrottlingException", {Kind::unavailable, Retry::throttled}},
      {"RequestLimitExceeded", {Kind::unavailable, Retry::throttled}},
      {"TooManyRequests", {Kind::unavailable, Retry::throttled}},
      {"ExceedAccountQPSLimit", {Kind::unavailable, Retry::throttled}},
      {"ExceedAccountRateLimit", {Kind::unavailable, Retry::throttled}},
      {"ExceedBucketQPSLimit", {Kind::unavailable, Retry::throttled}},
      {"ExceedBucketRateLimit", {Kind::unavailable, Retry::throttled}},
      {"RequestTimeout", {Kind::timeout, Retry::transient}},
      {"IncompleteBody", {Kind::network, Retry::transient}},
      {"RequestTimeTooSkewed", {Kind::access_denied, Retry::clock}},
      {"ExpiredToken", {Kind::access_denied, Retry::credentials}},
      {"ExpiredTokenException", {Kind::access_denied, Retry::credentials}},
      {"TokenRefreshRequired", {Kind::access_denied, Retry::credentials}},
      {"BadDigest", {Kind::corrupt, Retry::transient}},
      {"XAmzContentChecksumMismatch", {Kind::corrupt, Retry::transient}},
      {"XAmzContentSHA256Mismatch", {Kind::corrupt, Retry::transient}},
      {"NoSuchKey", {Kind::not_found, Retry::never}},
      {"NoSuchBucket", {Kind::not_found, Retry::never}},
      {"NoSuchUpload", {Kind::not_found, Retry::never}},
      {"AccessDenied", {Kind::access_denied, Retry::never}},
      {"SignatureDoesNotMatch", {Kind::access_denied, Retry::never}},
      {"InvalidAccessKeyId", {Kind::access_denied, Retry::never}},
      {"XAdminUserNotFound", {Kind::access_denied, Retry::never}},  // versitygw, with 404
      {"InvalidToken", {Kind::access_denied, Retry::never}},
      {"EntityTooLarge", {Kind::limit, Retry::never}},
      {"EntityTooSmall", {Kind::limit, Retry::never}},
      {"KeyTooLongError", {Kind::limit, Retry::never}},
      {"MetadataTooLarge", {Kind::limit, Retry::never}},
      {"XMinioStorageFull", {Kind::no_space, Retry::never}},
      {"QuotaExceeded", {Kind::no_space, Retry::never}},
      {"NotImplemented", {Kind::unsupported, Retry::never}},
  };
  return kClasses;
}

Class class_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return {Kind::access_denied, Retry::never};
    case 404:
    case 410:
      return {Kind::not_found, Retry::never};
    case 408:
      return {Kind::timeout, Retry::transient};
    case 412:
      return {Kind::already_exists, Retry::never};
    case 413:
      return {Kind::limit, Retry::never};
    case 429:
      return {Kind::unavailable, Retry::throttled};
    case 499:
      return {Kind::unavailable, Retry::transient};
    case 501:
      return {Kind::unsupported, Retry::never};
    case 503:
      return {Kind::unavailable, Retry::throttled};
    case 507:
      return {Kind::no_space, Retry::never};
    default:
      break;
  }
  if (status >= 500) return {Kind::unavailable, Retry::transient};
  return {status >= 400 ? Kind::invalid_argument : Kind::protocol, Retry::never};
}

const char* phrase_of(int status) {
  switch (status) {
    case 301:
      return "Moved Permanently";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "answer";
  }
}

/// One line that a terminal can show: no control bytes, at most 500 bytes.
std::string printable(std::string text) {
  text.resize(std::min<std::size_t>(text.size(), 500));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::min<std::uint64_t>(value, 86400000) : 0;
}

/// A longer wait is not believed: the store, or whoever answers in its place, is better asked once too often.
constexpr std::uint64_t kLongestAskedMs = 300'000;

std::uint64_t asked_ms(const net::Response& response) {
  if (const std::uint64_t exact = number_of(response.header("x-amz-retry-after")); exact != 0) return exact;
  const std::string_view text = response.header("retry-after");
  if (const std::uint64_t seconds = number_of(text); seconds != 0) return seconds * 1000;
  // RFC 9110 section 10.2.3 also allows a date; it is compared with the sender's own clock.
  const std::int64_t until = parse_http_time(std::string(text));
  const std::int64_t now = parse_http_time(std::string(response.header("date")));
  return until > now && now > 0 ? static_cast<std::uint64_t>(until - now) * 1000 : 0;
}

const char* advice_for(const Error& error) {
  if (error.service_code == "NoSuchBucket")
    return "Check the bucket's name, and that the endpoint is the one it is at.";
  if (error.service_code == "SignatureDoesNotMatch") return "The secret key is not the one that belongs to the key id.";
  if (error.retry == Retry::credentials)
    return "The credentials have expired; refresh them and run the same command to go on.";
  if (error.retry == Retry::clock) return "This machine's clock and the store's differ by more than the store allows.";
  if (error.http_status == 301 || error.http_status == 307) {
    return "Check the region and the endpoint: the store sends this bucket's requests elsewhere.";
  }
  if (error.kind == Kind::access_denied) return "Check that these credentials may do this in this bucket.";
  return "";
}

}  // namespace

Status error_of(const net::Response& response) { return error_of(response, parse_error(response.body)); }

Status error_of(const net::Response& response, const ErrorBody& body) {
  const auto found = code_classes().find(body.code);
  Class found_class = found != code_classes().end() ? found->second : class_of_status(response.status);
  // An error behind a 200 came after the work had begun: it stands for a 5xx, unless its code says otherwise.
  if (response.status < 300 && found == code_classes().end()) found_class = {Kind::unavailable, Retry::transient};
  Error error;
  error.kind = found_class.kind;
  error.retry = found_class.retry;
  error.http_status = response.status;
  error.service_code = printable(body.code);
  error.request_id = printable(std::string(response.header("x-amz-request-id")));
  if (error.request_id.empty()) error.request_id = printable(body.request_id);
  error.retry_after_ms = std::min(asked_ms(response), kLongestAskedMs);
  error.cause = fmt::format("{} {} from the store", response.status,
                            body.code.empty() ? phrase_of(response.status) : error.service_code);
  if (!body.message.empty()) error.cause += ": " + printable(body.message);
  error.advice = advice_for(error);
  return Status(std::move(error));
}

}  // namespace weir::s3
