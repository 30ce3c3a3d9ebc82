// Object operations against a real S3 server, named by WEIR_TEST_S3_ENDPOINT (see tests/servers/servers.py).
#include <algorithm>
#include <set>
#include <thread>

#include "store/s3_live_tools.hpp"

namespace weir::live {
namespace {

/// Keys that break clients: encoded once too often or too seldom, normalised, or read as something else.
const std::vector<std::string> kAwkward = {
    "with space",      "plus+plus",        "per%cent",    "slash%2Fencoded", "%",        "%zz",
    "a&b=c?d#e",       "emoji-\U0001f600", "nfc-\u00e9",  "nfd-e\u0301",     "quote'\"", "semi;colon:@!$,*()",
    "[brackets]{}|^`", "tilde~dot.",       "back\\slash", "<xml>&amp;",
};

std::string long_key(std::size_t bytes, const std::string& prefix) {
  std::string key = prefix;
  while (key.size() < bytes) key += key.size() % 100 == 99 ? '/' : 'k';
  if (key.back() == '/') key.back() = 'k';
  return key;
}

}  // namespace

TEST_CASE("An object that was put is found, read back, and gone after remove", "[s3]") {
  const S3Location place = location("simple");
  const std::string bytes = noise(1234567);
  ObjectOptions options;
  options.content_type = "text/x-weir";
  options.metadata = {{"color", "blue"}, {"name", "Gr\u00fc\u00dfe"}};
  const auto target = s3_target(client(), place, options);
  const auto stored = put_whole(*target, memory_part(bytes));
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  CHECK(stored->length == bytes.size());
  CHECK_FALSE(stored->etag.empty());
  CHECK(stored->sent_crc64nvme == crc(bytes));

  const auto info = client()->head(place);
  REQUIRE(info.ok());
  CHECK(info->size == bytes.size());
  CHECK(info->etag == stored->etag);
  CHECK(is_checked(info->crc64nvme, crc(bytes)));
  CHECK(info->content_type == "text/x-weir");
  CHECK(info->content_encoding.empty());
  CHECK(info->metadata.at("color") == "blue");
  CHECK(info->metadata.at("name") == "Gr\u00fc\u00dfe");
  CHECK(info->modified_unix > 1700000000);

  CHECK(*read_back(place) == bytes);
  CHECK(client()->remove(place).ok());
  CHECK(client()->head(place).error().kind == Kind::not_found);
  CHECK(client()->remove(place).ok());
}

TEST_CASE("Awkward keys are stored, listed and read under exactly their name", "[s3]") {
  std::set<std::string> expected;
  for (const std::string& name : kAwkward) {
    const S3Location place = location("awkward/" + name);
    INFO(place.key);
    const auto stored = put_whole(*s3_target(client(), place), memory_part(name));
    INFO(stored.status().message());
    REQUIRE(stored.ok());
    const auto bytes = read_back(place);
    INFO(bytes.status().message());
    REQUIRE(bytes.ok());
    CHECK(*bytes == name);
    expected.insert(place.key);
  }
  const auto listing = client()->list(bucket(), {location("awkward/").key, "", "", 0});
  REQUIRE(listing.ok());
  std::set<std::string> found;
  for (const auto& entry : listing->objects) found.insert(entry.key);
  CHECK(found == expected);
}

TEST_CASE("A key of 1,024 bytes works, one of 1,025 is refused before anything is sent", "[s3]") {
  const S3Location fits{bucket(), long_key(1024, location("long/").key)};
  REQUIRE(fits.key.size() == 1024);
  const auto stored = put_whole(*s3_target(client(), fits), memory_part("x"));
  INFO(stored.status().message());
  CHECK(stored.ok());
  CHECK(client()->head(fits)->size == 1);

  const S3Location above{bucket(), fits.key + "k"};
  CHECK(put_whole(*s3_target(client(), above), memory_part("x")).error().kind == Kind::limit);
  CHECK(begin(*s3_target(client(), above)).error().http_status == 0);
  CHECK(client()->head(above).error().kind == Kind::limit);
}

TEST_CASE("An object of 0 bytes is an object", "[s3]") {
  for (const bool replayed : {false, true}) {
    const S3Location place = location(replayed ? "empty-range" : "empty");
    const auto target = s3_target(client(), place);
    const auto stored =
        put_whole(*target, replayed ? range_part(std::make_shared<MemoryReplay>(""), 0, 0) : memory_part(""));
    INFO(stored.status().message());
    REQUIRE(stored.ok());
    CHECK(inspect(*target)->length == 0);
    CHECK(is_checked(inspect(*target)->crc64nvme, 0));
    CHECK(read_back(place)->empty());
  }
}

TEST_CASE("A listing of several pages has every key once, in order", "[s3]") {
  for (int i = 0; i < 7; ++i) {
    REQUIRE(put_whole(*s3_target(client(), location(fmt::format("pages/d{}/k", i % 3) + std::to_string(i))),
                      memory_part("x"))
                .ok());
  }
  const std::string prefix = location("pages/").key;
  std::vector<std::string> keys;
  ListOptions asked{prefix, "", "", 2};
  int pages = 0;
  do {
    const auto page = client()->list(bucket(), asked);
    INFO(page.status().message());
    REQUIRE(page.ok());
    CHECK(page->objects.size() <= 2);
    for (const auto& entry : page->objects) {
      keys.push_back(entry.key);
      CHECK(entry.size == 1);
      CHECK(entry.modified_unix > 1700000000);
    }
    asked.token = page->next_token;
  } while (!asked.token.empty() && ++pages < 10);
  CHECK(keys.size() == 7);
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 7);

  const auto folded = client()->list(bucket(), {prefix, "/", "", 0});
  REQUIRE(folded.ok());
  CHECK(folded->objects.empty());
  CHECK(folded->common_prefixes == std::vector<std::string>{prefix + "d0/", prefix + "d1/", prefix + "d2/"});
}

TEST_CASE("A wrong secret and a missing bucket are told apart, in the store's words", "[s3]") {
  S3Options wrong = options();
  wrong.credentials = static_credentials({variable("AWS_ACCESS_KEY_ID"), "not-the-secret", ""});
  const auto refused = put_whole(*s3_target(client(wrong), location("refused")), memory_part("x"));
  if (is_lenient()) {
    WARN("moto accepts every signature: the wrong secret was not refused, as expected of it");
    CHECK(refused.ok());
  } else {
    CHECK(refused.error().kind == Kind::access_denied);
    CHECK(refused.error().http_status == 403);
    CHECK(refused.error().service_code == "SignatureDoesNotMatch");
    CHECK(refused.error().cause.starts_with("403 SignatureDoesNotMatch from the store: "));
    CHECK(refused.status().message().find("not-the-secret") == std::string::npos);
  }
  const S3Location nowhere{"weir-no-such-bucket", "key"};
  const auto missing = put_whole(*s3_target(client(), nowhere), memory_part("x"));
  CHECK(missing.error().kind == Kind::not_found);
  CHECK(missing.error().service_code == "NoSuchBucket");
  CHECK(client()->list(nowhere.bucket, {}).error().service_code == "NoSuchBucket");
  CHECK(client()->head(nowhere).error().kind == Kind::not_found);
}

TEST_CASE("A presigned URL can be used by anyone who speaks HTTP", "[s3]") {
  const S3Location place = location("presigned a+b%2F\u00e9");
  REQUIRE(put_whole(*s3_target(client(), place), memory_part("for all")).ok());
  net::ClientOptions plain;
  plain.ca_bundle = variable("AWS_CA_BUNDLE");
  const auto http = net::Client::make(plain);
  net::Request get;
  get.url = *client()->presign("GET", place, std::chrono::minutes(5));
  CHECK(http->fetch(get)->body == "for all");
  net::Request put;
  put.method = "PUT";
  put.url = *client()->presign("PUT", location("presigned-put"), std::chrono::minutes(5));
  put.body = net::body_of("from anyone");
  CHECK(http->fetch(put)->status == 200);
  CHECK(*read_back(location("presigned-put")) == "from anyone");
  if (!is_lenient()) {
    get.url.back() = get.url.back() == '0' ? '1' : '0';
    CHECK(http->fetch(get)->status == 403);
  }
}

TEST_CASE("Virtual-host addressing reaches the same objects", "[s3]") {
  const std::string endpoint = variable("WEIR_TEST_S3_VHOST_ENDPOINT");
  if (endpoint.empty() || endpoint.starts_with("https")) {
    WARN("this server has no virtual hosts, or no certificate for them");
    return;
  }
  S3Options wanted = options();
  wanted.endpoint_url = endpoint;
  wanted.addressing = S3Addressing::virtual_host;
  const S3Location place = location("virtual host+%");
  const auto stored = put_whole(*s3_target(client(wanted), place), memory_part("x"));
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  CHECK(*read_back(place) == "x");
}

TEST_CASE("A source is held back by its grant and its budget, and still delivers every byte", "[s3]") {
  const S3Location place = location("download");
  const std::string bytes = noise(9 * kMiB + 12345);
  REQUIRE(put_whole(*s3_target(client(), place), memory_part(bytes)).ok());

  auto source = download_from(s3_origin(client(), place));
  Reader reader(8 * kMiB, 1 * kMiB);
  REQUIRE(reader.open(*source).ok());
  CHECK(reader.upstream().exact_bytes == bytes.size());
  std::string read(reader.next(*source)->text());
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(reader.budget().used_bytes() <= 1 * kMiB + kSliceBytes);
  for (auto chunk = reader.next(*source); chunk.ok() && !chunk->empty(); chunk = reader.next(*source))
    read += chunk->text();
  CHECK(read == bytes);
  if (!is_lenient()) CHECK(source->facts()["source_crc64nvme_verified"] == crc64nvme_base64(crc(bytes)));
  source.reset();
  CHECK(reader.budget().used_bytes() == 0);
}

TEST_CASE("An object is read in ranges at once, and checked as a whole", "[s3]") {
  const S3Location place = location("many ranges");
  const std::string bytes = noise(9 * kMiB + 12345);
  REQUIRE(put_whole(*s3_target(client(), place), memory_part(bytes)).ok());
  DownloadOptions small;
  small.part_bytes = kMiB;
  auto source = download_from(s3_origin(client(), place), small);
  Reader reader(64 * kMiB, 8 * kMiB);
  const auto read = reader.all(*source);
  INFO(read.status().message());
  REQUIRE(read.ok());
  CHECK(*read == bytes);
  CHECK(reader.budget().peak_bytes() <= 8 * kMiB);
  if (!is_lenient()) CHECK(source->facts()["source_crc64nvme_verified"] == crc64nvme_base64(crc(bytes)));
}

TEST_CASE("A source reads any range, and says what it cannot read", "[s3]") {
  const S3Location place = location("ranges");
  const std::string bytes = noise(100000);
  REQUIRE(put_whole(*s3_target(client(), place), memory_part(bytes)).ok());
  const auto read = [&](ByteRange range) {
    auto source = download_from(s3_origin(client(), place), {.range = range});
    return Reader().all(*source);
  };
  CHECK(*read({10, 20}) == bytes.substr(10, 20));
  CHECK(*read({99999, {}}) == bytes.substr(99999));
  CHECK(*read({50000, 1000000}) == bytes.substr(50000));
  CHECK(read({100000, {}})->empty());
  CHECK(read({100001, {}}).error().kind == Kind::invalid_argument);
  auto missing = download_from(s3_origin(client(), location("nothing here")));
  CHECK(Reader().all(*missing).error().kind == Kind::not_found);
}

TEST_CASE("An object replaced during a download is source_changed, never a mixture", "[s3]") {
  const S3Location place = location("replaced");
  REQUIRE(put_whole(*s3_target(client(), place), memory_part(noise(1000, 1))).ok());
  auto source = download_from(s3_origin(client(), place));
  Reader reader;
  REQUIRE(reader.open(*source).ok());
  REQUIRE(put_whole(*s3_target(client(), place), memory_part(noise(1000, 2))).ok());
  CHECK(reader.next(*source).error().kind == Kind::source_changed);
}

TEST_CASE("A source dropped in the middle gives back its memory and stops its request", "[s3]") {
  const S3Location place = location("dropped");
  REQUIRE(put_whole(*s3_target(client(), place), memory_part(noise(6 * kMiB))).ok());
  Reader reader;
  {
    auto source = download_from(s3_origin(client(), place));
    REQUIRE(reader.open(*source).ok());
    CHECK_FALSE(reader.next(*source)->empty());
  }
  CHECK(reader.budget().used_bytes() == 0);
}

}  // namespace weir::live
