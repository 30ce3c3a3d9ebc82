// Percent-encoding, splitting, putting together, showing.
#include <catch2/catch.hpp>

#include "net/url.hpp"

using namespace weir;
using namespace weir::net;

TEST_CASE("percent-encoding keeps the unreserved bytes and nothing else", "[url]") {
  CHECK(percent_encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(percent_encode("a b/c+d%\xc3\xbc*'()") == "a%20b%2Fc%2Bd%25%C3%BC%2A%27%28%29");
  CHECK(percent_encode("a b/c", true) == "a%20b/c");
  CHECK(percent_encode(std::string_view("\0\xff", 2)) == "%00%FF");
}

TEST_CASE("decoding gives every byte back, and refuses what is no encoding", "[url]") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(percent_decode(percent_encode(all)).value() == all);
  CHECK(percent_decode("a+b%2fc").value() == "a+b/c");
  for (const char* broken : {"%", "a%2", "%2G", "%G2", "%%41"}) {
    INFO(broken);
    CHECK(percent_decode(broken).status().kind() == Kind::invalid_argument);
  }
}

TEST_CASE("a URL is split into its parts and put together again", "[url]") {
  const auto parts = split_url("HTTPS://Bucket.example:8443/a/../b%2f//c?x-id=1&y=%20#part");
  REQUIRE(parts.ok());
  CHECK(parts.value() == UrlParts{"https", "Bucket.example", "8443", "/a/../b%2f//c", "x-id=1&y=%20"});
  for (const std::string url :
       {"http://h/", "http://[::1]:80/k", "https://h:1/a%2Fb/../c?q=1?2&r", "http://10.0.0.1/"}) {
    CHECK(compose_url(split_url(url).value()) == url);
  }
  CHECK(compose_url(split_url("http://h?q").value()) == "http://h/?q");
  CHECK(compose_url(split_url("http://h").value()) == "http://h/");
}

TEST_CASE("the authority leaves out the port that goes without saying", "[url]") {
  CHECK(split_url("https://h:443/").value().authority() == "h");
  CHECK(split_url("http://h:443/").value().authority() == "h:443");
  CHECK(split_url("http://[::1]:9000/").value().authority() == "[::1]:9000");
}

TEST_CASE("what is shown of a URL holds no query, no user and nothing unparsable", "[url]") {
  CHECK(redact("https://h:9000/b/k?X-Amz-Signature=secret#secret") == "https://h:9000/b/k");
  CHECK(redact("https://user:secret@h/") == "(unusable URL)");
  CHECK(redact("secret") == "(unusable URL)");
  CHECK(redact("http://h/\r\nsecret") == "(unusable URL)");
}
