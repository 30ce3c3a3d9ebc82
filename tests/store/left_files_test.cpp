// What a copy of many that was killed has left in directories, and what is not its own.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "store/left_files.hpp"
#include "store/local_file.hpp"
#include "store/local_store.hpp"
#include "support/is_gone.hpp"
#include "support/temp_dir.hpp"
#include "weir/transfer/upload.hpp"

using namespace weir;
using store::LeftFiles;
using test::TempDir;

namespace {

constexpr std::uint64_t kCopy = 0x0123456789abcdefu;
const std::string kMark = "0123456789abcdef";
const std::string kOtherMark = "0123456789abcdee";

std::shared_ptr<platform::Fd> held(const std::string& path) { return *platform::open_place(path, path); }

}  // namespace

TEST_CASE("only temporary files with the copy's own mark are removed, and none that is recorded") {
  TempDir directory;
  const std::string recorded = ".large." + kMark + ".abcdefgh.weir-part";
  const std::vector<std::string> stay = {
      ".b." + kOtherMark + ".abcdefgh.weir-part",  // another copy's
      ".b.abcdefgh.weir-part",                     // of one file
      "." + kMark + ".abcdefgh.weir-part",         // a file of that very name
      ".b" + kMark + ".abcdefgh.weir-part",
      "b." + kMark + ".abcdefgh.weir-part",
      ".b." + kMark + ".abcdefg.weir-part",
      ".b." + kMark + ".abcdefgh.weir-par",
      "b",
      recorded,
  };
  for (const std::string& name : stay) directory.write(name, "x");
  std::filesystem::create_directory(directory.path(".d." + kMark + ".abcdefgh.weir-part"));
  REQUIRE(::symlink(directory.path("b").c_str(), directory.path(".l." + kMark + ".abcdefgh.weir-part").c_str()) == 0);
  REQUIRE(::link(directory.path("b").c_str(), directory.path(".h." + kMark + ".abcdefgh.weir-part").c_str()) == 0);
  std::vector<std::string> before = directory.names();
  directory.write(".a." + kMark + ".abcdefgh.weir-part", "x");
  directory.write(".a b\n." + kMark + ".zzzzzzzz.weir-part", "x");
  LeftFiles left(store::mark_of_copy(kCopy), {recorded});
  left.remove_from(held(directory.root()));
  CHECK(directory.names() == before);
  // Once: what is there by now is somebody's who is at it.
  directory.write(".a." + kMark + ".abcdefgh.weir-part", "x");
  left.remove_from(held(directory.root()));
  CHECK(directory.names().size() == before.size() + 1);
}

TEST_CASE("below a directory they are removed at any depth, and nothing behind a link") {
  TempDir directory;
  TempDir elsewhere;
  const std::string name = ".a." + kMark + ".abcdefgh.weir-part";
  std::filesystem::create_directories(directory.path("b/c d"));
  for (const char* const place : {"", "b/", "b/c d/"}) directory.write(place + name, "x");
  directory.write("b/kept", "x");
  elsewhere.write(name, "x");
  REQUIRE(::symlink(elsewhere.root().c_str(), directory.path("b/link").c_str()) == 0);
  LeftFiles(kMark, {}).remove_below(directory.root());
  CHECK(directory.names() == std::vector<std::string>{"b"});
  CHECK_FALSE(std::filesystem::exists(directory.path("b/" + name)));
  CHECK_FALSE(std::filesystem::exists(directory.path("b/c d/" + name)));
  CHECK(std::filesystem::exists(directory.path("b/kept")));
  CHECK(elsewhere.names().size() == 1);
  LeftFiles(kMark, {}).remove_below(directory.path("not there"));
}

TEST_CASE("what a copy writes has its mark, as long as its name may be, and is gone on with by whoever comes") {
  TempDir directory;
  store::LocalStore local(directory.root(), {});
  local.belongs_to(kCopy, false, {});
  const std::string name = GENERATE(std::string("a"), std::string(255, 'n'));
  auto target = local.target(name, {});
  std::string id;
  {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable came;
    target->begin([&](const Result<std::string>& begun) {
      const std::lock_guard inner(mutex);
      id = begun.ok() ? *begun : "failed";
      came.notify_all();
    });
    came.wait(lock, [&] { return !id.empty(); });
  }
  CHECK(store::is_temporary_of(id, kMark));
  CHECK_FALSE(store::is_temporary_of(id, kOtherMark));
  CHECK(id.size() <= 255);
  // Whoever writes that file alone, of no copy, knows it for one of its own.
  const auto other = local_target(directory.path(name));
  const auto kept = other->kept(id, {}, UINT64_MAX);
  REQUIRE(kept.ok());
  CHECK(*kept != nullptr);
  const std::weak_ptr<Target> gone = target;
  target.reset();
  test::is_gone(gone);  // with its files: the next test counts those that are open
}
