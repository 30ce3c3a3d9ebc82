// Signatures against the examples that AWS publishes for S3 ("Authenticating Requests", header, query and streaming).
#include "net/sigv4.hpp"

#include <catch2/catch.hpp>

#include "net/url.hpp"

namespace weir::net {
namespace {

constexpr std::int64_t kMay2013 = 1369353600;  // 2013-05-24T00:00:00Z

SigningScope example_scope() {
  return {{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""}, "us-east-1", kMay2013};
}

SigningRequest example(std::string method, std::string path, Query query = {}, Headers headers = {}) {
  SigningRequest request;
  request.method = std::move(method);
  request.host = "examplebucket.s3.amazonaws.com";
  request.path = std::move(path);
  request.query = std::move(query);
  request.headers = std::move(headers);
  request.payload_hash = sha256_hex("");
  return request;
}

std::string header_of(const Headers& headers, const std::string& name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "";
}

std::string signature_of(const SigningRequest& request) {
  const std::string authorization = header_of(sign_headers(request, example_scope()), "authorization");
  return authorization.substr(authorization.find("Signature=") + 10);
}

}  // namespace

TEST_CASE("A signed GET with a Range is the one AWS publishes", "[sigv4]") {
  const SigningRequest request = example("GET", "/test.txt", {}, {{"Range", "bytes=0-9"}});
  CHECK(signature_of(request) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(header_of(sign_headers(request, example_scope()), "authorization") ==
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_CASE("A signed PUT with a hashed payload is the one AWS publishes", "[sigv4]") {
  SigningRequest request =
      example("PUT", "/" + percent_encode("test$file.text", true), {},
              {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}});
  request.payload_hash = sha256_hex("Welcome to Amazon S3.");
  CHECK(request.path == "/test%24file.text");
  CHECK(signature_of(request) == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_CASE("A query name without a value and a sorted query are signed as AWS publishes", "[sigv4]") {
  CHECK(signature_of(example("GET", "/", {{"lifecycle", ""}})) ==
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(signature_of(example("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}})) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("A presigned GET is the one AWS publishes", "[sigv4]") {
  CHECK(presign_query(example("GET", "/test.txt"), example_scope(), 86400) ==
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST_CASE("The head of a streamed payload is signed as AWS publishes", "[sigv4]") {
  SigningRequest request = example("PUT", "/examplebucket/chunkObject.txt", {},
                                   {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                    {"Content-Encoding", "aws-chunked"},
                                    {"x-amz-decoded-content-length", "66560"},
                                    {"Content-Length", "66824"}});
  request.host = "s3.amazonaws.com";
  request.payload_hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
  CHECK(signature_of(request) == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");

  request.headers.pop_back();
  request.headers.emplace_back("x-amz-trailer", "x-amz-checksum-crc32c");
  request.payload_hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
  CHECK(signature_of(request) == "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
}

TEST_CASE("What a proxy may change is not signed", "[sigv4]") {
  const std::string plain = signature_of(example("GET", "/a"));
  CHECK(signature_of(example("GET", "/a", {}, {{"Accept-Encoding", "gzip"}, {"User-Agent", "x"}, {"Expect", ""}})) ==
        plain);
  CHECK(signature_of(example("GET", "/a", {}, {{"x-amz-meta-a", "b"}})) != plain);
}

TEST_CASE("A session token is sent and signed", "[sigv4]") {
  SigningScope scope = example_scope();
  scope.credentials.session_token = "token";
  const Headers headers = sign_headers(example("GET", "/a"), scope);
  CHECK(header_of(headers, "x-amz-security-token") == "token");
  CHECK(header_of(headers, "authorization").find("x-amz-date;x-amz-security-token,") != std::string::npos);
  CHECK(presign_query(example("GET", "/a"), scope, 60).find("&X-Amz-Security-Token=token&") != std::string::npos);
}

TEST_CASE("Keys are encoded once, byte by byte, and never normalised", "[sigv4]") {
  CHECK(percent_encode("a b+c%2F/ü/../x//", true) == "a%20b%2Bc%252F/%C3%BC/../x//");
  CHECK(canonical_query({{"b", "2"}, {"a", "2"}, {"a", "1"}, {"a b", "="}}) == "a=1&a=2&a%20b=%3D&b=2");
}

}  // namespace weir::net
