#include "store/s3_error.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "store/refusal.hpp"

namespace weir::s3 {
namespace {

using store::printable;
using store::Refusal;

/// By the service's code, which says more than the status.
const std::map<std::string_view, Refusal>& code_classes() {
  static const std::map<std::string_view, Refusal> kClasses = {
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

std::uint64_t asked_ms(const net::Response& response) {
  const std::uint64_t exact = store::number_of(response.header("x-amz-retry-after"));
  return exact != 0 ? std::min(exact, store::kLongestAskedMs) : store::asked_ms(response);
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
  // Answers to HEAD have no words.
  if (error.http_status == 404 && (error.service_code.empty() || error.service_code == "NoSuchKey"))
    return "Check the name, upper and lower case too: a listing shows what is there.";
  if (error.http_status == 400 && error.service_code.empty())
    return "The store says no more. Check the region, the endpoint and the credentials.";
  return "";
}

}  // namespace

Status error_of(const net::Response& response) { return error_of(response, parse_error(response.body)); }

Status error_of(const net::Response& response, const ErrorBody& body) {
  const auto found = code_classes().find(body.code);
  Refusal found_class = found != code_classes().end() ? found->second : store::refusal_of_status(response.status);
  // An error behind a 200 came after the work had begun: it stands for a 5xx, unless its code says otherwise.
  if (response.status < 300 && found == code_classes().end()) found_class = {Kind::unavailable, Retry::transient};
  Error error;
  error.kind = found_class.kind;
  error.retry = found_class.retry;
  error.http_status = response.status;
  error.service_code = printable(body.code);
  error.request_id = printable(std::string(response.header("x-amz-request-id")));
  if (error.request_id.empty()) error.request_id = printable(body.request_id);
  error.retry_after_ms = asked_ms(response);
  // A code that only repeats the status says nothing.
  const bool has_words = !body.code.empty() && body.code != std::to_string(response.status);
  error.cause = fmt::format("{} {} from the store", response.status,
                            has_words ? error.service_code : store::phrase_of(response.status));
  if (!body.message.empty()) error.cause += ": " + printable(body.message);
  error.advice = advice_for(error);
  return Status(std::move(error));
}

}  // namespace weir::s3
