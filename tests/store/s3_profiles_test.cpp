#include "store/s3_profiles.hpp"

#include <catch2/catch.hpp>

#include "store/content_type.hpp"
#include "store/s3_settings.hpp"

namespace weir::s3 {
namespace {

std::string name_at(const std::string& endpoint) {
  S3Options options;
  options.endpoint_url = endpoint;
  const auto settings = resolve(options);
  REQUIRE(settings.ok());
  return settings->provider->limits.name;
}

}  // namespace

TEST_CASE("A service is known by its endpoint's host", "[s3][profiles]") {
  CHECK(name_at("https://s3.eu-west-1.amazonaws.com") == "aws");
  CHECK(name_at("https://account.r2.cloudflarestorage.com") == "r2");
  CHECK(name_at("https://account.eu.r2.CloudflareStorage.com:443") == "r2");
  CHECK(name_at("https://s3.us-west-004.backblazeb2.com") == "b2");
  CHECK(name_at("https://storage.googleapis.com") == "gcs");
  CHECK(name_at("http://127.0.0.1:9000") == "generic");
  CHECK(name_at("http://[::1]:9000") == "generic");
  CHECK(name_at("https://r2.cloudflarestorage.com.evil.example") == "generic");
  CHECK(provider_of_host("").limits.name == "aws");
}

TEST_CASE("A service can be named, and a name that is none lists those that are", "[s3][profiles]") {
  S3Options options;
  options.endpoint_url = "http://127.0.0.1:9000";
  options.s3_profile = "r2";
  CHECK(resolve(options)->provider->limits.equal_parts);
  options.s3_profile = "ceph";
  CHECK(resolve(options).error().kind == Kind::invalid_argument);
  CHECK(resolve(options).status().message().find("aws, r2, b2, minio, gcs, generic") != std::string::npos);
}

TEST_CASE("Services are proven to by what they are known to take", "[s3][profiles]") {
  const auto proof = [](const char* name, S3Checksum checksum = S3Checksum::automatic) {
    S3Options options;
    options.s3_profile = name;
    options.checksum = checksum;
    return resolve(options)->proof;
  };
  CHECK(proof("aws") == Proof::trailer);
  CHECK(proof("r2") == Proof::header);
  CHECK(proof("b2") == Proof::md5);
  CHECK(proof("gcs") == Proof::md5);
  CHECK(proof("b2", S3Checksum::crc64nvme) == Proof::header);
  CHECK(proof("aws", S3Checksum::md5) == Proof::md5);
  CHECK(proof("b2", S3Checksum::none) == Proof::none);
}

TEST_CASE("An SSE-C key has 32 bytes, goes over TLS, and is not shown", "[s3][profiles]") {
  S3Options options;
  options.sse_customer_key = "too-short-secret";
  CHECK(resolve(options).error().kind == Kind::invalid_argument);
  CHECK(resolve(options).status().message().find("secret") == std::string::npos);
  options.sse_customer_key = std::string(32, 'k');
  CHECK(resolve(options).ok());
  options.endpoint_url = "http://store.example";
  CHECK(resolve(options).error().kind == Kind::invalid_argument);
  options.endpoint_url = "http://localhost.evil.example";
  CHECK(resolve(options).error().kind == Kind::invalid_argument);
  options.endpoint_url = "http://localhost:9000";
  const auto settings = resolve(options);
  REQUIRE(settings.ok());
  CHECK(settings->customer_key.at(0).second == "AES256");
  CHECK(settings->customer_key.at(1).second == "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=");
}

TEST_CASE("A key's last suffix tells its content type", "[s3][profiles]") {
  CHECK(content_type_of("a/b.txt") == "text/plain");
  CHECK(content_type_of("PHOTO.JPeG") == "image/jpeg");
  CHECK(content_type_of("archive.tar.zst") == "application/zstd");
  CHECK(content_type_of("7z.7z") == "application/x-7z-compressed");
  CHECK(content_type_of("x.zip") == "application/zip");
  CHECK(content_type_of("dir.txt/none").empty());
  CHECK(content_type_of(".txt").empty());
  CHECK(content_type_of("a.").empty());
  CHECK(content_type_of("a.unknown").empty());
  CHECK(content_type_of("").empty());
}

}  // namespace weir::s3
