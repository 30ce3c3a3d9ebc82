// What goes in comes out, whatever its length and however it came.
#include <thread>

#include "store/behaviour_tools.hpp"
#include "weir/stages/callback.hpp"

namespace weir::behaviour {
namespace {

/// Uploads, checks the receipt against what the store says, and reads it back.
void round_trip(const std::string& name, const std::string& bytes, Way way, const UploadOptions& options = {}) {
  const std::string place = key(name);
  const auto receipt = upload(place, bytes, way, {}, options);
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_stored == bytes.size());
  CHECK(receipt->bytes_acked == bytes.size());
  CHECK(receipt->destination == store()->url(place));
  const bool proven = store()->head(place)->crc64nvme.has_value();
  CHECK(receipt->checksum_verified == proven);
  CHECK(receipt->checksum == "crc64nvme:" + crc64nvme_base64(test::crc(bytes)));
  const auto info = store()->head(place);
  REQUIRE(info.ok());
  CHECK(info->size == bytes.size());
  CHECK(info->etag == receipt->etag);
  const auto back = read(place);
  INFO(back.status().message());
  CHECK((back.ok() && *back == bytes));
}

}  // namespace

TEST_CASE("An empty, a tiny and a small object come back as they went") {
  for (const Way way : {Way::replayed, Way::streamed, Way::unknown}) {
    const auto mark = std::to_string(static_cast<int>(way));
    round_trip("empty-" + mark, "", way);
    round_trip("tiny-" + mark, "x", way);
    round_trip("small-" + mark, noise(300001), way);
  }
}

TEST_CASE("Objects of one part, and of a byte less and more, come back as they went") {
  UploadOptions options;
  options.part_bytes = part_bytes();
  for (const int delta : {-1, 0, 1}) {
    const std::string bytes = noise(options.part_bytes + delta, 3);
    for (const Way way : {Way::replayed, Way::streamed, Way::unknown}) {
      round_trip(fmt::format("edge-{}-{}", delta, static_cast<int>(way)), bytes, way, options);
    }
  }
}

TEST_CASE("A large object of many parts comes back as it went") {
  UploadOptions options;
  options.part_bytes = part_bytes();
  const std::string bytes = noise(4 * options.part_bytes + 12345, 5);
  for (const Way way : {Way::replayed, Way::unknown}) {
    round_trip("large-" + std::to_string(static_cast<int>(way)), bytes, way, options);
  }
}

TEST_CASE("A second upload replaces the first") {
  const std::string place = key("replaced");
  REQUIRE(upload(place, "first").ok());
  REQUIRE(upload(place, "the second").ok());
  CHECK(*read(place) == "the second");
}

TEST_CASE("With no_clobber what is there stays, in one request and in parts") {
  if (!store()->abilities().no_clobber) return left_out("left out: this store cannot refuse to replace");
  ObjectOptions object;
  object.no_clobber = true;
  UploadOptions options;
  options.part_bytes = part_bytes();
  for (const std::size_t size : {std::size_t{10}, static_cast<std::size_t>(part_bytes()) + 10}) {
    const std::string place = key("kept-" + std::to_string(size));
    REQUIRE(upload(place, noise(size), Way::replayed, object, options).ok());
    const auto again = upload(place, noise(size, 9), Way::replayed, object, options);
    INFO(again.status().message());
    CHECK(again.error().kind == Kind::already_exists);
    CHECK(*read(place) == noise(size));
  }
}

TEST_CASE("With if_match only the version that was seen is replaced") {
  if (!store()->abilities().if_match) return left_out("left out: this store has no conditional writes");
  const std::string place = key("matched");
  REQUIRE(upload(place, "one").ok());
  ObjectOptions object;
  object.if_match = store()->head(place)->etag;
  CHECK(upload(place, "two", Way::replayed, object).ok());
  const auto again = upload(place, "three", Way::replayed, object);
  INFO(again.status().message());
  CHECK(again.error().kind == Kind::already_exists);
  CHECK(*read(place) == "two");
}

TEST_CASE("A cancelled upload leaves no object") {
  const std::string place = key("cancelled");
  const std::string bytes = noise(part_bytes());
  std::size_t given = 0;
  auto source = from_callback([&]() -> Result<Chunk> {
    if (++given > 40) return Status(Kind::cancelled, "the user left");
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return Chunk::copy_of(std::string_view(bytes).substr(0, kSliceBytes));
  });
  const auto receipt = start(std::move(source) | *sink(place)).wait();
  CHECK(receipt.error().kind == Kind::cancelled);
  CHECK(store()->head(place).error().kind == Kind::not_found);
}

TEST_CASE("What an object is stored with comes back with it") {
  const Abilities& can = store()->abilities();
  const std::string place = key("described.bin");
  ObjectOptions object;
  if (can.headers || can.content_type) object.content_type = "text/weir";
  if (can.headers) object.cache_control = "max-age=77";
  if (can.metadata) object.metadata = {{"who", "weir"}, {"city", "Zürich"}};
  const auto receipt = upload(place, "described", Way::replayed, object);
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  const auto info = store()->head(place);
  REQUIRE(info.ok());
  if (can.headers || can.content_type) CHECK(info->content_type == "text/weir");
  if (can.headers) CHECK(info->cache_control == "max-age=77");
  if (can.metadata) CHECK(info->metadata == object.metadata);
}

TEST_CASE("What a store cannot keep is refused before anything is sent") {
  ObjectOptions object;
  if (!store()->abilities().metadata) object.metadata = {{"who", "weir"}};
  if (!store()->abilities().tags) object.tags = {{"team", "weir"}};
  if (object.metadata.empty() && object.tags.empty()) return left_out("left out: this store keeps all of it");
  const auto receipt = upload(key("refused"), "refused", Way::replayed, object);
  // Of a URL it is known without asking who is there: then it is what was asked that cannot be meant.
  CHECK(receipt.error().kind == (lists() ? Kind::unsupported : Kind::invalid_argument));
  CHECK(store()->head(key("refused")).error().kind == Kind::not_found);
}

}  // namespace weir::behaviour
