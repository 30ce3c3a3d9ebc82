#include "server/http_conditions.hpp"

#include <catch2/catch.hpp>

#include "server/http_date.hpp"

namespace weir::server {
namespace {

const Representation kFile{.bytes = 1000, .etag = "\"a,b\"", .modified_s = 784'111'777};

Selection get(const std::string& fields, const Representation& what = kFile, const std::string& method = "GET") {
  RequestHead head;
  REQUIRE_FALSE(
      read_head(method + " / HTTP/1.1\r\nHost: a\r\n" + fields + (fields.empty() ? "\r\n" : "\r\n\r\n"), {}, head));
  return select(head, what);
}
bool is(const Selection& selection, int status, std::uint64_t offset, std::uint64_t bytes) {
  return selection.status == status && selection.offset == offset && selection.bytes == bytes;
}

}  // namespace

TEST_CASE("dates of HTTP are read as they are written, and nothing else is") {
  CHECK(http_date(784'111'777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const std::int64_t date : {0L, 951'782'400L, 784'111'777L, 4'102'444'799L})
    CHECK(read_http_date(http_date(date)) == date);
  for (const char* wrong :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Tue, 30 Feb 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "})
    CHECK_FALSE(read_http_date(wrong));
}

TEST_CASE("one range is served, cut to what there is") {
  CHECK(is(get(""), 200, 0, 1000));
  CHECK(is(get("Range: bytes=0-0"), 206, 0, 1));
  CHECK(is(get("Range: bytes=10-"), 206, 10, 990));
  CHECK(is(get("Range: BYTES= 999-5000"), 206, 999, 1));
  CHECK(is(get("Range: bytes=-1"), 206, 999, 1));
  CHECK(is(get("Range: bytes=-5000"), 206, 0, 1000));
  CHECK(is(get("Range: bytes=0-9223372036854775807"), 206, 0, 1000));
  CHECK(get("Range: bytes=1000-").status == 416);
  CHECK(get("Range: bytes=-0").status == 416);
  CHECK(get("Range: bytes=0-", Representation{}).status == 416);
  for (const char* passed_over : {"bytes=0-0,5-6", "bytes=5-4", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2",
                                  "bytes=+1-2", "bytes=1-2-3", "bytes=1 - 2", "bytes=99999999999999999999-"})
    CHECK(is(get("Range: " + std::string(passed_over)), 200, 0, 1000));
  CHECK(is(get("Range: bytes=0-0\r\nRange: bytes=0-0"), 200, 0, 1000));
  CHECK(is(get("Range: bytes=0-0", kFile, "HEAD"), 200, 0, 1000));
}

TEST_CASE("a range of another version is the whole of this one") {
  CHECK(is(get("Range: bytes=1-2\r\nIf-Range: \"a,b\""), 206, 1, 2));
  CHECK(is(get("Range: bytes=1-2\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT"), 206, 1, 2));
  for (const char* other : {"\"a\"", "W/\"a,b\"", "Sun, 06 Nov 1994 08:49:38 GMT", "a,b", ""})
    CHECK(get("Range: bytes=1-2\r\nIf-Range: " + std::string(other)).status == 200);
}

TEST_CASE("conditions are judged in the order of RFC 9110, 13.2.2") {
  CHECK(get("If-Match: \"x\", \"a,b\"").status == 200);
  CHECK(get("If-Match: *").status == 200);
  CHECK(get("If-Match: \"x\"").status == 412);
  CHECK(get("If-Match: W/\"a,b\"").status == 412);
  CHECK(get("If-Match: \"a,b\"\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT").status == 200);
  CHECK(get("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT").status == 412);
  CHECK(get("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT").status == 200);
  CHECK(get("If-None-Match: W/\"a,b\"").status == 304);
  CHECK(get("If-None-Match: \"x\",\"a,b\"").status == 304);
  CHECK(get("If-None-Match: *").status == 304);
  CHECK(get("If-None-Match: \"x\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT").status == 200);
  CHECK(get("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT").status == 304);
  CHECK(get("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT").status == 200);
  CHECK(get("If-Modified-Since: yesterday").status == 200);
  CHECK(get("If-Match: \"x\"\r\nRange: bytes=0-0").status == 412);
  CHECK(get("If-None-Match: \"a,b\"\r\nRange: bytes=0-0").status == 304);
}

}  // namespace weir::server
