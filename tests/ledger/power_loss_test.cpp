// A ledger through losses of power at every step and failures of every file operation: it opens, it has all that was
// said to be written, and nothing that nobody asked it to write.
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "ledger_tools.hpp"
#include "platform/faulting.hpp"
#include "support/seeds.hpp"
#include "support/watched_calls.hpp"
#include "support/watched_sqlite.hpp"

using namespace weir;
using platform::ScopedFaults;
using test::begin_upload;
using test::Disk;
using test::open_ledger;
using test::some_job;
using test::TempDir;
using test::WatchedCalls;
using test::WatchedSqlite;

namespace {

/// A part whose ETag says of which upload it is.
PartReceipt part_of_upload(const std::string& upload, std::uint32_t number) {
  return {number, (number - 1) * 8 * kMiB, 8 * kMiB, number, upload + "/" + std::to_string(number), ""};
}
Mark mark_number(std::uint64_t index) { return {4 * kMiB, 100 + index, index, index, 7}; }

/// What the ledger has, as text: uploads by id, each with its parts.
std::string contents_of(Ledger& ledger) {
  std::set<std::string> lines;
  const auto jobs = ledger.jobs();
  if (!jobs.ok()) return "cannot be read: " + jobs.status().message();
  for (const JobRecord& listed : *jobs) {
    const auto job = ledger.job(listed.id);
    if (!job.ok()) return "a job cannot be read: " + job.status().message();
    std::string line = job->upload_id + (job->set_aside ? " (set aside)" : "") + ":";
    for (const PartReceipt& part : job->parts) line += " " + part.etag;
    lines.insert(std::move(line));
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// A database's files are closed a little later than its last user goes, on a thread of the pool.
void wait_until_closed(const WatchedSqlite& sqlite, const WatchedCalls* calls = nullptr) {
  for (int i = 0; i < 20'000 && (sqlite.open_files() > 0 || (calls != nullptr && calls->open_files() > 0)); ++i) {
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  REQUIRE(sqlite.open_files() == 0);
}

/// What the ledger goes through, and what it may say at each step of the disk.
class History {
 public:
  explicit History(const Disk& disk) : disk_(disk) {}

  /// `act` is about to make `contents` of the ledger; when it returns, that is written.
  template <class Act>
  void step(std::string contents, Act act) {
    states_.push_back({std::move(contents), disk_.steps(), SIZE_MAX});
    act();
    states_.back().written = disk_.steps();
  }
  /// Whether the ledger may say that after the first `n` steps: the last that was written by then, or a later one.
  bool allows(const std::string& contents, std::size_t n) const {
    std::size_t last = 0;
    for (std::size_t i = 0; i < states_.size(); ++i) last = states_[i].written <= n ? i : last;
    for (std::size_t i = last; i < states_.size() && (i == last || states_[i].asked < n); ++i) {
      if (states_[i].contents == contents) return true;
    }
    return false;
  }

 private:
  struct State {
    std::string contents;
    std::size_t asked;
    std::size_t written;
  };
  const Disk& disk_;
  std::vector<State> states_{{"", 0, 0}};
};

/// Two processes' work on two jobs: uploads that end, that are lost at the store, that are set aside.
void live(const std::string& state, History& history) {
  const JobRecord wanted = some_job();
  {
    const auto ledger = open_ledger(state);
    auto claim = ledger->claim(wanted);
    REQUIRE((*claim)->start(wanted).ok());
    history.step("one:\n", [&] { REQUIRE(begin_upload(**claim, "one").ok()); });
    std::string contents = "one:";
    for (std::uint32_t number = 1; number <= 3; ++number) {
      contents += " one/" + std::to_string(number);
      history.step(contents + "\n", [&] {
        (*claim)->part_stored(part_of_upload("one", number));
        (*claim)->mark_made(number - 1, mark_number(number - 1));
        REQUIRE(ledger->flush().ok());
      });
    }
    auto second = ledger->claim(some_job("/data/other"));
    REQUIRE((*second)->start(some_job("/data/other")).ok());
    history.step(contents + "\nother:\n", [&] { REQUIRE(begin_upload(**second, "other").ok()); });
    history.step(contents + "\n", [&] {
      (*second)->finished();
      REQUIRE(ledger->flush().ok());
    });
    history.step("two:\n", [&] { REQUIRE(begin_upload(**claim, "two").ok()); });
    history.step("two: two/2\n", [&] {
      (*claim)->part_stored(part_of_upload("two", 2));
      REQUIRE(ledger->flush().ok());
    });
  }
  // The last user is gone once what waits is written, and SQLite tidies up then.
  const auto ledger = open_ledger(state);
  auto claim = ledger->claim(wanted);
  for (int i = 0; i < 1000 && !claim.ok(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    claim = ledger->claim(wanted);
  }
  REQUIRE(claim.ok());
  JobRecord other = wanted;
  other.fingerprint = "another";
  history.step("two (set aside): two/2\n", [&] { REQUIRE((*claim)->set_aside(other).ok()); });
  history.step("three:\ntwo (set aside): two/2\n", [&] { REQUIRE(begin_upload(**claim, "three").ok()); });
}

/// Opens what is left, and sees that it is what it may be; the contents.
std::string opens_right(const std::string& state, const History& history, std::size_t n) {
  LedgerOptions options;
  options.state_dir = state;
  const auto ledger = Ledger::open(options);
  INFO(ledger.status().message());
  REQUIRE(ledger.ok());
  std::string contents = contents_of(**ledger);
  INFO(contents);
  REQUIRE(history.allows(contents, n));
  return contents;
}

/// Goes on with what is left, and loses power at two moments of that too: neither that nor what was there is lost.
void recovers_right(TempDir& directory, const std::string& state, const std::string& contents, std::uint64_t seed,
                    WatchedSqlite& sqlite, WatchedCalls& calls) {
  Disk disk(directory.root());
  sqlite.turn_to(disk);
  calls.turn_to(disk);
  History history(disk);
  history.step(contents, [] {});
  const auto go_on = [&] {
    const auto ledger = open_ledger(state);
    const auto claim = ledger->claim(some_job("/data/late"));
    REQUIRE(claim.ok());
    REQUIRE((*claim)->start(some_job("/data/late")).ok());
    history.step("late:\n" + contents, [&] { REQUIRE(begin_upload(**claim, "late").ok()); });
  };
  go_on();
  wait_until_closed(sqlite, &calls);
  const std::size_t steps = disk.steps();
  for (const std::uint64_t draw : {seed, seed * 7919}) {
    const std::size_t n = draw % (steps + 1);
    INFO("then after step " << n << " of " << steps << " of the recovery");
    disk.lose_power(n, draw);
    sqlite.turn_away();
    calls.turn_away();
    opens_right(state, history, n);
    wait_until_closed(sqlite, &calls);
  }
}

}  // namespace

TEST_CASE("whenever the power fails, a ledger has all that was said to be written, and nothing else") {
  TempDir directory = TempDir::in_memory();
  const std::string state = directory.path("made/state");
  Disk disk(directory.root());
  WatchedSqlite sqlite(disk);
  WatchedCalls calls(disk);
  History history(disk);
  live(state, history);
  wait_until_closed(sqlite, &calls);
  const std::size_t steps = disk.steps();
  CHECK(steps > 100);  // else nothing was watched

  // Each step, several times; fewer where seeds are few.
  const std::uint64_t first = test::first_seed();
  for (std::uint64_t seed = first; seed < first + test::share_of_seeds(40); ++seed) {
    const std::size_t n = test::moment_of(seed, steps);
    INFO("the power fails after step " << n << " of " << steps << ", WEIR_SEED=" << seed);
    disk.lose_power(n, seed);
    sqlite.turn_away();
    calls.turn_away();
    const std::string contents = opens_right(state, history, n);
    wait_until_closed(sqlite, &calls);
    if (seed % 3 == 0) recovers_right(directory, state, contents, seed, sqlite, calls);
  }
}

namespace {

/// What was asked of a ledger that may fail, and what it said that it has.
struct Asked {
  std::set<std::string> uploads;
  std::set<std::string> parts;
  std::string upload;          // that is safe
  std::set<std::string> kept;  // its parts that are safe
  std::vector<std::string> troubles;
};

/// An upload that begins, is lost at the store and begins again, as far as the ledger works.
void live_as_it_can(const std::string& state, Asked& asked) {
  LedgerOptions options;
  options.state_dir = state;
  options.on_trouble = [&asked](const std::string& line) { asked.troubles.push_back(line); };
  const auto ledger = Ledger::open(options);
  if (!ledger.ok()) {
    CHECK(!ledger.status().message().empty());
    return;
  }
  const auto claim = (*ledger)->claim(some_job());
  if (!claim.ok() || !(*claim)->start(some_job()).ok()) return;
  for (const std::string upload : {"one", "two"}) {
    asked.uploads.insert(upload);
    asked.upload.clear();
    if (!begin_upload(**claim, upload).ok()) return;  // it then goes on unrecorded
    asked.upload = upload;
    asked.kept.clear();
    for (std::uint32_t number = 1; number <= 2; ++number) {
      const PartReceipt part = part_of_upload(upload, number);
      asked.parts.insert(part.etag);
      (*claim)->part_stored(part);
      (*claim)->mark_made(number - 1, mark_number(number - 1));
      if ((*ledger)->flush().ok() && asked.troubles.empty()) asked.kept.insert(part.etag);
    }
  }
}

/// The ledger works again, and says what was asked of it, all that it confirmed included.
void has_what_it_said(const std::string& state, const Asked& asked) {
  const auto ledger = open_ledger(state);
  const auto jobs = ledger->jobs();
  REQUIRE(jobs.ok());
  REQUIRE(jobs->size() <= 1);
  if (jobs->empty()) {
    REQUIRE(asked.upload.empty());
    return;
  }
  const auto job = ledger->job((*jobs)[0].id);
  REQUIRE(job.ok());
  REQUIRE(asked.uploads.count(job->upload_id) == 1);
  std::set<std::string> parts;
  for (const PartReceipt& part : job->parts) {
    REQUIRE(asked.parts.count(part.etag) == 1);
    REQUIRE(part.etag.starts_with(job->upload_id + "/"));
    parts.insert(part.etag);
  }
  if (asked.upload.empty()) return;
  REQUIRE(job->upload_id == asked.upload);
  for (const std::string& kept : asked.kept) REQUIRE(parts.count(kept) == 1);
}

}  // namespace

TEST_CASE(
    "whichever call of SQLite to its files fails, a ledger says so, and has what it said to have, also without power") {
  const bool for_ever = GENERATE(false, true);
  std::uint64_t fired = 1;
  for (std::uint64_t n = 1; fired != 0; ++n) {
    TempDir directory = TempDir::in_memory();
    const std::string state = directory.path("state");
    Disk disk(directory.root());
    WatchedSqlite sqlite(disk);
    WatchedCalls calls(disk);
    Asked asked;
    INFO("call " << n << (for_ever ? " and all later ones fail" : " fails"));
    sqlite.fail(n, for_ever);
    live_as_it_can(state, asked);
    wait_until_closed(sqlite, &calls);
    fired = sqlite.fired();
    CHECK(asked.troubles.size() <= 1);
    if (fired == 0) CHECK(asked.kept.size() == 2);
    sqlite.fail(0, false);
    disk.lose_power(disk.steps(), test::first_seed() + n);
    has_what_it_said(state, asked);
    wait_until_closed(sqlite, &calls);
  }
}

TEST_CASE("whichever system call of a ledger fails, it says so, and has what it said to have") {
  const auto mode = GENERATE(ScopedFaults::Mode::once, ScopedFaults::Mode::persistent);
  for (std::uint64_t n = 1, fired = 1; fired != 0; ++n) {
    TempDir directory;
    const std::string state = directory.path("a/state");
    Asked asked;
    INFO("call " << n << " fails");
    {
      ScopedFaults faults;
      faults.fail_any(n, EIO, mode);
      live_as_it_can(state, asked);
      fired = faults.fired();
    }
    if (fired == 0) CHECK(asked.kept.size() == 2);
    has_what_it_said(state, asked);
  }
}
