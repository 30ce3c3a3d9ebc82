// Streams that are gone on with: they are made again from the beginning, and of them only what the store lacks is sent.
#include <fcntl.h>
#include <sys/stat.h>

#include "resume_world.hpp"
#include "weir/codec/digest.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/memory.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::kPart;
using test::kParts;
using World = test::ResumeWorld;

namespace {

/// Flips bits; its output is another with another version.
struct Flip {
  std::string version = "1";
  char with = 0x55;
  std::string recipe() const { return "flip " + version; }
  Status process(Chunk chunk, Emit& out) {
    std::string bytes(reinterpret_cast<const char*>(chunk.data()), chunk.size());
    for (char& c : bytes) c = static_cast<char>(c ^ with);
    if (!bytes.empty()) out(Chunk::copy_of(bytes));
    return {};
  }
};

std::string flipped(std::string bytes) {
  for (char& c : bytes) c = static_cast<char>(c ^ 0x55);
  return bytes;
}

/// As a pipe gives it: cut anyhow, of unknown length, and nobody can read it again.
std::unique_ptr<Source> pipe_of(const std::string& bytes) {
  auto at = std::make_shared<std::size_t>(0);
  CallbackOptions options;
  options.name = "pipe";
  return from_callback(
      [bytes, at]() -> Result<Chunk> {
        const std::string piece = bytes.substr(std::min(*at, bytes.size()), 50'001);
        *at += piece.size();
        return Chunk::copy_of(piece);
      },
      options);
}

struct StreamWorld : World {
  /// What the object is to be; `bytes` is what it is made of.
  std::string wanted = bytes;
  void goes_on_with(unsigned parts_sent) {
    const auto receipt = upload();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(target->parts_put == parts_sent);
    CHECK(receipt->bytes_stored == wanted.size());
    CHECK(receipt->checksum_verified);
    target->settle();
    CHECK((target->object() == wanted));
    CHECK(target->open_uploads() == 0);
    CHECK(ledger->jobs()->empty());
  }
};

}  // namespace

TEST_CASE("a file that goes through stages is made again, and only the rest is sent") {
  StreamWorld world;
  world.from = [&] { return file(world.path) | Through(Flip()) | Through(xxh3_64()); };
  world.wanted = flipped(world.bytes);
  world.stop_after(4);
  SECTION("in the same process") {}
  SECTION("in another") { world.ledger = world.open(); }
  SECTION("where the store cannot say what it has") { world.target->cannot_list = true; }
  world.goes_on_with(kParts - 4);
}

TEST_CASE("a file that changed under the stages is an error of its own") {
  StreamWorld world;
  world.from = [&] { return file(world.path) | Through(Flip()); };
  world.stop_after(4);
  test::write_file(world.path, world.bytes.substr(1) + "+");
  CHECK(world.upload().status().kind() == Kind::source_changed);
  CHECK(world.target->parts_put == 0);
  CHECK(world.target->open_uploads() == 1);
}

TEST_CASE("a stage that breaks its word to make the same bytes of the same is found out") {
  StreamWorld world;
  world.from = [&] { return file(world.path) | Through(Flip()); };
  world.stop_after(4);
  world.from = [&] { return file(world.path) | Through(Flip{"1", 0x33}); };
  const auto refused = world.upload();
  CHECK(refused.status().kind() == Kind::source_changed);
  CHECK_FALSE(world.target->object());
}

TEST_CASE("after a stage became another, what is equal stays and the rest is sent again, and that is said") {
  StreamWorld world;
  world.from = [&] { return file(world.path) | Through(Flip()); };
  world.stop_after(4);
  UploadOptions options = world.options();
  std::vector<std::string> said;
  options.on_notice = [&](const std::string& line) { said.push_back(line); };
  unsigned sent = kParts;
  SECTION("that makes other bytes") {
    world.from = [&] { return file(world.path) | Through(Flip{"2", 0x33}); };
    world.wanted = world.bytes;
    for (char& c : world.wanted) c = static_cast<char>(c ^ 0x33);
  }
  SECTION("that makes the same") {
    world.from = [&] { return file(world.path) | Through(Flip{"2"}); };
    world.wanted = flipped(world.bytes);
    sent -= 4;
  }
  const auto receipt = world.run(options).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(world.target->parts_put == sent);
  CHECK((world.target->object() == world.wanted));
  REQUIRE(said.size() == 2);
  CHECK(said[0].find("begun with other stages (flip 1; now flip 2)") != std::string::npos);
  CHECK(said[1].find("the same again is made from the first byte (flip 2)") != std::string::npos);
}

TEST_CASE("a pipe that brings the same again is not sent again") {
  StreamWorld world;
  world.from = [&] { return From(pipe_of(world.bytes)); };
  world.stop_after(4);
  world.goes_on_with(kParts - 4);
}

TEST_CASE("a pipe that brings other bytes is stored as it is now") {
  StreamWorld world;
  std::string now = world.bytes;
  unsigned sent = kParts - 4;
  SECTION("one byte in the middle") {
    now[kPart + 5] ^= 1;
    ++sent;
  }
  SECTION("longer than before") {
    now += test::sample_bytes(2 * kPart);
    sent += 2;
  }
  SECTION("as short as a part that was sent") {
    now.resize(2 * kPart + 100);
    sent = 1;
  }
  SECTION("nothing is the same") {
    for (char& c : now) c ^= 1;
    sent = kParts;
  }
  world.from = [&] { return From(pipe_of(world.bytes)); };
  world.stop_after(4);
  world.from = [&] { return From(pipe_of(now)); };
  world.wanted = now;
  world.goes_on_with(sent);
}

TEST_CASE("parts that grew are cut again as they were") {
  StreamWorld world;
  world.bytes = world.wanted = test::sample_bytes(12 * kMiB);  // of an unknown length, so parts grow
  world.from = [&] { return From(pipe_of(world.bytes)); };
  UploadOptions options = world.options();
  options.part_bytes = 0;
  world.target->stall_after = 20;
  Job job = world.run(options);
  for (int i = 0; i < 5000 && world.target->parts_put < 20; ++i) std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(20ms);
  job.suspend();
  const auto stopped = job.wait();
  REQUIRE(stopped.status().kind() == Kind::cancelled);
  world.target->stall_after = UINT32_MAX;
  world.target->parts_put = 0;
  const std::vector<PartReceipt> parts = world.ledger->job((*world.ledger->jobs())[0].id)->parts;
  REQUIRE(parts.back().length > parts.front().length);
  JobOptions less;  // memory than before, so a new upload would be cut otherwise
  less.budget_bytes = 9 * kMiB;
  Job again = start(world.from() | To(upload_to(world.target, options)), less);
  const auto receipt = again.wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == stopped.error().kept_bytes);
  CHECK((world.target->object() == world.wanted));
}

TEST_CASE("zstd goes on through the kill: the object is the one of a run in one go") {
  StreamWorld world;
  world.bytes = test::sample_bytes(7 * kMiB);  // two frames
  test::write_file(world.path, world.bytes);
  const auto workers = GENERATE(1u, 2u, 7u);
  world.from = [&] { return file(world.path) | Through(sha256()) | Through(zstd({3, 1})); };
  {
    auto whole = std::make_shared<test::MemoryTarget>(test::MemoryTargetOptions{});
    REQUIRE(start(world.from() | To(upload_to(whole))).wait().ok());
    whole->settle();
    world.wanted = *whole->object();
  }
  world.stop_after(4);

  world.from = [&] { return file(world.path) | Through(sha256()) | Through(zstd({3, workers})); };
  const auto receipt = world.upload();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 4 * kPart);
  CHECK((world.target->object() == world.wanted));
  CHECK(receipt->facts.count("sha256") == 1);
}

TEST_CASE("gzip goes on through the kill, and members that are stored are not compressed again") {
  StreamWorld world;
  world.bytes = test::sample_bytes(7 * kMiB + 99);  // two members
  test::write_file(world.path, world.bytes);
  const auto workers = GENERATE(1u, 2u, 7u);
  world.from = [&] { return file(world.path) | Through(sha256()) | Through(gzip({1, 2})); };
  {
    auto whole = std::make_shared<test::MemoryTarget>(test::MemoryTargetOptions{});
    REQUIRE(start(world.from() | To(upload_to(whole))).wait().ok());
    whole->settle();
    world.wanted = *whole->object();
  }
  world.stop_after(40);  // parts of 128 KiB: the first member, and some of the second

  world.from = [&] { return file(world.path) | Through(sha256()) | Through(gzip({1, workers})); };
  const auto receipt = world.upload();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 40 * kPart);
  CHECK(receipt->bytes_skipped > 4 * kMiB);
  CHECK((world.target->object() == world.wanted));
  CHECK(receipt->facts.count("sha256") == 1);
}

TEST_CASE("frames that are stored are recognised and not compressed again") {
  StreamWorld world;
  world.bytes = test::sample_bytes(7 * kMiB + 99);
  test::write_file(world.path, world.bytes);
  world.from = [&] { return file(world.path) | Through(xxh3_64()) | Through(zstd({1, 2})); };
  {
    auto whole = std::make_shared<test::MemoryTarget>(test::MemoryTargetOptions{});
    REQUIRE(start(world.from() | To(upload_to(whole))).wait().ok());
    whole->settle();
    world.wanted = *whole->object();
  }
  world.stop_after(40);  // parts of 128 KiB: the first frame, and some of the second
  SECTION("so they are skipped") {
    const auto receipt = world.upload();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_skipped > 4 * kMiB);
    CHECK(receipt->bytes_skipped <= receipt->bytes_resumed);
    CHECK(receipt->bytes_read == world.bytes.size());
    CHECK(receipt->bytes_stored == world.wanted.size());
    CHECK((world.target->object() == world.wanted));
    CHECK(receipt->facts.count("xxh3_64") == 1);
  }
  SECTION("but not where the file changed under the same size and time") {
    struct stat before {};
    REQUIRE(::stat(world.path.c_str(), &before) == 0);
    std::string other = world.bytes;
    other[7] ^= 1;
    test::write_file(world.path, other);
    const timespec times[] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, world.path.c_str(), times, 0) == 0);
    const Error refused = world.is_left_to_the_user(Kind::source_changed);
    CHECK(refused.cause == "the source has other bytes than in an earlier run");
    CHECK(refused.advice.find("parts that were sent stay at the store. Begin anew") != std::string::npos);
    test::write_file(world.path, world.bytes);  // as it was
    REQUIRE(::utimensat(AT_FDCWD, world.path.c_str(), times, 0) == 0);
    const auto receipt = world.upload();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_resumed >= 40 * kPart);
    CHECK((world.target->object() == world.wanted));
  }
  SECTION("nor where the file changed and nobody wants what was sent any more") {
    struct stat before {};
    REQUIRE(::stat(world.path.c_str(), &before) == 0);
    world.bytes[7] ^= 1;
    test::write_file(world.path, world.bytes);
    const timespec times[] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, world.path.c_str(), times, 0) == 0);
    (void)world.is_left_to_the_user(Kind::source_changed);
    UploadOptions anew = world.options();
    anew.resume = false;
    REQUIRE(world.run(anew).wait().ok());
    for (int i = 0; i < 5000 && !world.ledger->jobs()->empty(); ++i) std::this_thread::sleep_for(1ms);
    world.target->settle();
    CHECK(world.target->object().has_value());
    CHECK(world.target->open_uploads() == 0);
    CHECK(world.ledger->jobs()->empty());
  }
  SECTION("and not of a stream that nobody promised to be the same") {
    world.from = [&] { return From(pipe_of(world.bytes)) | Through(zstd({1, 2})); };
    const auto receipt = world.upload();
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_skipped == 0);
    CHECK((world.target->object() == world.wanted));
  }
  SECTION("nor where a tap behind them wants to see every byte") {
    world.from = [&] { return file(world.path) | Through(zstd({1, 2})) | Through(xxh3_64()); };
    const auto receipt = world.upload();
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_skipped == 0);
    CHECK(receipt->bytes_resumed == 40 * kPart);
    CHECK((world.target->object() == world.wanted));
  }
  SECTION("nor what the store has lost") {
    world.target->lose_part(9);
    const auto receipt = world.upload();
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_skipped < 8 * kPart);
    CHECK(receipt->bytes_resumed == 39 * kPart);
    CHECK((world.target->object() == world.wanted));
  }
}

TEST_CASE("where the source fails in a way that may pass, what was sent stays to be gone on with") {
  StreamWorld world;
  auto fails = std::make_shared<bool>(true);
  const auto flaky = [&] {
    auto at = std::make_shared<std::size_t>(0);
    CallbackOptions options;
    options.name = "pipe";
    return from_callback(
        [&world, at, fails]() -> Result<Chunk> {
          if (*fails && *at >= 5 * kPart) {
            std::this_thread::sleep_for(50ms);  // until what was handed over is stored
            return Status(Kind::network, "the line is dead");
          }
          const std::string piece = world.bytes.substr(std::min(*at, world.bytes.size()), kPart);
          *at += piece.size();
          return Chunk::copy_of(piece);
        },
        options);
  };
  world.from = [&] { return From(flaky()); };
  const auto failed = world.upload();
  CHECK(failed.status().kind() == Kind::network);
  CHECK(failed.error().kept_bytes == 5 * kPart);
  CHECK(failed.error().advice.find("run this again to go on") != std::string::npos);
  CHECK(world.target->open_uploads() == 1);
  *fails = false;
  world.target->parts_put = 0;
  world.goes_on_with(kParts - 5);
}

TEST_CASE("a stream that was completed just before the kill, at a store that does not list parts, is sent anew") {
  StreamWorld world;
  world.from = [&] { return From(pipe_of(world.bytes)); };
  world.stop_after(4);
  const JobRecord record = *world.ledger->job((*world.ledger->jobs())[0].id);
  world.goes_on_with(kParts - 4);
  test::record_all(*world.ledger, record, world.bytes, kPart, "e");
  world.target->cannot_list = true;
  world.target->parts_put = 0;
  world.goes_on_with(kParts);
}

TEST_CASE("all parts of a stream are written down before the store is asked to complete it") {
  StreamWorld world;
  world.from = [&] { return From(pipe_of(world.bytes)); };
  std::uint32_t recorded = 0;
  world.target->before_commit = [&] {
    recorded = (*world.open()->jobs())[0].parts_stored;
  };  // as another process sees it
  world.goes_on_with(kParts);
  CHECK(recorded == kParts);
}
