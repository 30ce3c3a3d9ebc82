#include "weir/store/local.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>

#include "store/local_bench.hpp"
#include "weir/stages/file.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;
using test::LocalBench;
using test::TempDir;

TEST_CASE("parts written in any order become the file at commit and nothing is visible before") {
  LocalBench bench;
  const std::string text = test::sample_bytes(700001);
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  REQUIRE(id.ok());
  std::vector<PartReceipt> receipts;
  for (const std::uint32_t number : {3, 1, 2}) {
    auto receipt = bench.put(*target, *id, bench.part(text, number, 300000));
    REQUIRE(receipt.ok());
    receipts.push_back(*receipt);
  }
  CHECK_FALSE(std::filesystem::exists(bench.directory.path("out")));
  CHECK(bench.directory.names().size() == 1);
  CHECK(bench.list(*target, *id)->size() == 3);
  auto stored = bench.commit(*target, *id, receipts, text);
  REQUIRE(stored.ok());
  CHECK(stored->length == text.size());
  CHECK(stored->crc64nvme == test::crc_of(text));
  CHECK((test::read_file(bench.directory.path("out")) == text));
  CHECK(bench.directory.names() == std::vector<std::string>{"out"});
  CHECK(bench.inspect(*target)->length == text.size());
}

TEST_CASE("a checksum of what is written is taken where it is wanted, or where there is one to compare with") {
  LocalBench bench;
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  Part unwanted = bench.part("bytes", 1, 5);
  unwanted.wants_crc = false;
  const auto receipt = bench.put(*target, *id, unwanted);
  REQUIRE(receipt.ok());
  CHECK_FALSE(receipt->crc64nvme.has_value());
  const auto stored = bench.commit(*target, *id, {*receipt}, Whole{5, {}});
  REQUIRE(stored.ok());
  CHECK_FALSE(stored->crc64nvme.has_value());
  CHECK(test::read_file(bench.directory.path("out")) == "bytes");
  Part known = unwanted;
  known.crc64nvme = test::crc_of("other");
  CHECK(bench.put_whole(*target, known).error().kind == Kind::corrupt);
}

TEST_CASE("a part is written anew where it is put a second time") {
  LocalBench bench;
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  REQUIRE(bench.put(*target, *id, bench.part("bad!", 1, 4)).ok());
  auto receipt = bench.put(*target, *id, bench.part("good", 1, 4));
  REQUIRE(bench.commit(*target, *id, {*receipt}, "good").ok());
  CHECK(test::read_file(bench.directory.path("out")) == "good");
}

TEST_CASE("a range of a replayable source is read again rather than held") {
  LocalBench bench;
  const std::string text = test::sample_bytes(kSliceBytes + 1000);
  Upstream upstream;
  REQUIRE(memory(text)->describe(upstream).ok());
  Part part{.number = 1, .offset = 0, .length = text.size(), .chunks = {}, .replay = upstream.replay, .crc64nvme = {}};
  auto target = bench.target("out");
  auto stored = bench.put_whole(*target, part);
  REQUIRE(stored.ok());
  CHECK((test::read_file(bench.directory.path("out")) == text));
  part.length += 1;
  CHECK(bench.put_whole(*target, part).status().kind() == Kind::source_changed);
  CHECK((test::read_file(bench.directory.path("out")) == text));
  CHECK(bench.directory.names() == std::vector<std::string>{"out"});
}

TEST_CASE("an empty file can be stored") {
  LocalBench bench;
  auto target = bench.target("empty");
  CHECK(bench.put_whole(*target, {}).ok());
  CHECK(bench.inspect(*target)->length == 0);
  auto id = bench.begin(*target);
  CHECK(bench.commit(*target, *id, {}, "").ok());
}

TEST_CASE("a commit that does not add up is refused and leaves the old file") {
  LocalBench bench;
  bench.directory.write("out", "old");
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  auto first = bench.put(*target, *id, bench.part("abcdef", 1, 3));
  auto second = bench.put(*target, *id, bench.part("abcdef", 2, 3));
  PartReceipt unknown;
  unknown.number = 9;
  unknown.offset = 6;
  REQUIRE((first.ok() && second.ok()));
  CHECK(bench.commit(*target, *id, {*first}, "abcdef").status().kind() == Kind::corrupt);
  CHECK(bench.commit(*target, *id, {*first, *second}, "abcdeX").status().kind() == Kind::corrupt);
  CHECK(bench.commit(*target, *id, {*first, *second, unknown}, "abcdef").status().kind() == Kind::corrupt);
  CHECK(bench.commit(*target, *id, {*second}, "def").status().kind() == Kind::corrupt);
  CHECK(test::read_file(bench.directory.path("out")) == "old");
  REQUIRE(bench.commit(*target, *id, {*second, *first}, "abcdef").ok());
  CHECK(test::read_file(bench.directory.path("out")) == "abcdef");
}

TEST_CASE("a commit without a checksum of the whole is judged by its length") {
  LocalBench bench;
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  auto first = bench.put(*target, *id, bench.part("abcdef", 1, 3));
  auto second = bench.put(*target, *id, bench.part("abcdef", 2, 3));
  REQUIRE((first.ok() && second.ok()));
  CHECK(bench.commit(*target, *id, {*first, *second}, Whole{7, {}}).status().kind() == Kind::corrupt);
  const auto stored = bench.commit(*target, *id, {*first, *second}, Whole{6, {}});
  REQUIRE(stored.ok());
  CHECK(stored->crc64nvme == test::crc_of("abcdef"));
}

TEST_CASE("bytes that are not those of the known checksum are refused") {
  LocalBench bench;
  auto target = bench.target("out");
  Part part = bench.part("text", 1, 4);
  part.crc64nvme = test::crc_of("tExt");
  CHECK(bench.put_whole(*target, part).status().kind() == Kind::corrupt);
  CHECK(bench.directory.names().empty());
}

TEST_CASE("abort leaves nothing, may be repeated, and an unknown upload is not found") {
  LocalBench bench;
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  REQUIRE(bench.put(*target, *id, bench.part("text", 1, 4)).ok());
  CHECK(bench.abort(*target, *id).ok());
  CHECK(bench.directory.names().empty());
  CHECK(bench.abort(*target, *id).ok());
  CHECK(bench.put(*target, *id, bench.part("text", 1, 4)).status().kind() == Kind::not_found);
  CHECK(bench.commit(*target, *id, {}, "").status().kind() == Kind::not_found);
  CHECK(bench.inspect(*target).status().kind() == Kind::not_found);
}

TEST_CASE("a target that goes away takes its temporary files with it") {
  LocalBench bench;
  {
    auto target = bench.target("out");
    REQUIRE(bench.begin(*target).ok());
    CHECK(bench.directory.names().size() == 1);
  }
  CHECK(bench.settled_names().empty());
}

TEST_CASE("a cancelled part ends as cancelled") {
  LocalBench bench;
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  std::promise<Result<PartReceipt>> promise;
  std::promise<void> gate;
  bench.executor->post_blocking([held = gate.get_future().share()] { held.wait(); });
  struct Slow final : Replay {
    explicit Slow(std::promise<void>& entered) : reached(entered) {}
    Result<std::size_t> read_at(std::uint64_t, std::span<std::byte>, bool) override {
      if (!std::exchange(told, true)) reached.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return std::size_t{1};
    }
    Status check_unchanged() override { return {}; }
    std::promise<void>& reached;
    bool told = false;
  };
  std::promise<void> entered;
  Part part{.number = 1,
            .offset = 0,
            .length = UINT64_MAX,
            .chunks = {},
            .replay = std::make_shared<Slow>(entered),
            .crc64nvme = {}};
  auto cancel = target->put_part(*id, part, [&](Result<PartReceipt> result) { promise.set_value(std::move(result)); });
  entered.get_future().wait();
  cancel();
  cancel();
  CHECK(promise.get_future().get().status().kind() == Kind::cancelled);
  gate.set_value();
  CHECK(bench.abort(*target, *id).ok());
  CHECK(bench.directory.names().empty());
}

TEST_CASE("what is no place for a file is refused before anything is written") {
  LocalBench bench;
  const auto refused = [&](const std::string& path) {
    return bench.begin(*local_target(path, {.executor = bench.executor})).status();
  };
  CHECK(refused("").kind() == Kind::invalid_argument);
  CHECK(refused(bench.directory.root()).kind() == Kind::invalid_argument);
  CHECK(refused(bench.directory.root() + "/").kind() == Kind::invalid_argument);
  CHECK(refused("/dev/null").kind() == Kind::invalid_argument);
  CHECK(refused(bench.directory.path("new/")).kind() == Kind::invalid_argument);
  const auto missing = refused(bench.directory.path("no/such/file"));
  CHECK(missing.kind() == Kind::not_found);
  CHECK(missing.message() == "cannot write " + bench.directory.path("no/such/file") + ": there is no directory " +
                                 bench.directory.path("no/such") + "\nMake the directory first.");
  const auto file = bench.directory.write("file", "x");
  CHECK(refused(file + "/under").error().cause == "Not a directory");
  std::filesystem::create_symlink("loop", bench.directory.path("loop"));
  CHECK(refused(bench.directory.path("loop")).error().cause == "Too many levels of symbolic links");
  CHECK(bench.directory.names() == std::vector<std::string>{"file", "loop"});
}

TEST_CASE("a file that is there is kept where replacing is not allowed, even if it appears late") {
  LocalBench bench;
  auto early = bench.target("early", {.replace = false});
  bench.directory.write("early", "old");
  CHECK(bench.begin(*early).status().kind() == Kind::already_exists);
  auto late = bench.target("late", {.replace = false});
  auto id = bench.begin(*late);
  auto receipt = bench.put(*late, *id, bench.part("new", 1, 3));
  bench.directory.write("late", "theirs");
  CHECK(bench.commit(*late, *id, {*receipt}, "new").status().kind() == Kind::already_exists);
  CHECK(bench.abort(*late, *id).ok());
  CHECK(test::read_file(bench.directory.path("late")) == "theirs");
  CHECK(bench.directory.names() == std::vector<std::string>{"early", "late"});
  CHECK(bench.put_whole(*bench.target("free", {.replace = false}), bench.part("new", 1, 3)).ok());
}

TEST_CASE("the finished file has the mode of the one it replaces, or what the umask leaves") {
  LocalBench bench;
  const auto mode = [&](const char* name) {
    struct stat found {};
    REQUIRE(::stat(bench.directory.path(name).c_str(), &found) == 0);
    return found.st_mode & 07777;
  };
  const mode_t before = ::umask(027);
  CHECK(bench.put_whole(*bench.target("fresh"), bench.part("x", 1, 1)).ok());
  ::umask(before);
  CHECK(mode("fresh") == 0640);
  bench.directory.write("old", "old");
  ::chmod(bench.directory.path("old").c_str(), 0604);
  auto target = bench.target("old");
  auto id = bench.begin(*target);
  CHECK(mode(std::filesystem::path(*id).filename().c_str()) == 0600);
  auto receipt = bench.put(*target, *id, bench.part("x", 1, 1));
  CHECK(bench.commit(*target, *id, {*receipt}, "x").ok());
  CHECK(mode("old") == 0604);
}

TEST_CASE("missing directories are made where that was asked for, when the upload begins") {
  LocalBench bench;
  LocalOptions makes;
  makes.make_directories = true;
  const auto target = bench.target("new/deep/file", makes);
  CHECK_FALSE(std::filesystem::exists(bench.directory.path("new")));
  REQUIRE(bench.put_whole(*target, bench.part("x", 1, 1)).ok());
  CHECK(test::read_file(bench.directory.path("new/deep/file")) == "x");
  CHECK(bench.put_whole(*bench.target("new/deep/file/below", makes), bench.part("x", 1, 1)).error().kind ==
        Kind::invalid_argument);
}

TEST_CASE("a symbolic link stays, and the file it names is replaced") {
  LocalBench bench;
  std::filesystem::create_directory(bench.directory.path("elsewhere"));
  bench.directory.write("elsewhere/real", "old");
  std::filesystem::create_symlink("elsewhere/real", bench.directory.path("link"));
  CHECK(bench.put_whole(*bench.target("link"), bench.part("new", 1, 3)).ok());
  CHECK(std::filesystem::is_symlink(bench.directory.path("link")));
  CHECK(test::read_file(bench.directory.path("elsewhere/real")) == "new");
}

TEST_CASE("a name as long as the file system allows still has a temporary one") {
  LocalBench bench;
  const std::string name(255, 'n');
  CHECK(bench.put_whole(*bench.target(name), bench.part("x", 1, 1)).ok());
  CHECK(bench.directory.names() == std::vector<std::string>{name});
  CHECK(bench.begin(*bench.target(name + "n")).status().error().cause == "File name too long");
}

TEST_CASE("a full disk is reported with path and byte, and keeps no temporary file") {
  LocalBench bench;
  const auto small = bench.directory.path("small");
  std::filesystem::create_directory(small);
  if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("not allowed to mount a small file system: the full disk is simulated alone (see the faults test)");
    return;
  }
  {
    auto target = local_target(small + "/out", {.executor = bench.executor});
    const std::string text = test::sample_bytes(2 * kMiB);
    const auto status = bench.put_whole(*target, bench.part(text, 1, text.size())).status();
    CHECK(status.kind() == Kind::no_space);
    REQUIRE(status.error().offset.has_value());
    CHECK(*status.error().offset > 0);
    CHECK(*status.error().offset <= kMiB);
    CHECK(status.message().find(small + "/out") != std::string::npos);
    CHECK(std::filesystem::is_empty(small));
    CHECK(bench.put_whole(*target, bench.part("fits", 1, 4)).ok());
  }
  CHECK(::umount(small.c_str()) == 0);
}
