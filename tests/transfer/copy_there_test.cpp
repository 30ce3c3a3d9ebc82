// The destination's listing beside the source's, on a directory as the store.
#include "transfer/copy_there.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/temp_dir.hpp"
#include "weir/store/local.hpp"

using weir::transfer::CopyThere;

namespace {

std::shared_ptr<weir::Store> store_of(const weir::test::TempDir& directory, int files) {
  std::filesystem::create_directories(directory.path("to"));
  for (int i = 0; i < files; i += 2) directory.write(fmt::format("to/{:05}", i), std::string(i % 7, 'x'));
  return weir::local_store(directory.root());
}

}  // namespace

TEST_CASE("what is there is told in one pass, and order is needed for that") {
  const weir::test::TempDir directory;
  CopyThere there(store_of(directory, 3000), "to/");
  for (int i = 0; i < 3100; ++i) {
    INFO(i);
    const auto answer = there.look(fmt::format("to/{:05}", i));
    REQUIRE(answer.known);
    REQUIRE(answer.object.has_value() == (i < 3000 && i % 2 == 0));
    if (answer.object) CHECK(answer.object->size == static_cast<std::uint64_t>(i % 7));
  }
  // Back again: what has been passed is not known any more, nor is anything else.
  CHECK_FALSE(there.look("to/00002").known);
  CHECK_FALSE(there.look("to/99999").known);
}

TEST_CASE("names before and behind all that is there, and a place that is not there, have no object") {
  const weir::test::TempDir directory;
  CopyThere there(store_of(directory, 10), "to/");
  CHECK(there.look("to/!").known);
  CHECK(there.look("to/00004").object.has_value());
  CHECK_FALSE(there.look("to/z").object.has_value());
  CopyThere nowhere(weir::local_store(directory.root()), "none/");
  CHECK(nowhere.look("none/a").known);
  CHECK_FALSE(nowhere.look("none/b").object.has_value());
  CopyThere no_store(weir::local_store(directory.path("no such directory")), "");
  CHECK_FALSE(no_store.look("a").known);
}

TEST_CASE("a few names among very many are not looked for through all of them") {
  const weir::test::TempDir directory;
  CopyThere there(store_of(directory, 20'000), "to/");  // ten pages
  CHECK(there.look("to/00000").known);
  CHECK_FALSE(there.look("to/19998").known);
}
