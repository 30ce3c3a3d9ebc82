// Uploads that were begun without anybody learning their id: which are removed, and which stay.
#include <catch2/catch.hpp>
#include <ctime>

#include "ledger/ledger_tools.hpp"
#include "ledger/lost_begins.hpp"
#include "resume_world.hpp"

using namespace std::chrono_literals;
using namespace weir;
using ledger::Swept;
using Ids = std::vector<std::string>;

namespace {

constexpr std::int64_t kTakes = ledger::kBeginTakesSeconds;
constexpr std::int64_t kSlack = ledger::kClockSlackSeconds;

struct World : test::ResumeWorld {
  World() { target->tells_uploads = true; }

  /// What a process leaves that has noted a begin of the upload, and was killed before an answer was.
  void killed_as_it_began() {
    stop_after(1);
    const auto claim = ledger->claim((*ledger->jobs())[0].id);
    REQUIRE(claim.ok());
    REQUIRE((*claim)->start((*claim)->record()).ok());
    REQUIRE(test::note_begin(**claim).ok());
    target->lose_uploads();
  }
};

/// A place whose begins were noted half a minute ago, so that nobody waits for what may still come.
struct Place {
  test::TempDir directory;
  std::shared_ptr<Ledger> ledger = test::open_ledger(directory.root() + "/state");
  test::MemoryTarget target{{}};
  std::int64_t then = std::time(nullptr) - 30;
  JobRecord job;
  std::vector<LostBegin> begins{{1, then}};

  Place() {
    job.id = 1'000'000;
    job.place = target.identity()->place;
    job.destination = "memory://object";
  }
  Swept sweep(const std::string& own_id = {}) {
    return ledger::remove_lost(*ledger, job, begins, begins, own_id, target);
  }
  /// Somebody's job that the same ledger has.
  std::unique_ptr<JobClaim> another(const std::string& place) {
    JobRecord other = test::some_job();
    other.place = place;
    auto claim = ledger->claim(other);
    REQUIRE(claim.ok());
    return *std::move(claim);
  }
};

}  // namespace

TEST_CASE("an upload of the time of a begin without an answer is removed if it has no part") {
  Place place;
  const std::int64_t after = GENERATE(0, 1, 20, -kSlack, kTakes + kSlack);
  place.target.clock_ahead = GENERATE(0, 3600, -86'400);
  place.target.plant("ours", place.then + after);
  const Swept swept = place.sweep();
  CHECK(swept.removed == 1);
  CHECK(swept.doubt.empty());
  CHECK(place.target.upload_ids().empty());
}

TEST_CASE("an upload that has a part is somebody's, and stays") {
  Place place;
  place.target.plant("theirs", place.then + 1, true);
  Swept swept = place.sweep();
  CHECK(swept.removed == 0);
  CHECK(swept.doubt.empty());
  place.target.plant("ours", place.then + 1);
  swept = place.sweep();
  CHECK(swept.removed == 1);
  CHECK(place.target.upload_ids() == Ids{"theirs"});
}

TEST_CASE("an upload that was begun before the begin, or when it was over, stays") {
  Place place;
  place.target.plant("before", place.then - kSlack - 2);
  place.target.plant("behind", place.then + kTakes + kSlack + 2);
  const Swept swept = place.sweep();
  CHECK(swept.removed == 0);
  CHECK(swept.doubt.empty());
  CHECK(place.target.upload_ids().size() == 2);
}

TEST_CASE("where more uploads may be ours than were begun, all stay, and that is said") {
  Place place;
  place.target.plant("one", place.then + 1);
  place.target.plant("two", place.then + 2);
  Swept swept = place.sweep();
  CHECK(swept.removed == 0);
  CHECK(swept.doubt.find("anybody's") != std::string::npos);
  CHECK_FALSE(swept.failure.failed());
  CHECK(place.target.upload_ids().size() == 2);
  SECTION("two begins account for them") {
    place.begins.push_back({2, place.then + 1});
    swept = place.sweep();
    CHECK(swept.removed == 2);
  }
  SECTION("each needs one of its own time") {
    place.begins.push_back({2, place.then - 3600});
    swept = place.sweep();
    CHECK(swept.removed == 0);
    CHECK_FALSE(swept.doubt.empty());
  }
  SECTION("many are not even looked at") {
    for (int i = 0; i < 50; ++i) place.target.plant("many " + std::to_string(i), place.then, true);
    CHECK(place.sweep().doubt.find("many") != std::string::npos);
  }
}

TEST_CASE("what a record knows stays, and so does what another job to the place may have begun") {
  Place place;
  place.target.plant("upload", place.then + 1);
  SECTION("the caller's own") { CHECK(place.sweep("upload").removed == 0); }
  SECTION("another job's") {
    const auto claim = place.another("memory another object");
    REQUIRE(test::begin_upload(*claim, "upload").ok());
    const Swept swept = place.sweep();
    CHECK(swept.removed == 0);
    CHECK(swept.doubt.empty());
  }
  SECTION("a begin of another job, which is not answered either") {
    place.then += 30;  // it is noted now
    place.target.plant("upload", place.then);
    place.begins = {{1, place.then - 10}};
    const auto claim = place.another(place.job.place);
    REQUIRE(test::note_begin(*claim).ok());
    const Swept swept = place.sweep();
    CHECK(swept.removed == 0);
    CHECK(swept.doubt.find("another job") != std::string::npos);
  }
  CHECK(place.target.upload_ids() == Ids{"upload"});
}

TEST_CASE("a store that does not say when an upload was begun, or has no list, keeps it, and that is said") {
  Place place;
  SECTION("no time") {
    place.target.plant("upload", 0);
    CHECK(place.sweep().doubt.find("does not say when") != std::string::npos);
  }
  SECTION("no list, ever") {
    place.target.plant("upload", place.then);
    place.target.list_fails = GENERATE(Kind::unsupported, Kind::access_denied);
    const Swept swept = place.sweep();
    CHECK(swept.doubt == "no list for you");
    CHECK_FALSE(swept.failure.failed());
  }
  SECTION("none just now") {
    place.target.plant("upload", place.then);
    place.target.list_fails = Kind::io;
    CHECK(place.sweep().failure.failed());
  }
  CHECK(place.target.upload_ids() == Ids{"upload"});
}

TEST_CASE("what a killed process has sent is waited for, for a moment") {
  Place place;
  place.begins = {{1, std::time(nullptr)}};
  std::thread late([&] {
    std::this_thread::sleep_for(1500ms);
    place.target.plant("late", std::time(nullptr));
  });
  const Swept swept = place.sweep();
  late.join();
  CHECK(swept.removed == 1);
  CHECK(place.target.upload_ids().empty());
}

TEST_CASE("each upload has a begin of its own, whatever their order") {
  const auto check = [](std::vector<std::int64_t> times, std::vector<std::int64_t> begins) {
    std::vector<LostBegin> lost;
    for (const std::int64_t at : begins) lost.push_back({static_cast<std::uint32_t>(lost.size() + 1), at});
    return ledger::each_has_a_begin(std::move(times), std::move(lost));
  };
  CHECK(check({}, {}));
  CHECK(check({}, {100}));
  CHECK(check({100}, {100}));
  CHECK_FALSE(check({100, 100}, {100}));
  CHECK_FALSE(check({100}, {200}));
  CHECK(check({140, 100}, {100, 90}));
  CHECK(check({150, 110}, {60, 100}));
  CHECK_FALSE(check({150, 140}, {60, 100}));
  CHECK(check({100, 101, 102}, {102, 101, 100, 3000}));
}

TEST_CASE("a begin whose answer was lost on its way leaves no upload once the job has ended") {
  World world;
  world.target->loses_begins = 1;
  const auto receipt = world.upload();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->retries == 1);
  CHECK(world.target->upload_ids().empty());
  CHECK(world.ledger->jobs()->empty());
  CHECK(world.target->object() == world.bytes);
}

TEST_CASE("the next run removes what a killed one began, and nothing of anybody else") {
  World world;
  std::vector<std::string> told;
  UploadOptions options = world.options();
  options.on_notice = [&](const std::string& line) { told.push_back(line); };
  world.killed_as_it_began();
  REQUIRE(world.ledger->jobs()->size() == 1);  // for who never comes back, 'weir jobs' shows it
  world.target->plant("ours", std::time(nullptr));
  world.target->plant("with a part", std::time(nullptr), true);
  world.target->plant("long ago", std::time(nullptr) - 3600);
  Ids stay{"long ago", "with a part"};
  SECTION("one") {}
  SECTION("two, which may be anybody's") {
    world.target->plant("or ours", std::time(nullptr));
    stay = {"long ago", "or ours", "ours", "with a part"};
  }
  SECTION("where the store has no list") {
    world.target->list_fails = Kind::access_denied;
    stay = {"long ago", "ours", "with a part"};
  }
  const auto receipt = world.run(options).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(world.target->object() == world.bytes);
  CHECK(world.target->upload_ids() == stay);
  CHECK(world.ledger->jobs()->empty());
  REQUIRE(told.size() == (stay.size() == 2 ? 0 : 1));
  if (!told.empty()) CHECK(told[0].find("weir rm --incomplete") != std::string::npos);
}

TEST_CASE("a run that fails keeps the record of what it could not ask for, and an abort removes it") {
  World world;
  world.killed_as_it_began();
  world.target->plant("ours", std::time(nullptr));
  world.target->list_fails = Kind::io;
  world.target->stall_after = 0;
  Job job = world.run(world.options());
  for (int i = 0; i < 5000 && world.target->upload_ids().size() < 2; ++i) std::this_thread::sleep_for(1ms);
  job.cancel();
  CHECK(job.wait().status().kind() == Kind::cancelled);
  CHECK(world.target->upload_ids() == Ids{"ours"});
  const auto jobs = world.ledger->jobs();
  REQUIRE(jobs->size() == 1);
  CHECK((*jobs)[0].begins.size() == 1);
  const std::int64_t id = (*jobs)[0].id;
  CHECK_FALSE(abort_job(*world.ledger, id, *world.target).ok());
  CHECK(world.ledger->jobs()->size() == 1);
  world.target->list_fails = Kind::ok;
  std::vector<std::string> told;
  const auto tell = [&](const std::string& line) { told.push_back(line); };
  SECTION("one") {
    REQUIRE(abort_job(*world.ledger, id, *world.target, tell).ok());
    CHECK(world.target->upload_ids().empty());
    CHECK(told.empty());
  }
  SECTION("two, which may be anybody's") {
    world.target->plant("or ours", std::time(nullptr));
    REQUIRE(abort_job(*world.ledger, id, *world.target, tell).ok());
    CHECK(world.target->upload_ids().size() == 2);
    CHECK(told.size() == 1);
  }
  CHECK(world.ledger->jobs()->empty());
}

TEST_CASE("who begins anew without a record removes nothing that may be his own") {
  World world;
  world.killed_as_it_began();
  world.target->plant("ours", std::time(nullptr));
  UploadOptions anew = world.options();
  anew.resume = false;
  REQUIRE(world.run(anew).wait().ok());
  CHECK(world.target->upload_ids() == Ids{"ours"});
  REQUIRE(world.ledger->jobs()->size() == 1);
  REQUIRE(world.upload().ok());
  CHECK(world.target->upload_ids().empty());
  CHECK(world.ledger->jobs()->empty());
}

TEST_CASE("whatever answers are lost, an upload that succeeds leaves none beside the object") {
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    World world;
    world.target = std::make_shared<test::MemoryTarget>(test::MemoryTargetOptions{seed, 30});
    world.target->tells_uploads = true;
    UploadOptions options = world.options();
    options.retry.max_attempts = 20;
    INFO("seed " << seed);
    const auto receipt = world.run(options).wait();
    world.target->settle();
    if (!receipt.ok()) continue;
    lost += world.target->lost_begins();
    CHECK(world.target->upload_ids().empty());
    CHECK(world.ledger->jobs()->empty());
  }
  CHECK(lost > 5);
}
