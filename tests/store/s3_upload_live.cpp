// Uploads in parts against a real S3 server.
#include <thread>

#include "store/s3_live_tools.hpp"

namespace weir::live {
namespace {

constexpr std::size_t kPart = 5 * kMiB;

/// Two parts in memory or as ranges of a source, and the object they make.
void upload_in_parts(const S3Options& wanted, const S3Location& place, bool replayed, bool cold, bool checksum = true) {
  const std::string bytes = noise(kPart + 100001, 7);
  const auto replay = std::make_shared<MemoryReplay>(bytes, cold);
  const auto target = s3_target(client(wanted), place);
  const auto id = begin(*target);
  INFO(id.status().message());
  REQUIRE(id.ok());
  std::vector<PartReceipt> parts;
  for (std::uint32_t number : {2u, 1u}) {
    const std::uint64_t offset = number == 1 ? 0 : kPart;
    const std::uint64_t length = number == 1 ? kPart : bytes.size() - kPart;
    auto receipt = put_part(*target, *id,
                            replayed ? range_part(replay, offset, length, number)
                                     : memory_part(bytes.substr(offset, length), number, offset));
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->number == number);
    CHECK(receipt->length == length);
    if (checksum) CHECK(receipt->crc64nvme == crc(bytes.substr(offset, length)));
    parts.push_back(*receipt);
  }
  const auto listed = list_parts(*target, *id);
  INFO(listed.status().message());
  REQUIRE(listed.ok());
  REQUIRE(listed->size() == 2);
  CHECK(listed->at(0).etag == parts[1].etag);
  CHECK(listed->at(1).offset == kPart);
  CHECK(listed->at(1).length == bytes.size() - kPart);

  const auto stored = commit(*target, *id, parts, {bytes.size(), crc(bytes)});
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  CHECK(stored->length == bytes.size());
  if (checksum) CHECK(stored->crc64nvme == crc(bytes));
  CHECK(client()->head(place)->content_encoding.empty());
  CHECK(*read_back(place) == bytes);
  CHECK(uploads_under_way(place) == 0);
}

}  // namespace

TEST_CASE("Parts in memory carry their checksum in a header and make the object", "[s3]") {
  upload_in_parts(options(), location("memory-parts"), false, false);
}

TEST_CASE("Parts read from a range carry their checksum in a trailer and make the object", "[s3]") {
  upload_in_parts(options(), location("range-parts"), true, false);
}

TEST_CASE("A range that cannot be read without waiting is read ahead on another thread", "[s3]") {
  upload_in_parts(options(), location("cold-parts"), true, true);
}

TEST_CASE("Without trailers a range is read twice and carries its checksum in a header", "[s3]") {
  S3Options wanted = options();
  wanted.trailer = S3Trailer::never;
  upload_in_parts(wanted, location("twice-parts"), true, true);
}

TEST_CASE("Without checksums an upload declares and lists none", "[s3]") {
  S3Options wanted = options();
  wanted.checksum = S3Checksum::none;
  upload_in_parts(wanted, location("plain-parts"), false, false, false);
  upload_in_parts(wanted, location("plain-range-parts"), true, true, false);
}

TEST_CASE("An upload is completed by a target that did not begin it", "[s3]") {
  const S3Location place = location("taken-over");
  const std::string bytes = noise(1000);
  const auto id = begin(*s3_target(client(), place));
  REQUIRE(id.ok());
  REQUIRE(put_part(*s3_target(client(), place), *id, memory_part(bytes)).ok());
  const auto other = s3_target(client(), place);
  const auto parts = list_parts(*other, *id);
  REQUIRE(parts.ok());
  const auto stored = commit(*other, *id, *parts, {bytes.size(), crc(bytes)});
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  CHECK(*read_back(place) == bytes);
}

TEST_CASE("A part whose bytes are not those of its checksum is corrupt, and may be sent again", "[s3]") {
  const auto target = s3_target(client(), location("wrong-part"));
  const auto id = begin(*target);
  REQUIRE(id.ok());
  Part part = memory_part(noise(1000));
  part.crc64nvme = crc("something else");
  const auto receipt = put_part(*target, *id, part);
  if (is_lenient()) {
    WARN("moto checks no checksums: the wrong part was not refused, as expected of it");
  } else {
    CHECK(receipt.error().kind == Kind::corrupt);
    CHECK(receipt.error().retry == Retry::transient);
    CHECK(receipt.error().operation == "store part 1 of " + target->url());
    CHECK(put_part(*target, *id, memory_part(noise(1000))).ok());
  }
  CHECK(abort(*target, *id).ok());
}

TEST_CASE("A whole whose checksum is not that of its parts is corrupt, and no object is made", "[s3]") {
  const S3Location place = location("wrong-whole");
  const auto target = s3_target(client(), place);
  const auto id = begin(*target);
  REQUIRE(id.ok());
  const auto receipt = put_part(*target, *id, memory_part(noise(1000)));
  REQUIRE(receipt.ok());
  const auto stored = commit(*target, *id, {*receipt}, {1000, crc("something else")});
  CHECK(stored.error().kind == Kind::corrupt);
  if (!is_lenient()) CHECK(client()->head(place).error().kind == Kind::not_found);
  CHECK(abort(*target, *id).ok());
}

TEST_CASE("A source that became shorter is source_changed, not a retry", "[s3]") {
  const auto target = s3_target(client(), location("short"));
  const auto id = begin(*target);
  REQUIRE(id.ok());
  for (const bool cold : {false, true}) {
    const auto replay = std::make_shared<MemoryReplay>(noise(400000), cold);
    const auto receipt = put_part(*target, *id, range_part(replay, 0, 500000));
    CHECK(receipt.error().kind == Kind::source_changed);
    CHECK_FALSE(receipt.status().retryable());
    CHECK(receipt.error().offset == std::uint64_t{400000});
  }
  CHECK(abort(*target, *id).ok());
}

TEST_CASE("An aborted upload is gone, and aborting it again is no error", "[s3]") {
  const S3Location place = location("aborted");
  const auto target = s3_target(client(), place);
  const auto id = begin(*target);
  REQUIRE(id.ok());
  REQUIRE(put_part(*target, *id, memory_part(noise(1000))).ok());
  CHECK(uploads_under_way(place) == 1);
  CHECK(abort(*target, *id).ok());
  CHECK(uploads_under_way(place) == 0);
  CHECK(abort(*target, *id).ok());
  CHECK(list_parts(*target, *id).error().kind == Kind::not_found);
  const auto late = put_part(*target, *id, memory_part("x"));
  CHECK_FALSE(late.ok());
  if (!is_lenient()) CHECK(late.error().kind == Kind::not_found);
}

TEST_CASE("Parts are listed over several pages", "[s3][slow]") {
  const auto target = s3_target(client(), location("many-parts"));
  const auto id = begin(*target);
  REQUIRE(id.ok());
  constexpr std::uint32_t kCount = 1003;
  std::mutex mutex;
  std::condition_variable ready;
  std::uint32_t ended = 0;
  std::uint32_t failed = 0;
  for (std::uint32_t number = 1; number <= kCount; ++number) {
    target->put_part(*id, memory_part("x", number, number - 1), [&](Result<PartReceipt> receipt) {
      std::lock_guard lock(mutex);
      ++ended;
      if (!receipt) ++failed;
      ready.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  REQUIRE(ready.wait_for(lock, std::chrono::seconds(120), [&] { return ended == kCount; }));
  CHECK(failed == 0);
  const auto parts = list_parts(*target, *id);
  REQUIRE(parts.ok());
  REQUIRE(parts->size() == kCount);
  CHECK(parts->back().number == kCount);
  CHECK(parts->back().offset == kCount - 1);
  CHECK(abort(*target, *id).ok());
}

TEST_CASE("A cancelled call ends soon, as cancelled", "[s3]") {
  const auto target = s3_target(client(), location("cancelled"));
  const auto id = begin(*target);
  REQUIRE(id.ok());
  /// Never has a byte to give.
  class Never : public Replay {
   public:
    Result<std::size_t> read_at(std::uint64_t, std::span<std::byte>, bool may_block) override {
      if (may_block) std::this_thread::sleep_for(std::chrono::milliseconds(500));
      return Status::pending();
    }
    Status check_unchanged() override { return {}; }
  };
  Target::Cancel cancel;
  const auto start = std::chrono::steady_clock::now();
  const auto receipt = wait<PartReceipt>([&](auto done) {
    cancel = target->put_part(*id, range_part(std::make_shared<Never>(), 0, 1000), done);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel();
  });
  CHECK(receipt.error().kind == Kind::cancelled);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(400));
  cancel();
  CHECK(abort(*target, *id).ok());
}

TEST_CASE("A single object from a range is stored without the framing of its checksum", "[s3]") {
  for (const std::size_t size : {std::size_t{100000}, 8 * kMiB + 1}) {
    const S3Location place = location(fmt::format("single-{}", size));
    const std::string bytes = noise(size, size);
    const auto target = s3_target(client(), place);
    const auto stored = put_whole(*target, range_part(std::make_shared<MemoryReplay>(bytes), 0, size));
    INFO(stored.status().message());
    REQUIRE(stored.ok());
    CHECK(stored->sent_crc64nvme == crc(bytes));
    CHECK(inspect(*target)->length == size);
    CHECK(is_checked(inspect(*target)->crc64nvme, crc(bytes)));
    CHECK(*read_back(place) == bytes);
  }
}

}  // namespace weir::live
