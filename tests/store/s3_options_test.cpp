// Locations, endpoints, metadata: what is decided before anything is sent.
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <optional>

#include "store/s3_metadata.hpp"
#include "store/s3_settings.hpp"

namespace weir::s3 {
namespace {

/// An environment in which nothing of AWS is set but what a test sets.
class Environment {
 public:
  explicit Environment(std::vector<std::pair<const char*, const char*>> values = {}) {
    for (const char* name :
         {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CA_BUNDLE",
          "AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"}) {
      set(name, nullptr);
    }
    set("AWS_CONFIG_FILE", "/nonexistent/config");
    set("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
    for (const auto& [name, value] : values) set(name, value);
  }
  ~Environment() {
    for (auto it = before_.rbegin(); it != before_.rend(); ++it) {
      it->second ? ::setenv(it->first, it->second->c_str(), 1) : ::unsetenv(it->first);
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* name, const char* value) {
    const char* old = ::getenv(name);
    before_.emplace_back(name, old == nullptr ? std::nullopt : std::optional<std::string>(old));
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  std::vector<std::pair<const char*, std::optional<std::string>>> before_;
};

std::string url_of(const S3Options& options, const std::string& bucket, const std::string& key) {
  const auto settings = resolve(options);
  REQUIRE(settings.ok());
  const Place place = place_of(*settings, settings->region, bucket, key);
  return place.scheme + "://" + place.authority + place.path;
}

}  // namespace

TEST_CASE("A location is bucket and key, byte for byte", "[s3]") {
  const auto place = S3Location::parse("s3://bucket/a b//../%2F?x#y/");
  REQUIRE(place.ok());
  CHECK(place->bucket == "bucket");
  CHECK(place->key == "a b//../%2F?x#y/");
  CHECK(place->url() == "s3://bucket/a b//../%2F?x#y/");
  CHECK(S3Location::parse("s3://bucket")->key.empty());
  CHECK(S3Location::parse("s3://bucket//")->key == "/");
  CHECK(S3Location::parse("s3://b/" + std::string(1024, 'k'))->check_object().ok());
}

TEST_CASE("A location that cannot be one says why", "[s3]") {
  const auto kind = [](const std::string& url) { return S3Location::parse(url).error().kind; };
  CHECK(kind("") == Kind::invalid_argument);
  CHECK(kind("file:x") == Kind::invalid_argument);
  CHECK(kind("s3:/bucket/key") == Kind::invalid_argument);
  CHECK(kind("s3://") == Kind::invalid_argument);
  CHECK(kind("s3:///key") == Kind::invalid_argument);
  CHECK(kind("s3://bu cket/key") == Kind::invalid_argument);
  CHECK(kind("s3://user:password@host/key") == Kind::invalid_argument);
  CHECK(kind("s3://../key") == Kind::invalid_argument);
  CHECK(kind("s3://b/" + std::string(1025, 'k')) == Kind::limit);
  CHECK(S3Location::parse("s3:///key").error().cause == "the bucket's name is missing");
  CHECK(S3Location{"b", ""}.check_object().error().cause == "the key is empty");
  CHECK(S3Location::parse("s3://b/" + std::string(1025, 'k')).error().cause ==
        "the key has 1025 bytes, S3 allows 1024");
}

TEST_CASE("AWS is reached by virtual host, and by path where no certificate fits the name", "[s3]") {
  Environment none;
  CHECK(url_of({}, "bucket", "a b/\u00e9+") == "https://bucket.s3.us-east-1.amazonaws.com/a%20b/%C3%A9%2B");
  CHECK(url_of({}, "dotted.name", "k") == "https://s3.us-east-1.amazonaws.com/dotted.name/k");
  CHECK(url_of({}, "bucket", "") == "https://bucket.s3.us-east-1.amazonaws.com/");
  S3Options china;
  china.region = "cn-north-1";
  CHECK(url_of(china, "bucket", "k") == "https://bucket.s3.cn-north-1.amazonaws.com.cn/k");
  S3Options path;
  path.addressing = S3Addressing::path;
  CHECK(url_of(path, "bucket", "k") == "https://s3.us-east-1.amazonaws.com/bucket/k");
}

TEST_CASE("An endpoint of one's own is reached by path, or by virtual host if asked", "[s3]") {
  Environment none;
  S3Options options;
  options.endpoint_url = "http://LOCALHOST:9000/base/";
  CHECK(url_of(options, "bucket", "/k") == "http://LOCALHOST:9000/base/bucket//k");
  options.endpoint_url = "https://[::1]:443";
  CHECK(url_of(options, "bucket", "k") == "https://[::1]/bucket/k");
  options.endpoint_url = "http://localhost:9000";
  options.addressing = S3Addressing::virtual_host;
  CHECK(url_of(options, "bucket", "k") == "http://bucket.localhost:9000/k");
}

TEST_CASE("An endpoint or region that cannot work is refused, and its password is not repeated", "[s3]") {
  Environment none;
  for (const char* url :
       {"localhost:9000", "ftp://host", "https://", "https://user:secret@host", "https://host/?q=secret"}) {
    S3Options options;
    options.endpoint_url = url;
    const auto settings = resolve(options);
    INFO(url);
    CHECK(settings.error().kind == Kind::invalid_argument);
    CHECK(settings.status().message().find("secret") == std::string::npos);
  }
  S3Options options;
  options.region = "evil.example/";
  CHECK(resolve(options).error().kind == Kind::invalid_argument);
}

TEST_CASE("The environment fills in what options leave empty, the S3 variable before the general one", "[s3]") {
  Environment set({{"AWS_ENDPOINT_URL", "http://general"},
                   {"AWS_ENDPOINT_URL_S3", "http://special"},
                   {"AWS_DEFAULT_REGION", "r2"},
                   {"AWS_CA_BUNDLE", "/ca.pem"},
                   {"AWS_REQUEST_CHECKSUM_CALCULATION", "when_required"}});
  auto settings = resolve({});
  REQUIRE(settings.ok());
  CHECK(settings->authority == "special");
  CHECK(settings->region == "r2");
  CHECK(settings->http.ca_bundle == "/ca.pem");
  CHECK(settings->proof == Proof::none);
  S3Options options;
  options.endpoint_url = "http://option";
  options.region = "r0";
  options.checksum = S3Checksum::crc64nvme;
  settings = resolve(options);
  CHECK(settings->authority == "option");
  CHECK(settings->region == "r0");
  CHECK(settings->proof == Proof::trailer);
  Environment region({{"AWS_REGION", "r1"}, {"AWS_DEFAULT_REGION", "r2"}});
  CHECK(resolve({})->region == "r1");
}

TEST_CASE("What is read is verified unless the environment or the options say otherwise", "[s3]") {
  Environment none;
  CHECK(resolve({})->verify_downloads);
  S3Options options;
  options.checksum = S3Checksum::none;
  CHECK_FALSE(resolve(options)->verify_downloads);
  Environment set({{"AWS_RESPONSE_CHECKSUM_VALIDATION", "When_Required"}, {"AWS_REGION", nullptr}});
  CHECK_FALSE(resolve({})->verify_downloads);
  CHECK(resolve({})->proof == Proof::trailer);
  options.checksum = S3Checksum::crc64nvme;
  CHECK(resolve(options)->verify_downloads);
}

TEST_CASE("R2 is known to want equal parts", "[s3]") {
  Environment none;
  S3Options options;
  options.endpoint_url = "https://account.r2.cloudflarestorage.com";
  CHECK(resolve(options)->provider->limits.equal_parts);
  CHECK_FALSE(resolve({})->provider->limits.equal_parts);
  CHECK(resolve({})->provider->limits.max_object_bytes == 10000ull * 5 * 1024 * kMiB);
}

ObjectOptions with(const std::string& content_type, const std::map<std::string, std::string>& metadata) {
  ObjectOptions options;
  options.content_type = content_type;
  options.metadata = metadata;
  return options;
}

TEST_CASE("Metadata is checked before it is sent, and non-ASCII survives", "[s3]") {
  const auto headers = object_headers(with("text/plain", {{"a", "plain"}, {"b", "Gr\u00fc\u00dfe \U0001f600"}}));
  REQUIRE(headers.ok());
  CHECK(headers->at(0) == std::pair<std::string, std::string>("content-type", "text/plain"));
  CHECK(headers->at(1) == std::pair<std::string, std::string>("x-amz-meta-a", "plain"));
  CHECK(headers->at(2).second == "=?UTF-8?B?R3LDvMOfZSDwn5iA?=");
  CHECK(decode_words(headers->at(2).second) == "Gr\u00fc\u00dfe \U0001f600");
  CHECK(decode_words("=?UTF-8?Q?Gr=C3=BC_e=3F?= =?utf-8?b?YQ==?= and a=?b") == "Gr\u00fc e?a and a=?b");
  CHECK(object_headers(with("", {{"a", "x\r\nx-amz-acl: public-read"}})).error().kind == Kind::invalid_argument);
  CHECK(object_headers(with("", {{"a b", "x"}})).error().kind == Kind::invalid_argument);
  CHECK(object_headers(with("", {{"", "x"}})).error().kind == Kind::invalid_argument);
  CHECK(object_headers(with("text/plain\n", {})).error().kind == Kind::invalid_argument);
  CHECK(object_headers(with("", {{"a", std::string(2047, 'x')}})).ok());
  CHECK(object_headers(with("", {{"a", std::string(2048, 'x')}})).error().kind == Kind::limit);
}

}  // namespace weir::s3
