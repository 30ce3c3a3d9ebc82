// Many files from directory to directory: plans, names, failures. Stores have their turn in tests/cli/cli_many_test.py.
#include "weir/transfer/copy_many.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <thread>

#include "platform/faulting.hpp"
#include "support/temp_dir.hpp"
#include "weir/transfer/open_store.hpp"

using namespace weir;
using test::TempDir;
namespace fs = std::filesystem;

namespace {

/// A directory with a tree in it, and one for copies.
struct Bench {
  TempDir directory;
  std::map<std::string, CopyItem> items;  ///< by destination, else by source
  CopyOptions options;

  Bench() {
    options.recursive = options.globs = true;
    options.on_item = [this](const CopyItem& item) {
      items[item.destination.empty() ? item.source : item.destination] = item;
    };
  }
  void make(const std::string& name, const std::string& text = "x") const {
    fs::create_directories(fs::path(directory.path(name)).parent_path());
    directory.write(name, text);
  }
  std::string path(const std::string& name) const { return directory.path(name); }
  Result<CopySummary> copy(const std::vector<std::string>& sources, const std::string& to) {
    std::vector<std::string> paths;
    for (const std::string& source : sources) paths.push_back(path(source));
    items.clear();
    auto summary = copy_many(paths, path(to), options);
    INFO(summary.status().message());
    if (summary && !summary->first_failure.ok()) INFO(summary->first_failure.message());
    return summary;
  }
  /// Files below a directory, and their contents.
  std::map<std::string, std::string> tree(const std::string& name) const {
    std::map<std::string, std::string> found;
    if (!fs::exists(path(name))) return found;
    for (const auto& entry : fs::recursive_directory_iterator(path(name))) {
      if (entry.is_regular_file()) found[fs::relative(entry.path(), path(name))] = test::read_file(entry.path());
    }
    return found;
  }
};

using Tree = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("a tree goes under its name, or without it where it was written with a slash") {
  Bench bench;
  bench.make("photos/a.jpg", "a");
  bench.make("photos/deep/b.jpg", "b");
  REQUIRE(bench.copy({"photos"}, "one")->failed == 0);
  CHECK(bench.tree("one") == Tree{{"photos/a.jpg", "a"}, {"photos/deep/b.jpg", "b"}});
  REQUIRE(bench.copy({"photos/"}, "two")->copied == 2);
  CHECK(bench.tree("two") == Tree{{"a.jpg", "a"}, {"deep/b.jpg", "b"}});
  REQUIRE(bench.copy({"photos/."}, "three")->copied == 2);
  CHECK(bench.tree("three") == bench.tree("two"));
}

TEST_CASE("several sources go into the destination under their names, and one name twice is refused") {
  Bench bench;
  bench.make("a.txt", "a");
  bench.make("dir/b.txt", "b");
  bench.make("dir/a.txt", "another");
  const auto summary = bench.copy({"a.txt", "dir/b.txt", "dir/a.txt", "none"}, "to");
  REQUIRE(summary.ok());
  CHECK(summary->copied == 2);
  CHECK(summary->failed == 2);
  CHECK(bench.tree("to") == Tree{{"a.txt", "a"}, {"b.txt", "b"}});
  CHECK(bench.items.at(bench.path("dir/a.txt")).status.kind() == Kind::already_exists);
  CHECK(bench.items.at(bench.path("none")).status.kind() == Kind::not_found);
}

TEST_CASE("a single file goes to the destination itself, or into it where that is a directory") {
  Bench bench;
  bench.make("a.txt", "a");
  fs::create_directories(bench.path("there"));
  REQUIRE(bench.copy({"a.txt"}, "b.txt")->copied == 1);
  REQUIRE(bench.copy({"a.txt"}, "there")->copied == 1);
  REQUIRE(bench.copy({"a.txt"}, "new/")->copied == 1);
  CHECK(test::read_file(bench.path("b.txt")) == "a");
  CHECK(bench.tree("there") == Tree{{"a.txt", "a"}});
  CHECK(bench.tree("new") == Tree{{"a.txt", "a"}});
}

TEST_CASE("what a pattern matches goes under what follows the part without stars") {
  Bench bench;
  for (const char* name : {"in/1/a.log", "in/1/b.txt", "in/2/a.log", "in/2/deep/c.log", "in/top.log"})
    bench.make(name, name);
  REQUIRE(bench.copy({"in/*/*.log"}, "one")->copied == 2);
  CHECK(bench.tree("one") == Tree{{"1/a.log", "in/1/a.log"}, {"2/a.log", "in/2/a.log"}});
  REQUIRE(bench.copy({"in/[12]"}, "two")->copied == 4);
  CHECK(bench.tree("two").size() == 4);
  bench.options.recursive = false;
  REQUIRE(bench.copy({"in/**.log"}, "three")->copied == 4);
  CHECK(bench.copy({"in/[12]"}, "four")->failed == 1);
  bench.make("in/star*", "literal");
  REQUIRE(bench.copy({"in/star*"}, "five/")->copied == 1);
  CHECK(bench.tree("five") == Tree{{"star*", "literal"}});
}

TEST_CASE("filters choose among what lies below, and a dry run touches nothing") {
  Bench bench;
  for (const char* name : {"in/a.jpg", "in/b.txt", "in/x/c.jpg", "in/x/d.tmp"}) bench.make(name);
  bench.options.filters = {{false, "*"}, {true, "*.jpg"}, {false, "x/"}};
  bench.options.dry_run = true;
  const auto planned = bench.copy({"in/"}, "out");
  REQUIRE(planned.ok());
  CHECK(planned->planned == 1);
  CHECK_FALSE(fs::exists(bench.path("out")));
  bench.options.dry_run = false;
  REQUIRE(bench.copy({"in/"}, "out")->copied == 1);
  CHECK(bench.tree("out") == Tree{{"a.jpg", "x"}});
}

TEST_CASE("an update leaves what is the same, by size and time, or by checksum") {
  Bench bench;
  bench.make("in/a", "one");
  bench.make("in/b", "two");
  REQUIRE(bench.copy({"in/"}, "out")->copied == 2);
  bench.options.update = CopyUpdate::size_and_time;
  CHECK(bench.copy({"in/"}, "out")->kept == 2);
  bench.make("in/b", "2");
  CHECK(bench.copy({"in/"}, "out")->copied == 1);
  CHECK(bench.tree("out") == Tree{{"a", "one"}, {"b", "2"}});
  // The same size, and older than the copy: only the checksum tells.
  bench.make("in/a", "ONE");
  fs::last_write_time(bench.path("in/a"), fs::last_write_time(bench.path("out/a")) - std::chrono::hours(1));
  CHECK(bench.copy({"in/"}, "out")->kept == 2);
  bench.options.update = CopyUpdate::checksum;
  const auto summary = bench.copy({"in/"}, "out");
  REQUIRE(summary.ok());
  CHECK(summary->copied == 1);
  CHECK(summary->kept == 1);
  CHECK(bench.tree("out") == Tree{{"a", "ONE"}, {"b", "2"}});
}

TEST_CASE("links and devices in a tree are skipped by name, which is no failure, and the rest is copied") {
  Bench bench;
  TempDir outside;
  outside.write("secret", "secret");
  bench.make("in/a", "a");
  fs::create_symlink(outside.path("secret"), bench.path("in/link"));
  fs::create_symlink(outside.root(), bench.path("in/dir"));
  REQUIRE(::mkfifo(bench.path("in/pipe").c_str(), 0600) == 0);
  const auto summary = bench.copy({"in/"}, "out");
  REQUIRE(summary.ok());
  CHECK(summary->copied == 1);
  CHECK(summary->failed == 0);
  CHECK(summary->skipped == 3);
  CHECK(bench.tree("out") == Tree{{"a", "a"}});
  for (const char* name : {"in/link", "in/dir", "in/pipe"}) {
    const CopyItem& item = bench.items.at(bench.path(name));
    CHECK(item.outcome == CopyOutcome::skipped);
    CHECK(item.status.ok());
    CHECK(item.reason.find(name == std::string("in/pipe") ? "pipe" : "symbolic link") != std::string::npos);
  }
  bench.options.filters = {{false, "link"}, {false, "dir"}, {false, "pipe"}};
  CHECK(bench.copy({"in/"}, "out2")->skipped == 0);
}

TEST_CASE("what is there is skipped before anything is read of it, where nothing is to be replaced") {
  Bench bench;
  for (const char* name : {"in/a", "in/b", "in/d/c", "in/e"}) bench.make(name, "new");
  bench.make("out/b", "old");
  fs::create_directories(bench.path("out/d"));
  fs::create_symlink("elsewhere", bench.path("out/d/c"));
  bench.options.endpoint.object.no_clobber = true;
  for (const bool dry : {true, false}) {
    INFO(dry);
    bench.options.dry_run = dry;
    platform::ScopedFaults faults;
    const auto summary = bench.copy({"in/"}, "out");
    REQUIRE(summary.ok());
    CHECK(summary->failed == (dry ? 1 : 0));  // what the link means is not known before it is tried
    CHECK(summary->skipped == (dry ? 1 : 2));
    CHECK((dry ? summary->planned : summary->copied) == 2);
    CHECK(faults.count(platform::Call::pwrite) == (dry ? 0 : 2));
    CHECK(bench.items.at(bench.path("out/b")).reason == "it is there already");
  }
  CHECK(bench.tree("out") == Tree{{"a", "new"}, {"b", "old"}, {"e", "new"}});
  CHECK(fs::is_symlink(bench.path("out/d/c")));
  // One that was named is what was asked for.
  const auto one = bench.copy({"in/b"}, "out/b");
  REQUIRE(one.ok());
  CHECK(one->first_failure.kind() == Kind::already_exists);
  CHECK(test::read_file(bench.path("out/b")) == "old");
}

TEST_CASE("what appears while it is copied stays, and is skipped where nothing is to be replaced") {
  Bench bench;
  bench.make("in/a", "new");
  bench.make("in/b", "new");
  bench.options.endpoint.object.no_clobber = true;
  bench.options.files = 1;  // none is renamed while the other's place is taken
  platform::ScopedFaults faults;
  faults.before(platform::Call::rename_noreplace, 1, [&] {
    for (const char* name : {"out/a", "out/b"}) bench.make(name, "another's");
  });
  const auto summary = bench.copy({"in/"}, "out");
  REQUIRE(summary.ok());
  CHECK(summary->failed == 0);
  CHECK(summary->skipped == 2);
  CHECK(bench.tree("out") == Tree{{"a", "another's"}, {"b", "another's"}});
}

TEST_CASE("a copy never leaves its destination, whatever links stand in it") {
  Bench bench;
  TempDir outside;
  outside.write("a", "kept");
  bench.make("in/d/a", "new");
  bench.make("in/e", "new");
  fs::create_directories(bench.path("out"));
  fs::create_symlink(outside.root(), bench.path("out/d"));
  fs::create_symlink(outside.path("a"), bench.path("out/e"));
  const auto summary = bench.copy({"in/"}, "out");
  REQUIRE(summary.ok());
  CHECK(summary->copied == 1);
  CHECK(summary->failed == 1);
  CHECK(test::read_file(outside.path("a")) == "kept");
  CHECK(bench.items.at(bench.path("out/d/a")).status.message().find("symbolic link") != std::string::npos);
}

TEST_CASE("a tree is not copied into itself, nor a file onto itself") {
  Bench bench;
  bench.make("in/a", "a");
  bench.make("in/sub/b", "b");
  CHECK(bench.copy({"in"}, "in/sub").error().kind == Kind::invalid_argument);
  CHECK(bench.copy({"in/"}, "in/new").error().kind == Kind::invalid_argument);
  fs::create_symlink("in", bench.path("alias"));
  CHECK(bench.copy({"in/"}, "alias/x").error().kind == Kind::invalid_argument);
  for (const char* pattern : {"in*", "*", "i?/*", "**", "in/*/*"}) {
    INFO(pattern);
    CHECK(bench.copy({pattern}, "in/new").error().kind == Kind::invalid_argument);
  }
  CHECK(bench.copy({"in/s*"}, "in/new")->copied == 1);
  fs::remove_all(bench.path("in/new"));
  CHECK(bench.tree("in").size() == 2);
  const auto onto = bench.copy({"in/a"}, "in/a");
  REQUIRE(onto.ok());
  CHECK(onto->failed == 1);
  CHECK(test::read_file(bench.path("in/a")) == "a");
  CHECK(bench.copy({"in"}, "in2")->copied == 2);
}

TEST_CASE("one file that fails stops no other, and is told of with its name") {
  Bench bench;
  for (int i = 0; i < 50; ++i) bench.make(fmt::format("in/{:02}", i), std::to_string(i));
  bench.options.files = 4;
  platform::ScopedFaults faults;
  faults.fail(platform::Call::fdatasync, 20, EIO);
  const auto summary = bench.copy({"in/"}, "out");
  REQUIRE(summary.ok());
  CHECK(summary->copied == 49);
  CHECK(summary->failed == 1);
  CHECK(summary->items() == 50);
  CHECK(bench.tree("out").size() == 49);
  CHECK(summary->first_failure.message().find(bench.path("out/")) != std::string::npos);
}

TEST_CASE("a full disk ends the whole, is told once, and leaves no file cut") {
  Bench bench;
  for (int i = 0; i < 60; ++i) bench.make(fmt::format("in/{:02}", i), std::string(1000, 'x'));
  bench.options.files = 4;
  platform::ScopedFaults faults;
  faults.fail(platform::Call::fdatasync, 10, ENOSPC);
  const auto result = bench.copy({"in/"}, "out");
  CHECK(result.error().kind == Kind::no_space);
  CHECK(result.error().advice.find("was not tried") != std::string::npos);
  for (const auto& [name, item] : bench.items) CHECK(item.outcome == CopyOutcome::copied);
  const auto tree = bench.tree("out");
  CHECK(tree.size() >= 9);
  CHECK(tree.size() < 20);
  for (const auto& [name, text] : tree) CHECK(text.size() == 1000);
}

TEST_CASE("what is found is counted, and what is done of it") {
  Bench bench;
  for (int i = 0; i < 30; ++i) bench.make(fmt::format("in/{:02}", i), std::string(100, 'x'));
  REQUIRE(bench.copy({"in/"}, "out")->copied == 30);
  bench.options.update = CopyUpdate::size_and_time;
  bench.make("in/07", "another size");
  auto run = start_copy({bench.path("in/")}, bench.path("out"), bench.options);
  REQUIRE(run.wait()->copied == 1);
  const CopyProgress progress = run.progress();
  CHECK(progress.all_found);
  CHECK(progress.found == 30);
  CHECK(progress.bytes_found == 29 * 100 + 12);
  CHECK(progress.bytes_done == progress.bytes_found);
  CHECK(progress.bytes_read == 12);
  CHECK_FALSE(progress.eta_seconds.has_value());
}

TEST_CASE("cancelled in the middle it ends soon, and what was copied is whole") {
  Bench bench;
  for (int i = 0; i < 400; ++i) bench.make(fmt::format("in/{:03}", i), std::string(3000, 'x'));
  std::vector<std::string> copied;
  std::optional<CopyRun> run;
  std::atomic<bool> begun{false};
  bench.options.files = 2;
  bench.options.on_item = [&](const CopyItem& item) {
    if (item.outcome == CopyOutcome::copied) copied.push_back(item.destination);
    while (!begun) std::this_thread::yield();
    if (copied.size() == 20) run->cancel();
  };
  run.emplace(start_copy({bench.path("in/")}, bench.path("out"), bench.options));
  begun = true;
  const auto ended = run->wait();
  CHECK(ended.error().kind == Kind::cancelled);
  CHECK(copied.size() < 30);
  const auto tree = bench.tree("out");
  // What was being finished at that moment may be there, whole, without having been told of.
  CHECK(tree.size() >= copied.size());
  CHECK(tree.size() <= copied.size() + 2);
  for (const auto& [name, text] : tree) CHECK(text.size() == 3000);
}

TEST_CASE("large and small files share the budget, and none waits for ever") {
  Bench bench;
  for (int i = 0; i < 6; ++i) bench.make(fmt::format("in/large{}", i), test::sample_bytes(9'000'000, i + 1));
  for (int i = 0; i < 40; ++i) bench.make(fmt::format("in/small{}", i), test::sample_bytes(1000, i + 50));
  bench.options.budget_bytes = kMinBudgetBytes;
  REQUIRE(bench.copy({"in/"}, "out")->copied == 46);
  CHECK((bench.tree("in") == bench.tree("out")));
  bench.options.budget_bytes = kMinBudgetBytes - 1;
  CHECK(bench.copy({"in/"}, "out").error().kind == Kind::budget_too_small);
}

TEST_CASE("what cannot be meant is refused before anything is copied") {
  Bench bench;
  bench.make("dir/a");
  bench.make("file");
  CHECK(copy_many({}, bench.path("out"), bench.options).error().kind == Kind::invalid_argument);
  CHECK(bench.copy({"none"}, "out").error().kind == Kind::not_found);
  CHECK(bench.copy({"none*"}, "out")->failed == 1);
  CHECK(copy_many({bench.path("dir")}, "null:", bench.options).error().kind == Kind::invalid_argument);
  CHECK(copy_many({"gen:1MiB"}, bench.path("out"), bench.options).error().kind == Kind::invalid_argument);
  CHECK(bench.copy({"dir"}, "file")->failed == 1);
  bench.options.recursive = false;
  CHECK(bench.copy({"dir"}, "out").error().advice.find("-r") != std::string::npos);
  CHECK_FALSE(fs::exists(bench.path("out")));
}

TEST_CASE("a place in a store is found by name") {
  TempDir directory;
  directory.write("file", "x");
  CHECK(open_store(directory.root())->key.empty());
  CHECK(open_store(directory.path("file"))->key == "file");
  CHECK(open_store(directory.path("new/"))->key.empty());
  CHECK(open_store("file:" + directory.path("file"))->url() == directory.path("file"));
  CHECK(open_store("./a:b")->key == "a:b");
  for (const char* name : {"-", "", "gen:1MiB", "s4://a/b", "null:"}) {
    INFO(name);
    CHECK(open_store(name).error().kind == Kind::invalid_argument);
  }
}
