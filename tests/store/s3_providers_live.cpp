// Services that are not quite S3, played by the project's own fault server.
#include "store/s3_fault_tools.hpp"
#include "store/s3_store.hpp"

namespace weir::live {
namespace {

struct Notices {
  std::mutex mutex;
  std::vector<std::string> lines;
};

struct Played {
  explicit Played(const std::string& rules, S3Checksum checksum = S3Checksum::automatic) {
    if (!rules.empty()) Faults::play(rules);
    S3Options wanted = options();
    wanted.checksum = checksum;
    wanted.on_notice = [notices = notices](const std::string& line) {
      std::lock_guard lock(notices->mutex);
      notices->lines.push_back(line);
    };
    wire = std::static_pointer_cast<s3::Wire>(client(wanted));
  }
  std::shared_ptr<Notices> notices = std::make_shared<Notices>();
  std::shared_ptr<s3::Wire> wire;
  Faults faults;
};

Part part_to_read(const std::string& bytes) {
  Part part;
  part.length = bytes.size();
  part.replay = std::make_shared<MemoryReplay>(bytes);
  return part;
}

/// As the uploader would: again while it may help.
template <class Call>
auto again(Call call) {
  auto answer = call();
  for (int i = 0; i < 3 && answer.status().retryable(); ++i) answer = call();
  return answer;
}

Result<Stored> upload(Target& target, const std::vector<Part>& parts, const std::string& bytes) {
  WEIR_ASSIGN(const std::string id, again([&] { return begin(target); }));
  std::vector<PartReceipt> receipts;
  for (const Part& part : parts) {
    auto receipt = again([&] { return put_part(target, id, part); });
    if (!receipt) {
      CHECK(abort(target, id).ok());
      return receipt.status();
    }
    receipts.push_back(*std::move(receipt));
  }
  auto stored = commit(target, id, receipts, {bytes.size(), crc(bytes)});
  if (!stored) CHECK(abort(target, id).ok());
  return stored;
}

}  // namespace

TEST_CASE("A store that refuses checksum headers is sent Content-MD5, and that is said once", "[s3][fault]") {
  if (!has_faults()) return;
  for (const char* rules : {R"({"checksums":"b2"})", R"({"checksums":"r2"})"}) {
    INFO(rules);
    const Played played(rules);
    const std::string bytes = noise(400000);
    for (const bool ranges : {false, true}) {
      const auto target = s3_target(played.wire, location(ranges ? "weak/range" : "weak/memory"));
      const Part part = ranges ? part_to_read(bytes) : memory_part(bytes);
      const auto whole = again([&] { return put_whole(*target, part); });
      INFO(whole.status().message());
      REQUIRE(whole.ok());
      CHECK_FALSE(whole->crc64nvme.has_value());
      CHECK(whole->sent_crc64nvme == crc(bytes));
      const auto stored = upload(*target, {part}, bytes);
      INFO(stored.status().message());
      REQUIRE(stored.ok());
      CHECK_FALSE(stored->crc64nvme.has_value());
    }
    CHECK(played.wire->proof() == s3::Proof::md5);
    REQUIRE(played.notices->lines.size() == 1);
    CHECK(played.notices->lines[0].find("Content-MD5") != std::string::npos);
  }
}

TEST_CASE("Content-MD5 lets no damaged part pass", "[s3][fault]") {
  if (!has_faults()) return;
  const Played played(R"({"checksums":"b2"})");
  const Faults faults(fault("PutObject", "flip_byte", "\"skip\":1"));
  const auto target = s3_target(played.wire, location("weak/damaged"));
  const std::string bytes = noise(100000);
  CHECK(put_whole(*target, memory_part(bytes)).status().retryable());
  const auto damaged = put_whole(*target, memory_part(bytes));
  CHECK(damaged.error().kind == Kind::corrupt);
  CHECK(damaged.error().retry == Retry::transient);
  CHECK(put_whole(*target, memory_part(bytes)).ok());
}

TEST_CASE("A store that reads no trailers gets the checksum in a header", "[s3][fault]") {
  if (!has_faults()) return;
  const Played played(R"({"checksums":"no-trailers"})");
  const std::string bytes = noise(300000);
  const auto target = s3_target(played.wire, location("weak/trailer"));
  const auto stored = upload(*target, {part_to_read(bytes)}, bytes);
  INFO(stored.status().message());
  REQUIRE(stored.ok());
  CHECK(stored->crc64nvme == crc(bytes));
  CHECK(played.wire->proof() == s3::Proof::header);
  REQUIRE(played.notices->lines.size() == 1);
  CHECK(played.notices->lines[0].find("into a header") != std::string::npos);
}

TEST_CASE("Who insists on checksums gets an error where the store refuses them", "[s3][fault]") {
  if (!has_faults()) return;
  const Played played(R"({"checksums":"r2"})", S3Checksum::crc64nvme);
  const auto refused = put_whole(*s3_target(played.wire, location("weak/insists")), memory_part("x"));
  CHECK(refused.error().kind == Kind::unsupported);
  CHECK(refused.error().retry == Retry::never);
  CHECK(played.notices->lines.empty());
}

TEST_CASE("Another refusal is not taken for one of checksums", "[s3][fault]") {
  if (!has_faults()) return;
  const Played played("");
  const Faults faults(fault("PutObject", "status", "\"status\":400,\"code\":\"InvalidArgument\""));
  const auto refused = put_whole(*s3_target(played.wire, location("weak/other")), memory_part("x"));
  CHECK(refused.error().retry == Retry::never);
  CHECK(played.wire->proof() == s3::Proof::trailer);
  CHECK(played.notices->lines.empty());
}

TEST_CASE("Unequal parts are refused by R2's rule at the end, equal ones are not", "[s3][fault]") {
  if (!has_faults()) return;
  const Played played(R"({"equal_parts":true})");
  const auto target = s3_target(played.wire, location("equal"));
  const std::string bytes = noise(5 * 1024 * 1024 + 7);
  const std::string five = bytes.substr(0, 5 * 1024 * 1024);
  CHECK(upload(*target, {memory_part(five, 1), memory_part("abc", 2, five.size())}, five + "abc").ok());
  const auto refused = upload(*target, {memory_part(five, 1), memory_part(bytes, 2, five.size())}, five + bytes);
  CHECK(refused.error().service_code == "InvalidPart");
}

TEST_CASE("A copy that fails behind its 200 is done again, or is an error", "[s3][fault]") {
  if (!has_faults()) return;
  const std::string bytes = noise(5 * 1024 * 1024 + 1000);
  const auto put_source = [&](const S3Location& place) {
    REQUIRE(put_whole(*s3_target(client(), place), memory_part(bytes)).ok());
  };
  for (const char* op : {"CopyObject", "UploadPartCopy"}) {
    INFO(op);
    const s3::CopyLimits limits{std::string(op) == "CopyObject" ? 5ull << 30 : kMiB, 5 * kMiB};
    const S3Location from = location("late/from");
    const S3Location to = location("late/to");
    {
      const Faults faults(fault(op, "ok_with_error", "\"spaces\":3") + "," +
                          fault(op, "status", "\"status\":499,\"code\":\"ClientDisconnect\"") + "," +
                          fault(op, "status", "\"status\":503,\"code\":\"SlowDownRead\""));
      put_source(from);
      const auto copied = s3::copy_object(std::static_pointer_cast<s3::Wire>(client()), from, to, {}, limits);
      INFO(copied.status().message());
      REQUIRE(copied.ok());
      CHECK(*read_back(to) == bytes);
    }
    {
      const Faults faults(fault(op, "ok_with_error", R"("code":"AccessDenied","times":100)"));
      put_source(from);
      const auto refused = s3::copy_object(std::static_pointer_cast<s3::Wire>(client()), from, to, {}, limits);
      CHECK(refused.error().kind == Kind::access_denied);
      CHECK(client()->head(to).error().kind == Kind::not_found);
    }
  }
}

TEST_CASE("Those that could not be removed are named, the others are gone", "[s3][fault]") {
  if (!has_faults()) return;
  const Faults faults(fault("DeleteObjects", "ok_with_error"));
  const auto store = s3_store(client(), bucket());
  std::vector<std::string> keys;
  for (int i = 0; i < 1500; ++i) keys.push_back(fmt::format("gone/{}", i));
  for (const char* name : {"gone/1", "gone/locked <&>", "gone/2"}) {
    REQUIRE(put_whole(*store->target(name, {}), memory_part("x")).ok());
  }
  keys.push_back("gone/locked <&>");
  const auto failed = store->remove_many(keys);
  INFO(failed.status().message());
  REQUIRE(failed.ok());
  REQUIRE(failed->size() == 1);
  CHECK(failed->at(0).key == "gone/locked <&>");
  CHECK(failed->at(0).status.kind() == Kind::access_denied);
  CHECK(store->head("gone/1").error().kind == Kind::not_found);
  CHECK(store->head("gone/locked <&>").ok());
}

TEST_CASE("An object under a customer's key needs it for every request, and no message shows it", "[s3][fault]") {
  if (!has_faults()) return;
  const Faults faults;
  S3Options with_key = options();
  with_key.sse_customer_key = std::string(31, 'k') + "\n";
  S3Options other_key = options();
  other_key.sse_customer_key = std::string(32, 'z');
  const auto keyed = client(with_key);
  const S3Location place = location("sse-c/one");
  const std::string bytes = noise(200000);
  REQUIRE(put_whole(*s3_target(keyed, place), memory_part(bytes)).ok());
  CHECK(keyed->head(place)->size == bytes.size());
  CHECK(client()->head(place).error().kind == Kind::access_denied);
  const auto read = [&](const std::shared_ptr<S3Client>& with, const S3Location& from) {
    auto source = download_from(s3_origin(with, from));
    return Reader().all(*source);
  };
  CHECK(*read(keyed, place) == bytes);
  const auto target = s3_target(keyed, location("sse-c/parts"));
  CHECK(upload(*target, {memory_part(bytes)}, bytes).ok());
  const auto keyed_wire = std::static_pointer_cast<s3::Wire>(keyed);
  const S3Location to = location("sse-c/copy");
  const auto copied = s3::copy_object(keyed_wire, place, to, {}, {5ull << 30});
  INFO(copied.status().message());
  REQUIRE(copied.ok());
  CHECK(*read(keyed, to) == bytes);
  // The server repeats the key in this refusal.
  s3::WireRequest get;
  get.operation = "read";
  get.bucket = place.bucket;
  get.key = place.key;
  get.payload_hash = net::sha256_hex("");
  const auto refused = std::static_pointer_cast<s3::Wire>(client(other_key))->call(get);
  CHECK(refused.error().kind == Kind::access_denied);
  CHECK(refused.status().message().find("The key (the key) is not") != std::string::npos);
  CHECK(keyed->presign("GET", place, std::chrono::seconds(60)).error().kind == Kind::unsupported);
}

TEST_CASE("A conditional write that met another writer at its end is not sent again", "[s3][fault]") {
  if (!has_faults()) return;
  const Faults faults(
      fault("CompleteMultipartUpload", "status", R"("status":409,"code":"ConditionalRequestConflict")"));
  ObjectOptions absent;
  absent.no_clobber = true;
  const auto target = s3_target(client(), location("conflict"), absent);
  const auto refused = upload(*target, {memory_part("x")}, "x");
  CHECK(refused.error().service_code == "ConditionalRequestConflict");
  CHECK(refused.error().retry == Retry::never);
}

}  // namespace weir::live
