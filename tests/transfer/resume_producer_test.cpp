// Producers that cannot begin again: killed anywhere, their uploads go on behind what the store and the spool have.
#include <catch2/catch.hpp>
#include <cerrno>
#include <random>

#include "platform/faulting.hpp"
#include "producer_world.hpp"
#include "weir/codec/digest.hpp"
#include "weir/stages/null.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::kPart;
using test::ProducerWorld;

namespace {

/// Runs until the producer was asked `calls` times for more, and leaves what a kill would at that moment.
std::shared_ptr<ProducerWorld::Kill> killed_after(ProducerWorld& world, unsigned calls) {
  std::shared_ptr<ProducerWorld::Kill> kill;
  world.producer.before_each = [&world, &kill, left = calls]() mutable -> Status {
    if (left-- == 0) kill = world.kill_now();
    return {};
  };
  (void)world.upload();
  world.producer.before_each = [] { return Status(); };
  return kill;
}

std::uint64_t recorded_offset(ProducerWorld& world) {
  const auto jobs = world.ledger->jobs();
  REQUIRE(jobs->size() == 1);
  const auto job = world.ledger->job((*jobs)[0].id);
  REQUIRE(job->goes_on_from);
  return *job->goes_on_from;
}

void flip_last_byte_kept(const std::string& spool, std::uint64_t offset) {
  std::string bytes = test::read_file(spool);
  const std::size_t place = 8192 + (offset - 1) % (7 * kSliceBytes);
  bytes[place] = static_cast<char>(bytes[place] ^ 1);
  test::write_file(spool, bytes);
}

}  // namespace

TEST_CASE("a producer that is killed anywhere, and again, goes on, and the object is that of a run in one go") {
  const auto seed = GENERATE(range(1u, 13u));
  CAPTURE(seed);
  std::mt19937 random(seed);
  ProducerWorld world;
  world.producer.piece = 1 + random() % 300'000;
  const unsigned calls = static_cast<unsigned>(world.producer.bytes.size() / world.producer.piece) + 1;
  if (seed % 3 == 0) world.target->cannot_list = true;
  for (unsigned kills = 1 + seed % 3; kills > 0; --kills) {
    const auto kill = killed_after(world, random() % calls);
    if (!kill) break;  // less was left of it, and is stored
    world.come_back(*kill);
    const std::uint64_t offset = recorded_offset(world);
    CHECK(offset >= kill->forgotten);
    if (kills > 1) continue;
    world.is_whole(world.upload());
    REQUIRE(world.producer.asked.size() == 1);
    CHECK(world.producer.asked[0] == offset);
  }
  CHECK((world.target->object() == world.producer.bytes));
}

TEST_CASE("a producer that was suspended goes on in another process, and only the rest is sent") {
  ProducerWorld world;
  Job job = world.run([&] {
    world.target->stall_after = 9;
    return world.options();
  }());
  for (int i = 0; i < 5000 && world.target->parts_put < 9; ++i) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(50ms);
  // It is held back by what is not confirmed: no more than the spool may have.
  CHECK(world.producer.at - 9 * kPart <= ProducerWorld::kSpool);
  CHECK(test::read_file(world.spools().at(0)).size() <= ProducerWorld::kSpool);
  job.suspend();
  const auto stopped = job.wait();
  CHECK(stopped.error().kept_bytes == 9 * kPart);
  const std::uint64_t offset = recorded_offset(world);
  CHECK(offset >= world.producer.forgotten);
  CHECK(stopped.error().advice.find(fmt::format("go on from byte {}", offset)) != std::string::npos);
  world.target->stall_after = UINT32_MAX;
  world.target->parts_put = 0;
  world.ledger = world.open();
  world.producer.asked.clear();
  const auto receipt = world.upload();
  world.is_whole(receipt);
  CHECK(receipt->bytes_resumed == 9 * kPart);
  CHECK(receipt->bytes_skipped == 9 * kPart);
  CHECK(world.target->parts_put == 31);
  CHECK(world.producer.asked == std::vector{offset});
}

TEST_CASE("a producer that had come to its end is not asked again") {
  ProducerWorld world;
  std::shared_ptr<ProducerWorld::Kill> kill;
  world.target->before_commit = [&] { kill = world.kill_now(); };
  SECTION("whether the object was completed just before the kill") {
    world.is_whole(world.upload());
    kill->store = world.target->image();
  }
  SECTION("or not") { world.is_whole(world.upload()); }
  world.target->before_commit = nullptr;
  world.come_back(*kill);
  world.producer.bytes += "another byte, which is not of this stream";
  world.producer.forgotten = world.producer.bytes.size();
  const auto receipt = world.upload();
  world.producer.bytes.resize(40 * kPart - 77);
  world.is_whole(receipt);
  CHECK(world.target->parts_put == 0);
  CHECK(world.producer.asked.empty());
}

TEST_CASE("a stream that fits a part is kept too, from its first byte to the store's answer") {
  ProducerWorld world;
  world.producer.bytes.resize(1000);
  world.producer.piece = 100;
  const auto kill = killed_after(world, 7);
  REQUIRE(kill);
  world.come_back(*kill);
  CHECK(recorded_offset(world) == 700);
  world.is_whole(world.upload());
  CHECK(world.producer.asked == std::vector<std::uint64_t>{700});
}

TEST_CASE("a torn end of the spool is cut off, and the producer goes on from an earlier offset") {
  ProducerWorld world;
  const auto kill = killed_after(world, 60);
  REQUIRE(kill);
  world.come_back(*kill);
  const std::uint64_t before = recorded_offset(world);
  flip_last_byte_kept(world.spools().at(0), before);
  const std::uint64_t offset = recorded_offset(world);
  REQUIRE(offset < before);
  SECTION("if it still can") {
    world.producer.forgotten = 0;
    world.is_whole(world.upload());
    CHECK(world.producer.asked == std::vector{offset});
  }
  SECTION("if it cannot, its word is the error, and all stays as it is") {
    const auto refused = world.upload();
    CHECK(refused.status().kind() == Kind::unsupported);
    CHECK(refused.status().message().find(fmt::format("go on from byte {}", offset)) != std::string::npos);
    CHECK(world.target->open_uploads() == 1);
    CHECK(recorded_offset(world) == offset);
  }
}

TEST_CASE("a store that has lost a part makes the producer go on from there") {
  ProducerWorld world;
  const auto kill = killed_after(world, 80);
  REQUIRE(kill);
  world.come_back(*kill);
  world.target->lose_part(3);
  SECTION("if it still can") {
    world.producer.forgotten = 0;
    world.is_whole(world.upload());
    CHECK(world.producer.asked == std::vector<std::uint64_t>{2 * kPart});
  }
  SECTION("if it cannot, nothing is lost") {
    CHECK(world.upload().status().kind() == Kind::unsupported);
    CHECK(world.target->open_uploads() == 1);
    CHECK(world.spools().size() == 1);
  }
}

TEST_CASE("a producer that fails, whatever it throws, leaves what there is to the next run") {
  ProducerWorld world;
  auto fails = std::make_shared<bool>(true);
  world.producer.before_each = [&world, fails]() -> Status {
    if (!*fails || world.producer.at < 9 * kPart) return {};
    return Status(Kind::corrupt, "the line is dead");
  };
  const auto failed = world.upload();
  CHECK(failed.status().kind() == Kind::corrupt);
  *fails = false;
  world.is_whole(world.upload());
  REQUIRE(world.producer.asked.size() == 2);
  CHECK(world.producer.asked[1] > 8 * kPart);
}

TEST_CASE("a cancelled upload of a producer leaves nothing, neither at the store nor on the disk") {
  ProducerWorld world;
  world.target->stall_after = 5;
  Job job = world.run(world.options());
  for (int i = 0; i < 5000 && world.target->parts_put < 5; ++i) std::this_thread::sleep_for(1ms);
  job.cancel();
  CHECK(job.wait().status().kind() == Kind::cancelled);
  world.target->settle();
  CHECK(world.target->open_uploads() == 0);
  CHECK(world.ledger->jobs()->empty());
  CHECK(world.spools().empty());
}

TEST_CASE("where a producer could not go on, it is refused before it is asked for anything") {
  ProducerWorld world;
  UploadOptions options = world.options();
  const auto refused = [&](Kind kind, const char* words) {
    const auto result = world.run(options).wait();
    CHECK(result.status().kind() == kind);
    CHECK(result.status().message().find(words) != std::string::npos);
  };
  SECTION("without a ledger") {
    options.ledger = nullptr;
    refused(Kind::unsupported, "without a ledger");
  }
  SECTION("without checksums") {
    options.verify = false;
    refused(Kind::unsupported, "without verify");
  }
  SECTION("through a stage, which must see every byte") {
    world.from = [&] { return From(world.producer.source()) | Through(sha256()); };
    refused(Kind::unsupported, "leave go_on_from out");
  }
  SECTION("into something that is no upload") {
    const auto result = start(world.from() | To(null())).wait();
    CHECK(result.status().kind() == Kind::unsupported);
  }
  SECTION("without a name for its stream") {
    world.from = [&] {
      CallbackOptions unnamed = world.producer.options();
      unnamed.stream.clear();
      return From(from_callback([]() -> Result<Chunk> { return Chunk(); }, unnamed));
    };
    refused(Kind::invalid_argument, "no stream name");
  }
  SECTION("with a spool that holds no part") {
    options.spool_bytes = 256 * kKiB;
    refused(Kind::invalid_argument, "Give it 1048576 bytes or more");
  }
  SECTION("with a ledger that does not work") {
    LedgerOptions broken;
    broken.state_dir = "/proc/none";
    options.ledger = Ledger::on_demand(broken);
    refused(Kind::unavailable, "the ledger does not work");
  }
  CHECK(world.producer.asked.empty());
  CHECK(world.producer.at == 0);
  CHECK(world.target->open_uploads() == 0);
}

TEST_CASE("what a producer has sent is not removed because the object is to have other properties now") {
  ProducerWorld world;
  const auto kill = killed_after(world, 60);
  REQUIRE(kill);
  world.come_back(*kill);
  world.target->fingerprint = "other";
  const auto refused = world.upload();
  CHECK(refused.status().kind() == Kind::invalid_argument);
  CHECK(refused.status().message().find("abort_job") != std::string::npos);
  CHECK(world.producer.asked.empty());
  world.target->fingerprint = "plain";
  world.is_whole(world.upload());
}

TEST_CASE("a producer that outgrows its plan loses nothing of what was sent") {
  ProducerWorld world;
  world.target->profile_.equal_parts = true;
  world.producer.bytes = test::sample_bytes(65 * kPart);  // and there may be 64
  const auto refused = world.upload();
  CHECK(refused.status().kind() == Kind::limit);
  CHECK(refused.status().message().find("hold 8388608 bytes at most") != std::string::npos);
  CHECK_FALSE(world.target->object());
  CHECK(world.target->open_uploads() == 1);
  CHECK(recorded_offset(world) >= world.producer.forgotten);
}

TEST_CASE("another stream for the same place does not go on with this one's") {
  ProducerWorld world;
  const auto kill = killed_after(world, 60);
  REQUIRE(kill);
  world.come_back(*kill);
  CallbackOptions other = world.producer.options();
  other.stream = "sensor 8";
  world.producer.forgotten = 0;
  world.from = [&] { return From(from_callback([&]() -> Result<Chunk> { return Chunk::copy_of(""); }, other)); };
  CHECK(world.upload().ok());
  CHECK(world.producer.asked == std::vector<std::uint64_t>{0});
  CHECK(world.ledger->jobs()->size() == 1);
}

TEST_CASE(
    "whichever file operation of the spool fails, the bytes are right, or there is an error and nothing is lost") {
  const bool persistent = GENERATE(false, true);
  for (std::uint64_t n = 1; n < 400; n += n < 40 ? 1 : 17) {
    ProducerWorld world;
    world.producer.bytes.resize(12 * kPart - 5);
    std::vector<std::string> said;
    UploadOptions options = world.options();
    options.on_notice = [&](const std::string& line) { said.push_back(line); };
    std::uint64_t fired = 0;
    {
      platform::ScopedFaults faults;  // SQLite's own calls are not of the table
      faults.fail_any(n, EIO,
                      persistent ? platform::ScopedFaults::Mode::persistent : platform::ScopedFaults::Mode::once);
      const auto result = world.run(options).wait();
      fired = faults.fired();
      if (result.ok()) {
        CHECK((world.target->object() == world.producer.bytes));
        CHECK(said.size() <= 1);
      } else {
        INFO(result.status().message());
        CHECK((result.status().kind() == Kind::io || result.status().kind() == Kind::unavailable));  // its lock
        CHECK(world.producer.at == 0);
      }
    }
    if (fired == 0) break;
    world.producer.asked.clear();
    world.producer.forgotten = 0;
    world.is_whole(world.upload());
  }
}
