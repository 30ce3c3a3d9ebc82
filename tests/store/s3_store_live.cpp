// A bucket as a Store, against a real S3 server, named by WEIR_TEST_S3_ENDPOINT (see tests/servers/servers.py).
#include <future>
#include <map>

#include "store/s3_live_tools.hpp"
#include "store/s3_store.hpp"
#include "weir/store/store.hpp"

namespace weir::live {
namespace {

std::string put(Store& store, const std::string& name, const std::string& bytes, const ObjectOptions& options = {}) {
  const std::string key = location(name).key;
  const auto stored = put_whole(*store.target(key, options), memory_part(bytes));
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  return key;
}

Result<std::string> read(Store& store, const std::string& key, std::uint64_t offset, std::uint64_t length) {
  const auto origin = store.origin(key);
  const auto info = wait<ObjectInfo>([&](auto done) { origin->look(done); });
  if (!info) return info.status();
  auto bytes = std::make_shared<std::string>();
  const auto read = wait<Target::None>([&](auto done) {
    const auto take = [bytes](std::span<const std::byte> data) {
      bytes->append(reinterpret_cast<const char*>(data.data()), data.size());
      return Status();
    };
    origin->read(*info, offset, length, take, [done](Status status) {
      done(status.ok() ? Result<Target::None>(Target::None{}) : Result<Target::None>(std::move(status)));
    });
  });
  if (!read.ok()) return read.status();
  return *bytes;
}

}  // namespace

TEST_CASE("A store puts, looks at, reads a range of, lists and removes what is under a key", "[s3][store]") {
  const auto store = s3_store(client(), bucket());
  const std::string bytes = noise(300000);
  const std::string key = put(*store, "store/one", bytes);
  CHECK(store->url(key) == "s3://" + bucket() + "/" + key);
  CHECK(store->head(key)->size == bytes.size());
  CHECK(*read(*store, key, 1000, 20000) == bytes.substr(1000, 20000));
  ListOptions options;
  options.prefix = key;
  REQUIRE(store->list(options)->objects.size() == 1);
  CHECK(store->remove(key).ok());
  CHECK(store->remove(key).ok());
  CHECK(store->head(key).error().kind == Kind::not_found);
  CHECK(store->check_key("").kind() == Kind::invalid_argument);
  CHECK(store->check_key(std::string(1025, 'k')).kind() == Kind::limit);
}

TEST_CASE("All pages of unfinished uploads are listed, and each is gone once it is removed", "[s3][store]") {
  if (is_lenient() || is_minio()) return;  // moto lists one page, and MinIO only what is begun to just that key
  const auto store = s3_store(client(), bucket());
  const std::string prefix = location("unfinished/with space+%2F\u00e9 ").key;
  std::map<std::string, std::string> begun;
  for (int i = 0; i < 1003; ++i) {
    const std::string key = fmt::format("{}{}", prefix, i == 1 ? 0 : i);
    const auto id = begin(*store->target(key, {}));
    REQUIRE(id.ok());
    begun[*id] = key;
  }
  const auto all = [&] {
    std::map<std::string, OpenUpload> found;
    std::string token;
    do {
      const auto page = store->open_uploads(prefix, token);
      INFO(page.status().message());
      REQUIRE(page.ok());
      for (const OpenUpload& upload : page->uploads) CHECK(found.emplace(upload.id, upload).second);
      token = page->next_token;
    } while (!token.empty());
    return found;
  };
  const auto found = all();
  CHECK(found.size() == begun.size());
  const std::int64_t now = platform::unix_seconds();
  for (const auto& [id, upload] : found) {
    CHECK(upload.key == begun[id]);
    CHECK(upload.begun_unix > now - 3600);
    CHECK(upload.begun_unix < now + 60);
    CHECK(store->abort_upload(upload).ok());
  }
  CHECK(all().empty());
  CHECK(store->abort_upload(found.begin()->second).ok());
}

TEST_CASE("Many objects are removed at once, those that are not there and awkward names included", "[s3][store]") {
  const auto store = s3_store(client(), bucket());
  std::vector<std::string> keys;
  for (const char* name :
       {"many/a&b<c>", "many/with space", "many/plus+%2F", "many/\u00e9\U0001f600", "many/\"quoted'"}) {
    keys.push_back(put(*store, name, "x"));
  }
  keys.push_back(location("many/never was").key);
  const auto failed = store->remove_many(keys);
  INFO(failed.status().message());
  REQUIRE(failed.ok());
  CHECK(failed->empty());
  for (const std::string& key : keys) CHECK(store->head(key).error().kind == Kind::not_found);
  const auto refused = store->remove_many({std::string(1025, 'k'), ""});
  REQUIRE(refused.ok());
  REQUIRE(refused->size() == 2);
  CHECK(refused->at(0).status.kind() == Kind::limit);
}

TEST_CASE("A copy inside the store has the bytes and what was said of them", "[s3][store]") {
  const auto store = s3_store(client(), bucket());
  ObjectOptions options;
  options.content_type = "text/x-weir";
  options.metadata = {{"color", "blue"}, {"name", "Gr\u00fc\u00dfe"}};
  const std::string bytes = noise(100000);
  const std::string from = put(*store, "copy/from one+%", bytes, options);
  const std::string to = location("copy/to").key;
  const auto copied = store->copy(store->url(from), to, {});
  INFO(copied.status().message());
  REQUIRE(copied.ok());
  CHECK(copied->size == bytes.size());
  const auto info = store->head(to);
  REQUIRE(info.ok());
  CHECK(info->content_type == "text/x-weir");
  CHECK(info->metadata == options.metadata);
  CHECK(*read_back({bucket(), to}) == bytes);
  CHECK(store->copy("file:///x", to, {}).error().kind == Kind::unsupported);
  CHECK(store->copy(store->url(location("copy/never was").key), to, {}).error().kind == Kind::not_found);
}

TEST_CASE("A copy in parts that is cancelled in its middle leaves neither object nor upload", "[s3][store]") {
  if (variable("WEIR_TEST_S3_SERVER") == "fault") return;  // s3_copy_faults_live.cpp stops it at each step
  constexpr std::uint64_t kParts = 16;
  const S3Location from = location("cancelled/from");
  const S3Location to = location("cancelled/to");
  const std::string bytes = noise(kParts * 5 * kMiB);
  REQUIRE(put_whole(*s3_target(client(), from), memory_part(bytes)).ok());
  store::Cancellation stop;
  const auto wire = std::static_pointer_cast<s3::Wire>(client());
  auto copied = std::async(std::launch::async, [&] {
    return s3::copy_object(wire, from, to, {}, {kMiB, 5 * kMiB}, &stop);
  });
  while (uploads_under_way(to) == 0 && copied.wait_for(std::chrono::seconds(0)) == std::future_status::timeout) {
  }
  stop.cancel();
  const auto result = copied.get();
  INFO(result.status().message());
  CHECK(uploads_under_way(to) == 0);
  if (result.ok()) {
    WARN("the store was quicker than the cancel");
    CHECK(result->size == bytes.size());
  } else {
    CHECK(result.error().kind == Kind::cancelled);
    CHECK(client()->head(to).error().kind == Kind::not_found);
  }
  CHECK(client()->remove(from).ok());
}

}  // namespace weir::live
