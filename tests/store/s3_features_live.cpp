// What objects are stored with, conditions and copies, against a real S3 server (see tests/servers/servers.py).
#include "store/s3_live_tools.hpp"
#include "store/s3_store.hpp"
#include "store/s3_xml.hpp"

namespace weir::live {
namespace {

ObjectOptions dressed() {
  ObjectOptions options;
  options.content_type = "text/x-weir";
  options.cache_control = "max-age=60, private";
  options.content_disposition = "attachment; filename=\"a b.txt\"";
  options.content_encoding = "identity-of-weir";
  options.metadata = {{"color", "blue"}, {"name", "Gr\u00fc\u00dfe"}};
  options.tags = {{"team", "a+b=c/d @"}, {"empty", ""}};
  return options;
}

void check_dressed(const ObjectInfo& info) {
  const ObjectOptions wanted = dressed();
  CHECK(info.content_type == wanted.content_type);
  CHECK(info.cache_control == wanted.cache_control);
  CHECK(info.content_disposition == wanted.content_disposition);
  CHECK(info.content_encoding == wanted.content_encoding);
  CHECK(info.metadata == wanted.metadata);
}

std::shared_ptr<s3::Wire> wire() { return std::static_pointer_cast<s3::Wire>(client()); }

std::map<std::string, std::string> tags_of(const S3Location& place) {
  s3::WireRequest request;
  request.operation = "read tags";
  request.bucket = place.bucket;
  request.key = place.key;
  request.query = {{"tagging", ""}};
  request.payload_hash = net::sha256_hex("");
  const auto answer = wire()->call(request);
  INFO(answer.status().message());
  REQUIRE(answer.ok());
  return *s3::parse_tags(answer->body);
}

Result<Stored> put(const S3Location& place, const std::string& bytes, const ObjectOptions& options = {}) {
  return put_whole(*s3_target(client(), place, options), memory_part(bytes));
}

Result<Stored> put_in_parts(const S3Location& place, const std::string& bytes, const ObjectOptions& options) {
  const auto target = s3_target(client(), place, options);
  WEIR_ASSIGN(const std::string id, begin(*target));
  WEIR_ASSIGN(const PartReceipt part, put_part(*target, id, memory_part(bytes)));
  auto stored = commit(*target, id, {part}, {bytes.size(), crc(bytes)});
  if (!stored) CHECK(abort(*target, id).ok());
  return stored;
}

}  // namespace

TEST_CASE("An object has what it was stored with, in one request and in parts", "[s3][features]") {
  for (const bool parts : {false, true}) {
    const S3Location place = location(parts ? "dressed/parts" : "dressed/whole");
    const std::string bytes = noise(10000);
    const auto stored = parts ? put_in_parts(place, bytes, dressed()) : put(place, bytes, dressed());
    INFO(stored.status().message());
    REQUIRE(stored.ok());
    check_dressed(*client()->head(place));
    CHECK(tags_of(place) == dressed().tags);
    CHECK(*read_back(place) == bytes);
  }
}

TEST_CASE("The content type follows from the key where none is given", "[s3][features]") {
  const S3Location place = location("typed/page.HTML");
  REQUIRE(put(place, "x").ok());
  CHECK(client()->head(place)->content_type == "text/html");
  ObjectOptions options;
  options.content_type = "a/b";
  REQUIRE(put(place, "x", options).ok());
  CHECK(client()->head(place)->content_type == "a/b");
}

TEST_CASE("A storage class is kept", "[s3][features]") {
  const S3Location place = location("class");
  ObjectOptions options;
  options.storage_class = "REDUCED_REDUNDANCY";
  const auto stored = put(place, "x", options);
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  // versitygw takes the header and knows one class only.
  if (variable("WEIR_TEST_S3_SERVER") != "versitygw") {
    CHECK(client()->head(place)->storage_class == "REDUCED_REDUNDANCY");
  }
}

TEST_CASE("What is there is not replaced where that was not to happen", "[s3][features]") {
  for (const bool parts : {false, true}) {
    const S3Location place = location(parts ? "there/parts" : "there/whole");
    const auto store = [&](const std::string& bytes, const ObjectOptions& options) {
      return parts ? put_in_parts(place, bytes, options) : put(place, bytes, options);
    };
    ObjectOptions absent;
    absent.no_clobber = true;
    const auto first = store("first", absent);
    INFO(first.status().message());
    REQUIRE(first.ok());
    const auto second = store("second", absent);
    CHECK(second.error().kind == Kind::already_exists);
    CHECK(second.error().retry == Retry::never);
    CHECK(second.status().message().find("there is an object already") != std::string::npos);
    CHECK(*read_back(place) == "first");
    ObjectOptions match;
    match.if_match = client()->head(place)->etag;
    // moto reads no If-Match on writes.
    const auto third = store("third", match);
    INFO(third.status().message());
    CHECK(third.ok());
    if (is_lenient()) continue;
    CHECK(store("fourth", match).error().kind == Kind::already_exists);
    CHECK(*read_back(place) == "third");
    CHECK(client()->remove(place).ok());
    CHECK(store("fifth", match).error().kind == Kind::already_exists);
    CHECK(client()->head(place).error().kind == Kind::not_found);
  }
}

TEST_CASE("A copy keeps what the source has, or has what is given instead", "[s3][features]") {
  const std::string bytes = noise(11 * 1024 * 1024, 7);
  const S3Location from = location("copied/from +%\u00e9");
  REQUIRE(put(from, bytes, dressed()).ok());
  for (const std::uint64_t single_bytes : {std::uint64_t{5} << 30, std::uint64_t{1} << 20}) {
    const s3::CopyLimits limits{single_bytes, 5 * kMiB};
    const S3Location to = location(fmt::format("copied/to {}", single_bytes));
    const auto copied = s3::copy_object(wire(), from, to, {}, limits);
    INFO(copied.status().message());
    REQUIRE(copied.ok());
    check_dressed(*copied);
    CHECK(tags_of(to) == dressed().tags);
    CHECK(*read_back(to) == bytes);
    ObjectOptions other;
    other.metadata = {{"color", "red"}};
    other.tags = {{"team", "z"}};
    const auto changed = s3::copy_object(wire(), from, to, other, limits);
    INFO(changed.status().message());
    REQUIRE(changed.ok());
    CHECK(changed->metadata == other.metadata);
    CHECK(changed->content_type == "text/x-weir");
    CHECK(changed->cache_control == dressed().cache_control);
    CHECK(tags_of(to) == other.tags);
    ObjectOptions absent;
    absent.no_clobber = true;
    CHECK(s3::copy_object(wire(), from, to, absent, limits).error().kind == Kind::already_exists);
  }
}

TEST_CASE("What cannot be a header of the user's is refused before anything is sent", "[s3][features]") {
  const auto refused = [](auto change) {
    ObjectOptions options;
    change(options);
    const S3Location place = location("refused");
    const auto one = put(place, "x", options);
    CHECK(client()->head(place).error().kind == Kind::not_found);
    CHECK(begin(*s3_target(client(), place, options)).error().kind == one.error().kind);
    return one.error().kind;
  };
  CHECK(refused([](auto& o) { o.headers["x-amz-acl"] = "private\r\nx-evil: 1"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.headers["X-Amz-Date"] = "now"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.headers["x-amz-copy-source"] = "/b/k"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.headers["x-amz-server-side-encryption-customer-key"] = "k"; }) ==
        Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.headers["authorization"] = "x"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.cache_control = "a\nb"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.storage_class = "\x01"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) { o.tags[""] = "x"; }) == Kind::invalid_argument);
  CHECK(refused([](auto& o) {
          for (int i = 0; i < 11; ++i) o.tags[std::to_string(i)] = "x";
        }) == Kind::limit);
  CHECK(refused([](auto& o) {
          o.no_clobber = true;
          o.if_match = "e";
        }) == Kind::invalid_argument);
}

TEST_CASE("A presigned URL gets and puts without keys", "[s3][features]") {
  const auto store = s3_store(client(), bucket());
  const std::string key = location("presigned +\u00e9").key;
  net::ClientOptions plain;
  plain.ca_bundle = variable("AWS_CA_BUNDLE");
  const auto http = net::Client::make(plain);
  const auto send = [&](const std::string& method, const std::string& body) {
    net::Request request;
    request.method = method;
    request.url = *store->presign(method, key, std::chrono::minutes(5));
    if (method == "PUT") request.body = net::body_of(body);
    const auto response = http->fetch(request);
    INFO(response.status().message());
    REQUIRE(response.ok());
    return *response;
  };
  CHECK(send("PUT", "presigned bytes").status == 200);
  CHECK(send("GET", "").body == "presigned bytes");
  CHECK_FALSE(store->presign("GET", key, std::chrono::hours(24 * 8)).ok());
}

}  // namespace weir::live
