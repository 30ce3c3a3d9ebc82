// What a server's uploads leave in the ledger.
#include "ledger/served_uploads.hpp"

#include <sqlite3.h>

#include "ledger_tools.hpp"

using namespace weir;
using ledger::ServedUpload;
using ledger::ServedUploads;
using test::some_served;
using test::TempDir;

namespace {

bool same(const ServedUpload& a, const ServedUpload& b) {
  return a.id == b.id && a.created_unix == b.created_unix && a.expires_unix == b.expires_unix && a.length == b.length &&
         a.durable == b.durable && a.state == b.state && a.metadata == b.metadata && a.concat == b.concat &&
         a.owner == b.owner && a.result == b.result && a.boot == b.boot;
}

std::unique_ptr<ServedUploads> open(const TempDir& directory, const std::string& folder = "/folder") {
  auto served = ServedUploads::open(directory.path("state"), folder);
  INFO(served.status().message());
  REQUIRE(served.ok());
  return *std::move(served);
}

}  // namespace

TEST_CASE("what was put of an upload comes back in another process, whatever its bytes") {
  TempDir directory;
  ServedUpload odd = some_served("odd");
  odd.length.reset();
  odd.metadata = std::string("\0\xff\n", 3);
  odd.concat = "final;a b";
  odd.result = "/folder/odd";
  odd.state = ServedUpload::State::failed;
  REQUIRE(open(directory)->put({some_served("plain"), odd}).ok());
  const auto all = open(directory)->all();
  REQUIRE(all.ok());
  REQUIRE(all->size() == 2);
  for (const ServedUpload& upload : *all) CHECK(same(upload, upload.id == "odd" ? odd : some_served("plain")));
}

TEST_CASE("an upload is replaced by what is put of it later, and removed") {
  TempDir directory;
  const auto served = open(directory);
  REQUIRE(served->put({some_served("a"), some_served("b")}).ok());
  ServedUpload more = some_served("a");
  more.durable = 10;
  more.state = ServedUpload::State::stored;
  REQUIRE(served->put({more}).ok());
  REQUIRE(served->remove("b").ok());
  REQUIRE(served->remove("never there").ok());
  REQUIRE(served->all()->size() == 1);
  CHECK(same((*served->all())[0], more));
}

TEST_CASE("servers of other folders have uploads of their own in the same ledger") {
  TempDir directory;
  REQUIRE(open(directory, "/one")->put({some_served("a")}).ok());
  CHECK(open(directory, "/two")->all()->empty());
  REQUIRE(open(directory, "/two")->remove("a").ok());
  CHECK(open(directory, "/one")->all()->size() == 1);
  CHECK(test::open_ledger(directory.path("state"))->jobs()->empty());
}

TEST_CASE("a row that was changed in the file is not believed") {
  TempDir directory;
  REQUIRE(open(directory)->put({some_served("a"), some_served("b")}).ok());
  sqlite3* database = nullptr;
  REQUIRE(::sqlite3_open((directory.path("state") + "/ledger.sqlite").c_str(), &database) == SQLITE_OK);
  REQUIRE(::sqlite3_exec(database, "UPDATE served SET durable = 8 WHERE id = CAST('a' AS BLOB)", nullptr, nullptr,
                         nullptr) == SQLITE_OK);
  REQUIRE(::sqlite3_changes(database) == 1);
  ::sqlite3_close(database);
  REQUIRE(open(directory)->all()->size() == 1);
  CHECK((*open(directory)->all())[0].id == "b");
}
