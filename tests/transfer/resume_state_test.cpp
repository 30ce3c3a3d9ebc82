// A host's transform that says its state and takes it back: after a kill it does not do again what is stored.
#include <sqlite3.h>
#include <sys/stat.h>

#include <fcntl.h>

#include "resume_world.hpp"

using namespace weir;
using World = test::ResumeWorld;

namespace {

struct Asked {
  std::uint64_t bytes = 0;
  unsigned snapshots = 0, restores = 0;
};

/// Output depends on all input before it. Knows how much it was asked to do.
struct Chain {
  std::shared_ptr<Asked> asked;
  std::string version = "1";
  std::size_t state_bytes = 1;
  unsigned char last = 7;

  std::string recipe() const { return "chain " + version; }
  std::string snapshot() const {
    ++asked->snapshots;
    std::string state(state_bytes, '\0');
    state[0] = static_cast<char>(last);
    return state;
  }
  Status restore(std::string_view state) {
    ++asked->restores;
    if (state.size() != state_bytes) return Status(Kind::corrupt, "no state of this stage");
    last = static_cast<unsigned char>(state[0]);
    return {};
  }
  /// Half of it at once, the rest when it is asked again: as stages do that have no room.
  Status process(Chunk chunk, Emit& out) {
    if (!chunk.empty()) {
      asked->bytes += chunk.size();
      held.assign(reinterpret_cast<const char*>(chunk.data()), chunk.size());
      for (char& c : held) c = static_cast<char>(last = static_cast<unsigned char>(c + 3 * last));
      out(Chunk::copy_of(held.substr(0, held.size() / 2)));
      held.erase(0, held.size() / 2);
      return Status::more();
    }
    out(Chunk::copy_of(std::exchange(held, {})));
    return {};
  }
  Status finish(Emit& out) {
    out(Chunk::copy_of("the end"));
    return {};
  }
  std::string held = {};
};

/// Three pieces of 4 MiB and some, stopped in the third.
struct StateWorld : World {
  std::shared_ptr<Asked> asked = std::make_shared<Asked>();
  std::string wanted;
  Chain stage{asked};

  StateWorld() {
    part_bytes = kMiB;
    bytes = test::sample_bytes(13 * kMiB + 99);
    test::write_file(path, bytes);
    from = [this] { return file(path) | Through(stage); };
    auto whole = std::make_shared<test::MemoryTarget>(test::MemoryTargetOptions{});
    REQUIRE(start(from() | To(upload_to(whole))).wait().ok());
    whole->settle();
    wanted = *whole->object();
    CHECK(asked->snapshots == 0);  // nobody wanted them
    stop_after(9);
    *asked = {};
  }
  /// Of the input.
  void goes_on_and_does(std::uint64_t work) {
    const auto receipt = upload();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_read == bytes.size());
    CHECK(receipt->bytes_stored == wanted.size());
    target->settle();
    CHECK((target->object() == wanted));
    CHECK(asked->bytes == work);
    CHECK(asked->restores == (work < bytes.size() ? 1 : 0));
    CHECK(ledger->jobs()->empty());
  }
  void change(const char* statement) {
    ledger.reset();
    sqlite3* database = nullptr;
    REQUIRE(::sqlite3_open(directory.path("state/ledger.sqlite").c_str(), &database) == SQLITE_OK);
    CHECK(::sqlite3_exec(database, statement, nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(::sqlite3_changes(database) > 0);
    ::sqlite3_close(database);
    ledger = open();
  }
};

}  // namespace

TEST_CASE("a stage that takes its state back does not do again what is stored") {
  StateWorld world;
  SECTION("in the same process") {}
  SECTION("in another") { world.ledger = world.open(); }
  world.goes_on_and_does(world.bytes.size() - 8 * kMiB);
  CHECK(world.target->parts_put == 5);
}

TEST_CASE("where a state is lost or damaged the one before it serves, and at last the beginning") {
  StateWorld world;
  SECTION("the last is lost") {
    world.change("DELETE FROM snapshot WHERE number = 1");
    world.goes_on_and_does(world.bytes.size() - 4 * kMiB);
  }
  SECTION("the last is damaged") {
    world.change("UPDATE snapshot SET state = x'00' WHERE number = 1");
    world.goes_on_and_does(world.bytes.size() - 4 * kMiB);
  }
  SECTION("all are lost") {
    world.change("DELETE FROM snapshot");
    world.goes_on_and_does(world.bytes.size());
  }
}

TEST_CASE("a stage with another recipe is not given the state of the first") {
  StateWorld world;
  world.stage.version = "2";
  world.goes_on_and_does(world.bytes.size());
}

TEST_CASE("a stage that does not take its state back rightly is found out") {
  StateWorld world;
  world.from = [&] {
    Chain stage = world.stage;
    stage.state_bytes = 1;
    struct Forgetful : Chain {
      Status restore(std::string_view) { return {}; }
    };
    return file(world.path) | Through(Forgetful{stage});
  };
  (void)world.is_left_to_the_user(Kind::source_changed);  // by the stored part behind the state
}

TEST_CASE("a state that a stage refuses, or throws at, ends the job") {
  StateWorld world;
  world.stage.state_bytes = 2;
  const Error refused = world.is_left_to_the_user(Kind::corrupt);
  CHECK(Status(refused).message().find("no state of this stage") != std::string::npos);
}

TEST_CASE("a source that changed before the state is found out though its stage is not asked") {
  StateWorld world;
  struct stat before {};
  REQUIRE(::stat(world.path.c_str(), &before) == 0);
  SECTION("in place") {
    world.bytes[5] ^= 1;
    test::write_file(world.path, world.bytes);
    const timespec times[] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, world.path.c_str(), times, 0) == 0);
  }
  SECTION("cut") {
    test::write_file(world.path, world.bytes.substr(0, 6 * kMiB));
    CHECK(world.upload().status().kind() == Kind::source_changed);
    CHECK(world.target->open_uploads() == 1);
    return;
  }
  (void)world.is_left_to_the_user(Kind::source_changed);
}

TEST_CASE("long states are taken seldom: they stay a thousandth of what goes through") {
  World world;
  const auto asked = std::make_shared<Asked>();
  world.part_bytes = kMiB;
  world.bytes = test::sample_bytes(13 * kMiB);
  test::write_file(world.path, world.bytes);
  world.from = [&] { return file(world.path) | Through(Chain{asked, "1", 5000}); };
  world.stop_after(9);
  *asked = {};
  REQUIRE(world.upload().ok());
  CHECK(asked->bytes == 5 * kMiB);  // 8 MiB is the first that may have one, 4 MiB would be too short
}
