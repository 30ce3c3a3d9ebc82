#include "store/s3_error.hpp"

#include <catch2/catch.hpp>

namespace weir::s3 {
namespace {

net::Response answer(int status, const std::string& code, net::Headers headers = {}, const std::string& message = "") {
  net::Response response;
  response.status = status;
  response.headers = std::move(headers);
  if (!code.empty()) response.body = "<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>";
  return response;
}

struct Expected {
  int status;
  const char* code;
  Kind kind;
  Retry retry;
};

}  // namespace

TEST_CASE("Each refusal of a store is of one kind, and says what may be done", "[s3]") {
  const Expected expected[] = {
      {500, "InternalError", Kind::unavailable, Retry::transient},
      {500, "", Kind::unavailable, Retry::transient},
      {502, "", Kind::unavailable, Retry::transient},
      {504, "", Kind::unavailable, Retry::transient},
      {520, "", Kind::unavailable, Retry::transient},
      {499, "", Kind::unavailable, Retry::transient},
      {503, "SlowDown", Kind::unavailable, Retry::throttled},
      {503, "SlowDownRead", Kind::unavailable, Retry::throttled},
      {503, "SlowDownWrite", Kind::unavailable, Retry::throttled},
      {503, "ServiceUnavailable", Kind::unavailable, Retry::transient},
      {503, "", Kind::unavailable, Retry::throttled},
      {429, "", Kind::unavailable, Retry::throttled},
      {408, "", Kind::timeout, Retry::transient},
      {400, "RequestTimeout", Kind::timeout, Retry::transient},
      {409, "OperationAborted", Kind::unavailable, Retry::transient},
      {409, "ConditionalRequestConflict", Kind::unavailable, Retry::transient},
      {403, "RequestTimeTooSkewed", Kind::access_denied, Retry::clock},
      {400, "ExpiredToken", Kind::access_denied, Retry::credentials},
      {403, "AccessDenied", Kind::access_denied, Retry::never},
      {403, "SignatureDoesNotMatch", Kind::access_denied, Retry::never},
      {403, "", Kind::access_denied, Retry::never},
      {404, "NoSuchBucket", Kind::not_found, Retry::never},
      {404, "NoSuchUpload", Kind::not_found, Retry::never},
      {404, "", Kind::not_found, Retry::never},
      {412, "PreconditionFailed", Kind::already_exists, Retry::never},
      {400, "BadDigest", Kind::corrupt, Retry::transient},
      {400, "XAmzContentChecksumMismatch", Kind::corrupt, Retry::transient},
      {400, "EntityTooLarge", Kind::limit, Retry::never},
      {400, "KeyTooLongError", Kind::limit, Retry::never},
      {400, "InvalidRequest", Kind::invalid_argument, Retry::never},
      {501, "NotImplemented", Kind::unsupported, Retry::never},
      {507, "XMinioStorageFull", Kind::no_space, Retry::never},
      {301, "", Kind::protocol, Retry::never},
      {200, "InternalError", Kind::unavailable, Retry::transient},
      {200, "SomethingNew", Kind::unavailable, Retry::transient},
      {200, "NoSuchUpload", Kind::not_found, Retry::never},
  };
  for (const Expected& row : expected) {
    INFO(row.status << " " << row.code);
    const Status status = error_of(answer(row.status, row.code));
    CHECK(status.kind() == row.kind);
    CHECK(status.retry() == row.retry);
    CHECK(status.error().http_status == row.status);
    CHECK(status.error().service_code == row.code);
  }
}

TEST_CASE("The message has the store's own words, its request id, and nothing a terminal would obey", "[s3]") {
  const Status status = error_of(
      answer(403, "ExpiredToken", {{"x-amz-request-id", "4442587FB7D0A2F9"}}, "The token\x1b[31m has\nexpired."));
  CHECK(status.error().cause == "403 ExpiredToken from the store: The token [31m has expired.");
  CHECK(status.error().request_id == "4442587FB7D0A2F9");
  CHECK(error_of(answer(404, "")).error().cause == "404 Not Found from the store");
  CHECK(error_of(answer(400, "X", {}, std::string(100000, 'm'))).error().cause.size() < 600);
}

TEST_CASE("What the store asks to wait is waited", "[s3]") {
  const auto asked = [](net::Headers headers) {
    return error_of(answer(503, "SlowDown", std::move(headers))).error().retry_after_ms;
  };
  CHECK(asked({{"retry-after", "3"}}) == 3000);
  CHECK(asked({{"x-amz-retry-after", "1500"}, {"retry-after", "3"}}) == 1500);
  CHECK(asked({{"retry-after", "Tue, 24 Nov 2026 12:00:07 GMT"}, {"date", "Tue, 24 Nov 2026 12:00:00 GMT"}}) == 7000);
  CHECK(asked({{"retry-after", "86400"}}) == 300000);
  CHECK(asked({{"x-amz-retry-after", "999999999999"}}) == 300000);
  CHECK(asked({{"retry-after", "Tue, 24 Nov 2099 12:00:07 GMT"}, {"date", "Tue, 24 Nov 2026 12:00:00 GMT"}}) == 300000);
  CHECK(asked({{"retry-after", "soon"}}) == 0);
  CHECK(asked({}) == 0);
}

}  // namespace weir::s3
