#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "ledger_tools.hpp"

using namespace weir;
using test::begin_upload;
using test::note_begin;
using test::open_ledger;
using test::read_file;
using test::some_item;
using test::some_job;
using test::some_part;
using test::some_served;
using test::TempDir;
using test::write_file;

namespace {

Mark some_mark(std::uint64_t index) { return {4 * kMiB, 1000 + index, 0x9000000000000000u + index, index, 77}; }

/// A ledger with one job, its five parts, three marks, two items and a served upload, all in its one file.
std::string good_file(const std::string& state) {
  {
    const auto ledger = open_ledger(state);
    auto claim = ledger->claim(some_job());
    REQUIRE((*claim)->start(some_job()).ok());
    REQUIRE(note_begin(**claim).ok());
    REQUIRE(note_begin(**claim).ok());
    REQUIRE(begin_upload(**claim, "upload-1").ok());
    for (std::uint64_t index = 0; index < 3; ++index) (*claim)->mark_made(index, some_mark(index), "state");
    for (std::uint32_t number = 1; number <= 5; ++number) (*claim)->part_stored(some_part(number));
    (*claim)->items_stored({some_item("b"), some_item("a")});
    claim->reset();
    REQUIRE(ledger->flush().ok());
  }
  {
    auto served = ledger::ServedUploads::open(state, "/folder");
    REQUIRE(served.ok());
    REQUIRE((*served)->put({some_served("id-1")}).ok());
  }
  // SQLite empties its log into the file when the last connection goes: a thread of the pool may have that one.
  for (int i = 0; i < 5000 && ::access((state + "/ledger.sqlite-wal").c_str(), F_OK) == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const std::string bytes = read_file(state + "/ledger.sqlite");
  REQUIRE(bytes.size() > 4096);
  return bytes;
}

void run_sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  REQUIRE(::sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  ::sqlite3_busy_timeout(database, 5000);
  REQUIRE(::sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  ::sqlite3_close(database);
}

/// What a damaged ledger says of the job is what was written, less, or an error; never anything else.
void holds_no_lie(const std::string& state) {
  LedgerOptions options;
  options.state_dir = state;
  const auto ledger = Ledger::open(options);
  if (!ledger.ok()) {
    CHECK(!ledger.status().message().empty());
    return;
  }
  const auto claim = (*ledger)->claim(some_job());
  if (!claim.ok()) return;
  const JobRecord& job = (*claim)->record();
  if (job.upload_id.empty()) return;
  CHECK(job.upload_id == "upload-1");
  CHECK(job.source == some_job().source);
  CHECK(job.part_bytes == some_job().part_bytes);
  CHECK(job.fingerprint == some_job().fingerprint);
  for (const PartReceipt& part : job.parts) {
    const PartReceipt expected = some_part(part.number);
    CHECK(part.offset == expected.offset);
    CHECK(part.length == expected.length);
    CHECK(part.crc64nvme == expected.crc64nvme);
    CHECK(part.etag == expected.etag);
  }
  const auto marks = (*claim)->marks(0, 10);
  for (std::size_t i = 0; marks.ok() && i < marks->size(); ++i) CHECK((*marks)[i] == some_mark(i));
  const auto items = (*claim)->items("", 10);
  if (!items.ok()) return;
  CHECK(items->size() <= 2);
  for (const ItemRecord& item : *items) CHECK((item == some_item("a") || item == some_item("b")));
}

void place(const std::string& state, std::string_view bytes) {
  for (const char* name : {"/ledger.sqlite-wal", "/ledger.sqlite-shm"}) (void)::unlink((state + name).c_str());
  // A file of its own: a connection that is about to go has the old one open.
  write_file(state + "/new", bytes);
  REQUIRE(::rename((state + "/new").c_str(), (state + "/ledger.sqlite").c_str()) == 0);
}

}  // namespace

TEST_CASE("a ledger that is damaged at any byte, or cut, never tells a part that was not recorded") {
  TempDir directory;
  const std::string state = directory.root() + "/state";
  const std::string good = good_file(state);
  // Bytes that hold anything; of the empty middle of pages, some.
  for (std::size_t at = 0; at < good.size(); ++at) {
    if (good[at] == 0 && at % 97 != 0) continue;
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
    place(state, bad);
    INFO("byte " << at);
    holds_no_lie(state);
  }
  for (std::size_t length = 0; length < good.size(); length += 211) {
    place(state, std::string_view(good).substr(0, length));
    INFO("cut at " << length);
    holds_no_lie(state);
  }
}

TEST_CASE("a newer ledger is refused in words, and not touched") {
  TempDir directory;
  const std::string state = directory.root() + "/state";
  good_file(state);
  run_sql(state + "/ledger.sqlite", "PRAGMA journal_mode = DELETE; PRAGMA user_version = 9");
  const std::string before = read_file(state + "/ledger.sqlite");
  LedgerOptions options;
  options.state_dir = state;
  const Status status = Ledger::open(options).status();
  CHECK(status.kind() == Kind::unsupported);
  CHECK(status.message().find("a newer weir wrote it (version 9; this one knows up to 5)") != std::string::npos);
  CHECK(read_file(state + "/ledger.sqlite") == before);
}

TEST_CASE("another program's database is no ledger") {
  TempDir directory;
  const std::string state = directory.root() + "/state";
  REQUIRE(::mkdir(state.c_str(), 0700) == 0);
  write_file(state + "/ledger.sqlite", "");
  run_sql(state + "/ledger.sqlite", "CREATE TABLE job (id INTEGER)");
  LedgerOptions options;
  options.state_dir = state;
  REQUIRE(::chmod((state + "/ledger.sqlite").c_str(), 0600) == 0);
  CHECK(Ledger::open(options).status().kind() == Kind::corrupt);
}

// Not run by itself: how the file below was made, once, by the program of its time.
TEST_CASE("makes a golden file of the version that this program writes", "[.make-golden]") {
  TempDir directory;
  const std::string state = directory.root() + "/state";
  good_file(state);
  run_sql(state + "/ledger.sqlite", "UPDATE job SET created_unix = 1790000000, updated_unix = 1790000001; VACUUM");
  write_file(std::string(WEIR_TEST_SOURCES) + "/ledger/golden/new.sqlite", read_file(state + "/ledger.sqlite"));
}

TEST_CASE("a ledger of every version is read") {
  const std::string version = GENERATE("1", "2", "3", "4", "5");
  TempDir directory;
  const std::string state = directory.root() + "/state";
  REQUIRE(::mkdir(state.c_str(), 0700) == 0);
  const std::string golden =
      read_file(std::string(WEIR_TEST_SOURCES) + "/ledger/golden/version-" + version + ".sqlite");
  REQUIRE(!golden.empty());
  place(state, golden);
  REQUIRE(::chmod((state + "/ledger.sqlite").c_str(), 0600) == 0);
  const auto ledger = open_ledger(state);
  const auto claim = ledger->claim(some_job());
  REQUIRE(claim.ok());
  CHECK((*claim)->record().upload_id == "upload-1");
  CHECK((*claim)->record().created_unix == 1'790'000'000);
  CHECK((*claim)->record().parts.size() == 5);
  CHECK((*claim)->record().begins.size() == (version < "4" ? 0 : 1));
  CHECK((*claim)->marks(0, 10)->size() == (version == "1" ? 0 : 3));
  CHECK((*claim)->state_behind(2).ok() == (version > "2"));
  (*claim)->mark_made(0, some_mark(0));
  REQUIRE(ledger->flush().ok());
  CHECK((*claim)->marks(0, 1)->size() == 1);
  CHECK((*claim)->items("", 10)->size() == (version < "3" ? 0 : 2));
  (*claim)->items_stored({some_item("another")});
  REQUIRE(ledger->flush().ok());
  CHECK((*claim)->items("another", 1)->size() == 1);
  auto served = ledger::ServedUploads::open(state, "/folder");
  REQUIRE(served.ok());
  REQUIRE((*served)->all()->size() == (version < "5" ? 0 : 1));
  if (version >= "5") CHECK((*(*served)->all())[0].metadata == some_served("id-1").metadata);
  REQUIRE((*served)->put({some_served("id-2")}).ok());
  CHECK((*served)->all()->size() == (version < "5" ? 1 : 2));
}

TEST_CASE("a ledger that cannot be written any more says so once, and tells who waits") {
  TempDir directory;
  const std::string state = directory.root() + "/state";
  std::vector<std::string> troubles;
  const auto ledger = open_ledger(state, &troubles);
  auto claim = ledger->claim(some_job());
  REQUIRE((*claim)->start(some_job()).ok());
  // Another writer that does not let go would be waited for; a table that is gone is an error at once.
  run_sql(state + "/ledger.sqlite", "DROP TABLE part; DROP TABLE job");
  CHECK_FALSE(begin_upload(**claim, "upload-1").ok());
  (*claim)->part_stored(some_part(1));
  (void)ledger->flush();
  CHECK(troubles.size() == 1);
  CHECK(troubles[0].find("cannot be written") != std::string::npos);
}
