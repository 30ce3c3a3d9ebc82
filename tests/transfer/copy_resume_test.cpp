// Copies of many that were stopped and are gone on with, from directory to directory. Stores and kill -9 have their
// turn in tests/cli/cli_resume_test.py.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "support/temp_dir.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/transfer/copy_many.hpp"

using namespace weir;
using test::TempDir;
namespace fs = std::filesystem;

namespace {

constexpr int kFiles = 40;

/// A tree of files that are an hour old, a ledger, and a place for copies.
struct Interrupted {
  TempDir directory;
  std::shared_ptr<Ledger> ledger;
  CopyOptions options;
  std::map<std::string, CopyOutcome> outcomes;  ///< of the last run, by name

  Interrupted() {
    LedgerOptions at;
    at.state_dir = path("state");
    ledger = *Ledger::open(at);
    options.recursive = true;
    options.files = 2;
    options.endpoint.upload.ledger = ledger;
    for (int i = 0; i < kFiles; ++i) make(fmt::format("{:02}", i), fmt::format("file {:02}", i));
  }
  std::string path(const std::string& name) const { return directory.path(name); }
  void make(const std::string& name, const std::string& text, int hours_old = 1) const {
    fs::create_directories(path("in"));
    directory.write("in/" + name, text);
    fs::last_write_time(path("in/" + name), fs::file_time_type::clock::now() - std::chrono::hours(hours_old));
  }
  /// One more file, which fails, so that the copy stays unfinished: what is to be its directory is a file.
  void get_stuck() const {
    for (const char* name : {"in/stuck", "out"}) fs::create_directories(path(name));
    for (const char* name : {"in/stuck/file", "out/stuck"}) directory.write(name, "stuck");
  }
  void get_free() const {
    for (const char* name : {"in/stuck", "out/stuck"}) fs::remove_all(path(name));
  }
  Result<CopySummary> copy(const std::vector<std::string>& sources = {"in/"}) {
    return copy(sources, [](const CopyItem&) {});
  }
  Result<CopySummary> copy(const std::vector<std::string>& sources,
                           const std::function<void(const CopyItem&)>& on_item) {
    std::vector<std::string> paths;
    for (const std::string& source : sources) paths.push_back(path(source));
    outcomes.clear();
    CopyOptions own = options;
    own.on_item = [this, &on_item](const CopyItem& item) {
      outcomes[item.source.substr(item.source.rfind('/') + 1)] = item.outcome;
      on_item(item);
    };
    return copy_many(paths, path("out/"), own);
  }
  /// Stopped once some are copied; how many that were.
  std::uint64_t stop_in_the_middle(const std::vector<std::string>& sources = {"in/"}) {
    std::optional<CopyRun> run;
    std::mutex mutex;
    std::uint64_t copied = 0;
    std::vector<std::string> paths;
    for (const std::string& source : sources) paths.push_back(path(source));
    CopyOptions own = options;
    own.on_item = [&](const CopyItem& item) {
      const std::lock_guard lock(mutex);  // until the run has its name
      if (item.outcome == CopyOutcome::copied && ++copied == kFiles / 4) run->suspend();
    };
    {
      const std::lock_guard lock(mutex);
      run.emplace(start_copy(paths, path("out/"), own));
    }
    CHECK(run->wait().status().kind() == Kind::cancelled);
    return copied;
  }
  std::map<std::string, std::string> tree(const std::string& name) const {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(path(name))) {
      found[entry.path().filename()] = test::read_file(entry.path());
    }
    return found;
  }
  std::vector<JobRecord> jobs() const { return *ledger->jobs(); }
};

}  // namespace

TEST_CASE("a copy of many that was stopped goes on, and what is stored and unchanged is not copied again") {
  Interrupted bench;
  const std::uint64_t before = bench.stop_in_the_middle();
  REQUIRE(before >= kFiles / 4);
  REQUIRE(before < kFiles);
  REQUIRE(bench.jobs().size() == 1);
  CHECK(bench.jobs()[0].is_many());
  CHECK(bench.jobs()[0].items_stored == before);
  CHECK(bench.jobs()[0].bytes_stored == 7 * before);
  std::vector<std::string> told;
  bench.options.endpoint.upload.on_notice = [&](const std::string& line) { told.push_back(line); };
  const auto summary = bench.copy();
  REQUIRE(summary.ok());
  CHECK(summary->kept == before);
  CHECK(summary->copied == kFiles - before);
  REQUIRE(told.size() == 1);
  CHECK(told[0].find(fmt::format("{} files", before)) != std::string::npos);
  CHECK(bench.tree("out") == bench.tree("in"));
  // The copy is whole: its record is gone, and the same call copies all.
  CHECK(bench.jobs().empty());
  CHECK(bench.copy()->copied == kFiles);
}

TEST_CASE("what was changed, replaced or removed between two runs is copied again, whichever end it was at") {
  Interrupted bench;
  bench.get_stuck();
  REQUIRE(bench.copy()->copied == kFiles);
  CHECK(bench.copy()->kept == kFiles);
  bench.make("01", "FILE 01", 2);  // of the same size, and older
  bench.make("02", "longer now");
  fs::remove(bench.path("out/03"));
  bench.directory.write("out/04", "other 4");
  fs::rename(bench.path("out/05"), bench.path("out/06"));  // of the same size and as old, but another
  bench.get_free();
  const auto summary = bench.copy();
  REQUIRE(summary.ok());
  for (const char* name : {"01", "02", "03", "04", "05", "06"}) CHECK(bench.outcomes.at(name) == CopyOutcome::copied);
  CHECK(summary->copied == 6);
  CHECK(summary->kept == kFiles - 6);
  CHECK(bench.tree("out") == bench.tree("in"));
  CHECK(bench.jobs().empty());
}

TEST_CASE("a file that was written just before it was copied is copied again, since its time does not tell") {
  Interrupted bench;
  bench.get_stuck();
  bench.make("new", "written", -1);  // by the clock of its file system
  REQUIRE(bench.copy()->copied == kFiles + 1);
  CHECK(bench.copy()->kept == kFiles);
  CHECK(bench.outcomes.at("new") == CopyOutcome::copied);
}

TEST_CASE("files that are named one by one are gone on with like those of a tree") {
  Interrupted bench;
  std::vector<std::string> names;
  for (int i = 0; i < kFiles; ++i) names.push_back(fmt::format("in/{:02}", i));
  const std::uint64_t before = bench.stop_in_the_middle(names);
  const auto summary = bench.copy(names);
  REQUIRE(summary.ok());
  CHECK(summary->kept == before);
  CHECK(summary->copied == kFiles - before);
  CHECK(bench.tree("out") == bench.tree("in"));
}

TEST_CASE("nothing is recorded where the copy goes on by itself or begins anew, and other rules are another copy") {
  Interrupted bench;
  bench.get_stuck();
  bench.options.update = CopyUpdate::size_and_time;
  REQUIRE(bench.copy()->copied == kFiles);
  CHECK(bench.jobs().empty());
  bench.options.update = CopyUpdate::none;
  bench.options.dry_run = true;
  CHECK(bench.copy()->planned == kFiles + 1);  // that one is stuck shows when it is written
  CHECK(bench.jobs().empty());
  bench.options.dry_run = false;
  REQUIRE(bench.copy()->copied == kFiles);
  CHECK(bench.jobs().size() == 1);
  bench.options.filters = {{false, "00"}};
  CHECK(bench.copy()->copied == kFiles - 1);
  CHECK(bench.jobs().size() == 2);
  bench.options.filters.clear();
  bench.options.endpoint.upload.resume = false;
  CHECK(bench.copy()->copied == kFiles);
  CHECK(bench.jobs().size() == 1);
}

TEST_CASE("a copy of many is one call's at a time, and can be forgotten") {
  Interrupted bench;
  bench.get_stuck();
  Status second;
  REQUIRE(bench
              .copy({"in/"},
                    [&](const CopyItem& item) {
                      if (item.source.ends_with("/20")) {
                        second = copy_many({bench.path("in/")}, bench.path("out/"), bench.options).status();
                      }
                    })
              .ok());
  CHECK(second.kind() == Kind::unavailable);
  CHECK(second.message().find("this process is at this very copy already") != std::string::npos);
  REQUIRE(bench.jobs().size() == 1);
  REQUIRE(forget_copy(*bench.ledger, bench.jobs()[0].id).ok());
  CHECK(bench.jobs().empty());
  CHECK(bench.copy()->copied == kFiles);
}

TEST_CASE("a copy of which nothing was stored leaves no record") {
  Interrupted bench;
  CHECK_FALSE(bench.copy({"none/"}).ok());
  CHECK(bench.copy({"none/", "nothing/"})->failed == 2);
  CHECK(bench.jobs().empty());
}
