// Uploads that are gone on with, by the interface that a program uses. A kill is played by what it leaves: an upload
// that is suspended, and a ledger that is changed by hand.
#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "resume_world.hpp"
#include "weir/codec/digest.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::kPart;
using test::kParts;
using World = test::ResumeWorld;

TEST_CASE("an upload that was suspended is gone on with, and only the rest is sent") {
  World world;
  world.stop_after(4);
  SECTION("in the same process") {}
  SECTION("in another") { world.ledger = world.open(); }
  SECTION("where the store cannot say what it has") { world.target->cannot_list = true; }
  world.finishes_with(kParts - 4);
}

TEST_CASE("an upload is gone on with as it was cut, whatever part size is asked for now") {
  World world;
  world.stop_after(3);
  UploadOptions options = world.options();
  options.part_bytes = 3 * kPart;
  const auto receipt = world.run(options).wait();
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 3 * kPart);
  CHECK(receipt->parts == kParts);
  CHECK(world.target->object() == world.bytes);
}

TEST_CASE("whatever was recorded, the store's word counts") {
  World world;
  world.stop_after(4);
  SECTION("a part that it lost is sent again") {
    world.target->lose_part(2);
    world.finishes_with(kParts - 3);
  }
  SECTION("an upload that it lost is begun anew") {
    world.target->lose_uploads();
    world.finishes_with(kParts);
  }
  SECTION("a part that nobody recorded is not sent again, if its checksum is the source's") {
    const auto record = world.ledger->job((*world.ledger->jobs())[0].id);
    {
      auto claim = world.ledger->claim(record->id);
      (*claim)->upload_begun(record->upload_id, nullptr);
      (*claim)->part_stored(record->parts[0]);
    }
    REQUIRE(world.ledger->job(record->id)->parts.size() == 1);
    world.finishes_with(kParts - 4);
  }
}

TEST_CASE("an upload that was completed just before the kill is found and not sent again") {
  World world;
  world.stop_after(4);
  const JobRecord record = *world.ledger->job((*world.ledger->jobs())[0].id);
  world.finishes_with(kParts - 4);
  test::record_all(*world.ledger, record, world.bytes, kPart, "e");
  world.target->parts_put = 0;
  SECTION("at once") {}
  SECTION("when the store has come to the end of it") { world.target->hidden_looks = 2; }
  const auto receipt = world.upload();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(world.target->parts_put == 0);
  CHECK(receipt->bytes_resumed == world.bytes.size());
  CHECK(receipt->checksum_verified);
  CHECK(world.ledger->jobs()->empty());
}

TEST_CASE("an upload that was completed just before the kill is found, though its file passes a digest") {
  World world;
  world.from = [&] { return file(world.path) | Through(sha256()); };
  world.stop_after(4);
  const JobRecord record = *world.ledger->job((*world.ledger->jobs())[0].id);
  REQUIRE(world.upload().ok());
  test::record_all(*world.ledger, record, world.bytes, kPart, "e");
  world.target->parts_put = 0;
  const auto receipt = world.upload();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(world.target->parts_put == 0);
  CHECK(receipt->bytes_resumed == world.bytes.size());
  CHECK(receipt->facts.count("sha256") == 1);
  CHECK(world.target->object() == world.bytes);
  CHECK(world.ledger->jobs()->empty());
}

TEST_CASE("a file that changed since is an error of its own, and nothing is sent or removed") {
  World world;
  world.stop_after(4);
  test::write_file(world.path, world.bytes + "more");
  const auto refused = world.upload();
  CHECK(refused.status().kind() == Kind::source_changed);
  CHECK(refused.error().cause.find("bytes when its upload began and now has") != std::string::npos);
  CHECK(world.target->parts_put == 0);
  CHECK(world.target->open_uploads() == 1);
  CHECK(world.ledger->jobs()->size() == 1);
  // Nobody but the user says what becomes of it.
  world.bytes += "more";
  UploadOptions anew = world.options();
  anew.resume = false;
  const auto receipt = world.run(anew).wait();
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 0);
  CHECK(world.target->object() == world.bytes);
  for (int i = 0; i < 5000 && !world.ledger->jobs()->empty(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(world.ledger->jobs()->empty());
  CHECK(world.target->open_uploads() == 0);
}

TEST_CASE("a file that changed before any part of it was stored is uploaded as it is now") {
  World world;
  world.stop_after(1);
  {
    auto claim = *world.ledger->claim((*world.ledger->jobs())[0].id);
    claim->upload_begun(claim->record().upload_id, nullptr);  // forgets the part
  }
  test::write_file(world.path, world.bytes += "more");
  REQUIRE(world.upload().ok());
  for (int i = 0; i < 5000 && !world.ledger->jobs()->empty(); ++i) std::this_thread::sleep_for(1ms);
  world.target->settle();
  CHECK(world.target->object() == world.bytes);
  CHECK(world.target->open_uploads() == 0);
  CHECK(world.ledger->jobs()->empty());
}

TEST_CASE("a file whose bytes changed under the same size and time is an error of its own") {
  World world;
  world.stop_after(4);
  struct stat before {};
  REQUIRE(::stat(world.path.c_str(), &before) == 0);
  std::string other = world.bytes;
  other[kPart + 5] ^= 1;
  test::write_file(world.path, other);
  const timespec times[] = {before.st_atim, before.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, world.path.c_str(), times, 0) == 0);
  const auto refused = world.upload();
  CHECK(refused.status().kind() == Kind::source_changed);
  CHECK(refused.error().cause.find("the bytes that were sent as part 2 are not there any more") != std::string::npos);
  CHECK_FALSE(world.target->object());
  test::write_file(world.path, world.bytes);
  REQUIRE(::utimensat(AT_FDCWD, world.path.c_str(), times, 0) == 0);
  CHECK(world.upload().ok());
  CHECK(world.target->object() == world.bytes);
}

TEST_CASE("an object that is to have other properties is begun anew, and what was sent is removed") {
  World world;
  world.stop_after(4);
  world.target->fingerprint = "other";
  const auto receipt = world.upload();
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 0);
  for (int i = 0; i < 5000 && !world.ledger->jobs()->empty(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(world.ledger->jobs()->empty());
  world.target->settle();
  CHECK(world.target->open_uploads() == 0);
}

TEST_CASE("a failure that may pass leaves what was sent to be gone on with; a cancel leaves nothing") {
  World world;
  world.stop_after(4);
  SECTION("the store is in trouble") {
    world.target->refuses_parts = true;
    const auto failed = world.upload();
    CHECK(failed.status().kind() == Kind::unavailable);
    CHECK(failed.error().kept_bytes <= 4 * kPart);  // those that were compared by then
    CHECK(world.target->open_uploads() == 1);
    world.target->refuses_parts = false;
    world.finishes_with(kParts - 4);
  }
  SECTION("cancelled") {
    world.target->stall_after = 0;
    Job job = world.run(world.options());
    std::this_thread::sleep_for(20ms);
    job.cancel();
    CHECK(job.wait().status().kind() == Kind::cancelled);
    world.target->settle();
    CHECK(world.target->open_uploads() == 0);
    CHECK(world.ledger->jobs()->empty());
  }
}

TEST_CASE("two uploads of the same file to the same place at once: the second is told so") {
  World world;
  world.target->stall_after = 1;
  Job first = world.run(world.options());
  for (int i = 0; i < 5000 && world.target->parts_put < 1; ++i) std::this_thread::sleep_for(1ms);
  const auto second = world.upload();
  CHECK(second.status().kind() == Kind::unavailable);
  CHECK(second.error().cause.find("this process is at this very copy") != std::string::npos);
  first.cancel();
  CHECK_FALSE(first.wait().ok());
  world.target->stall_after = UINT32_MAX;
  CHECK(world.upload().ok());
}

TEST_CASE("what goes in one request makes no line in the ledger") {
  World world;
  world.path = world.directory.write("small", "small");
  LedgerOptions options;
  options.state_dir = world.directory.path("untouched");
  world.ledger = Ledger::on_demand(options);
  REQUIRE(world.upload().ok());
  struct stat found {};
  CHECK(::stat(options.state_dir.c_str(), &found) != 0);
}

TEST_CASE("without a ledger that can be written, an upload succeeds, and leaves nothing when it fails") {
  World world;
  test::write_file(world.directory.path("in the way"), "");
  LedgerOptions options;
  options.state_dir = world.directory.path("in the way");
  std::atomic<int> told{0};
  options.on_trouble = [&](const std::string&) { ++told; };
  world.ledger = Ledger::on_demand(options);
  world.target->refuses_parts = true;
  CHECK_FALSE(world.upload().ok());
  CHECK(world.target->open_uploads() == 0);
  world.target->refuses_parts = false;
  CHECK(world.upload().ok());
  CHECK(told == 1);
}
