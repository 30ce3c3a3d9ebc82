#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "ledger_tools.hpp"

using namespace weir;
using test::begin_upload;
using test::note_begin;
using test::open_ledger;
using test::some_item;
using test::some_job;
using test::some_part;
using test::TempDir;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

}  // namespace

TEST_CASE("what is recorded is there for the next who opens the ledger, every field of it") {
  TempDir directory;
  const std::string state = directory.path("deep/state");
  {
    const auto ledger = open_ledger(state);
    auto claim = ledger->claim(some_job());
    REQUIRE(claim.ok());
    CHECK((*claim)->record().upload_id.empty());
    REQUIRE((*claim)->start(some_job()).ok());
    REQUIRE(begin_upload(**claim, "upload-1").ok());
    for (const std::uint32_t number : {3u, 1u, 5u}) (*claim)->part_stored(some_part(number));
    claim->reset();
    REQUIRE(ledger->flush().ok());
  }
  const auto ledger = open_ledger(state);
  const auto jobs = ledger->jobs();
  REQUIRE(jobs.ok());
  REQUIRE(jobs->size() == 1);
  CHECK((*jobs)[0].parts_stored == 3);
  CHECK((*jobs)[0].bytes_stored == 2 * 8 * kMiB + 1);
  CHECK((*jobs)[0].owner_pid == 0);
  const auto claim = ledger->claim(some_job());
  REQUIRE(claim.ok());
  const JobRecord& job = (*claim)->record();
  CHECK(job.source == some_job().source);
  CHECK(job.place == some_job().place);
  CHECK(job.destination == some_job().destination);
  CHECK(job.fingerprint == some_job().fingerprint);
  CHECK(job.part_bytes == some_job().part_bytes);
  CHECK(job.resume_hint == some_job().resume_hint);
  CHECK(job.upload_id == "upload-1");
  CHECK(job.created_unix > 1'700'000'000);
  REQUIRE(job.parts.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const PartReceipt expected = some_part(std::vector{1u, 3u, 5u}[i]);
    CHECK(job.parts[i].number == expected.number);
    CHECK(job.parts[i].offset == expected.offset);
    CHECK(job.parts[i].length == expected.length);
    CHECK(job.parts[i].crc64nvme == expected.crc64nvme);
    CHECK(job.parts[i].etag == expected.etag);
    CHECK(job.parts[i].checksum == expected.checksum);
  }
}

TEST_CASE("parts that were written and not synced are told to the next claim of that upload, and promised to nobody") {
  TempDir directory;
  const std::string state = directory.path("state");
  const auto numbers_of = [](const JobRecord& job) {
    std::vector<std::uint32_t> numbers;
    for (const PartReceipt& part : job.written) numbers.push_back(part.number);
    return numbers;
  };
  {
    const auto ledger = open_ledger(state);
    auto claim = *ledger->claim(some_job());
    REQUIRE(claim->start(some_job()).ok());
    claim->part_written(some_part(1));  // of no upload yet
    REQUIRE(begin_upload(*claim, "upload-1").ok());
    for (const std::uint32_t number : {2u, 1u, 3u}) claim->part_written(some_part(number));
    PartReceipt unknown = some_part(4);
    unknown.crc64nvme.reset();
    claim->part_written(unknown);
    CHECK(mode_of(state + "/written-1") == 0600);
    claim.reset();
    REQUIRE(ledger->flush().ok());
  }
  test::write_file(state + "/written-1", test::read_file(state + "/written-1") + "torn");
  {
    const auto ledger = open_ledger(state);
    CHECK((*ledger->jobs())[0].bytes_stored == 0);
    CHECK(ledger->job(1)->parts.empty());
    auto claim = *ledger->claim(some_job());
    CHECK(numbers_of(claim->record()) == std::vector{2u, 1u, 3u});
    CHECK(claim->record().written[0].offset == some_part(2).offset);
    CHECK(claim->record().written[0].length == some_part(2).length);
    CHECK(claim->record().written[0].crc64nvme == some_part(2).crc64nvme);
    claim->part_written(some_part(5));
    claim.reset();
    REQUIRE(ledger->flush().ok());
  }
  std::string bytes = test::read_file(state + "/written-1");
  bytes[48 + 20] ^= 1;  // of the second
  test::write_file(state + "/written-1", bytes);
  {
    const auto ledger = open_ledger(state);
    auto claim = *ledger->claim(some_job());
    CHECK(numbers_of(claim->record()) == std::vector{2u, 3u, 5u});
    REQUIRE(begin_upload(*claim, "upload-2").ok());
    claim->part_written(some_part(4));
    claim.reset();
    REQUIRE(ledger->flush().ok());
  }
  const auto ledger = open_ledger(state);
  auto claim = *ledger->claim(some_job());
  CHECK(numbers_of(claim->record()) == std::vector{4u});
  claim->finished();
  REQUIRE(ledger->flush().ok());
  CHECK_FALSE(std::filesystem::exists(state + "/written-1"));
}

TEST_CASE("names of any bytes, and more parts than one commit holds, come back as they were") {
  TempDir directory;
  const auto ledger = open_ledger(directory.root() + "/state");
  JobRecord odd = some_job(std::string("/a\0b\xff'\"; DROP TABLE job; --\n", 29));
  odd.source.size_bytes = UINT64_MAX / 2;
  {
    auto claim = ledger->claim(odd);
    REQUIRE((*claim)->start(odd).ok());
    REQUIRE(begin_upload(**claim, "u").ok());
    for (std::uint32_t number = 1; number <= 3000; ++number) {
      (*claim)->part_stored({number, (number - 1) * 8 * kMiB, 8 * kMiB, number, "e", ""});
    }
  }
  auto claim = ledger->claim(odd);
  REQUIRE(claim.ok());
  CHECK((*claim)->record().source == odd.source);
  CHECK((*claim)->record().parts.size() == 3000);
}

TEST_CASE("a finished job is forgotten, a new upload of a job forgets the parts of the old one") {
  TempDir directory;
  const auto ledger = open_ledger(directory.root() + "/state");
  {
    auto claim = ledger->claim(some_job());
    REQUIRE((*claim)->start(some_job()).ok());
    REQUIRE(begin_upload(**claim, "one").ok());
    (*claim)->part_stored(some_part(1));
    REQUIRE(begin_upload(**claim, "two").ok());
    (*claim)->part_stored(some_part(2));
  }
  {
    auto claim = ledger->claim(some_job());
    CHECK((*claim)->record().upload_id == "two");
    REQUIRE((*claim)->record().parts.size() == 1);
    CHECK((*claim)->record().parts[0].number == 2);
    (*claim)->finished();
  }
  CHECK(ledger->jobs()->empty());
  CHECK((*ledger->claim(some_job()))->record().upload_id.empty());
}

TEST_CASE("begins without an answer are recorded until the job is finished, and an answer is one's own") {
  TempDir directory;
  auto ledger = open_ledger(directory.root() + "/state");
  auto claim = ledger->claim(some_job());
  REQUIRE((*claim)->start(some_job()).ok());
  for (int i = 0; i < 2; ++i) REQUIRE(note_begin(**claim).ok());
  REQUIRE(note_begin(**claim).ok());
  (*claim)->nothing_begun();
  (*claim)->nothing_begun();  // there is no other
  CHECK((*claim)->lost_begins().size() == 2);
  REQUIRE(note_begin(**claim).ok());
  REQUIRE(begin_upload(**claim, "one").ok());
  const auto lost = (*claim)->lost_begins();
  REQUIRE(lost.size() == 2);
  CHECK(lost[1].number == 2);
  claim->reset();
  REQUIRE(ledger->flush().ok());

  ledger = open_ledger(directory.root() + "/state");
  CHECK((*ledger->jobs())[0].begins == lost);
  claim = ledger->claim(some_job());
  CHECK((*claim)->record().begins == lost);
  SECTION("also where the job begins anew") {
    REQUIRE((*claim)->start(some_job()).ok());
    CHECK((*ledger->jobs())[0].begins == lost);
  }
  SECTION("or as what else it is to be") { REQUIRE((*claim)->adopt(some_job()).ok()); }
  SECTION("and go along with the place, where what was begun is set aside") {
    REQUIRE((*claim)->set_aside(some_job()).ok());
    CHECK((*ledger->jobs())[0].begins.empty());
    const std::int64_t aside = (*ledger->jobs())[0].id;
    (*ledger->claim(aside))->finished();
  }
  CHECK((*claim)->lost_begins() == lost);
  REQUIRE(ledger->flush().ok());
  CHECK(ledger->job((*claim)->record().id)->begins == lost);
  (*claim)->finished();
  CHECK(ledger->jobs()->empty());
  claim->reset();
  CHECK((*ledger->claim(some_job()))->record().begins.empty());
}

TEST_CASE("what is set aside keeps its upload under its own number, and the job begins anew") {
  TempDir directory;
  const auto ledger = open_ledger(directory.root() + "/state");
  auto claim = ledger->claim(some_job());
  REQUIRE((*claim)->start(some_job()).ok());
  REQUIRE(begin_upload(**claim, "old").ok());
  (*claim)->part_stored(some_part(1));
  claim->reset();
  claim = ledger->claim(some_job());
  const std::int64_t old = (*claim)->record().id;
  JobRecord other = some_job();
  other.fingerprint = "other";
  REQUIRE((*claim)->set_aside(other).ok());
  CHECK((*claim)->record().id != old);
  REQUIRE(begin_upload(**claim, "new").ok());
  const auto jobs = ledger->jobs();
  REQUIRE(jobs->size() == 2);
  CHECK((*jobs)[0].set_aside);
  CHECK((*jobs)[0].upload_id == "old");
  CHECK((*jobs)[0].parts_stored == 1);
  CHECK((*jobs)[0].owner_pid == 0);
  CHECK_FALSE((*jobs)[1].set_aside);
  CHECK((*jobs)[1].owner_pid == ::getpid());
  const auto aside = ledger->claim(old);
  REQUIRE(aside.ok());
  (*aside)->finished();
  CHECK(ledger->jobs()->size() == 1);
}

TEST_CASE("a job is one process's at a time: the second is told which, and a killed one lets go") {
  TempDir directory;
  const std::string state = directory.root() + "/state";
  const auto ledger = open_ledger(state);
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // A ledger of its own: SQLite's handles must not cross a fork.
    LedgerOptions options;
    options.state_dir = state;
    auto mine = Ledger::open(options);
    auto claim = mine.ok() ? (*mine)->claim(some_job()) : Result<std::unique_ptr<JobClaim>>(mine.status());
    const char said = claim.ok() ? 'y' : 'n';
    (void)!::write(ready[1], &said, 1);
    ::pause();
    ::_exit(0);
  }
  char said = 0;
  REQUIRE(::read(ready[0], &said, 1) == 1);
  REQUIRE(said == 'y');
  const auto refused = ledger->claim(some_job());
  CHECK(refused.status().kind() == Kind::unavailable);
  CHECK(refused.status().message().find(fmt::format("process {} is at", child)) != std::string::npos);
  CHECK(ledger->claim(some_job("/data/another")).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(ledger->claim(some_job()).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("within a process a job is one upload's at a time too, whichever ledger it was claimed through") {
  TempDir directory;
  const std::string state = directory.root() + "/state";
  const auto one = open_ledger(state);
  const auto two = open_ledger(state);
  {
    const auto claim = one->claim(some_job());
    REQUIRE(claim.ok());
    CHECK(one->claim(some_job()).status().kind() == Kind::unavailable);
    CHECK(two->claim(some_job()).status().kind() == Kind::unavailable);
  }
  REQUIRE(one->flush().ok());
  CHECK(two->claim(some_job()).ok());
}

TEST_CASE("directory and files are this user's alone, and a place that others could write is refused") {
  TempDir directory;
  const std::string state = directory.path("a/b/state");
  (void)open_ledger(state);
  CHECK(mode_of(state) == 0700);
  CHECK(mode_of(directory.path("a")) == 0700);
  for (const char* name : {"/ledger.sqlite", "/ledger.lock"}) CHECK(mode_of(state + name) == 0600);

  const auto refused = [](const std::string& place, const char* why) {
    LedgerOptions options;
    options.state_dir = place;
    const Status status = Ledger::open(options).status();
    INFO(status.message());
    CHECK(status.kind() == Kind::access_denied);
    CHECK(status.message().find(why) != std::string::npos);
  };
  REQUIRE(::chmod((state + "/ledger.sqlite").c_str(), 0666) == 0);
  refused(state, "others can write");
  REQUIRE(::chmod((state + "/ledger.sqlite").c_str(), 0600) == 0);
  REQUIRE(::chmod(state.c_str(), 0777) == 0);
  refused(state, "others can write");
  REQUIRE(::chmod(state.c_str(), 0700) == 0);
  REQUIRE(::symlink(state.c_str(), directory.path("link").c_str()) == 0);
  refused(directory.path("link"), "symbolic link");
  REQUIRE(::rename((state + "/ledger.sqlite").c_str(), directory.path("elsewhere").c_str()) == 0);
  REQUIRE(::symlink(directory.path("elsewhere").c_str(), (state + "/ledger.sqlite").c_str()) == 0);
  refused(state, "symbolic link");
  // Above the directory links are the user's own affair.
  REQUIRE(::symlink(directory.path("a").c_str(), directory.path("home").c_str()) == 0);
  REQUIRE(::unlink((state + "/ledger.sqlite").c_str()) == 0);
  (void)open_ledger(directory.path("home/b/state"));
}

TEST_CASE("opened on demand it touches nothing until it is asked, and says once why it cannot be used") {
  TempDir directory;
  std::vector<std::string> troubles;
  LedgerOptions options;
  options.state_dir = directory.path("state");
  options.on_trouble = [&](const std::string& line) { troubles.push_back(line); };
  {
    const auto idle = Ledger::on_demand(options);
    CHECK(idle->flush().ok());
  }
  CHECK(directory.names().empty());
  { CHECK(Ledger::on_demand(options)->claim(some_job()).ok()); }
  CHECK(directory.names() == std::vector<std::string>{"state"});
  REQUIRE(::chmod(options.state_dir.c_str(), 0777) == 0);
  const auto unusable = Ledger::on_demand(options);
  CHECK_FALSE(unusable->claim(some_job()).ok());
  CHECK_FALSE(unusable->claim(some_job()).ok());
  REQUIRE(troubles.size() == 1);
  CHECK(troubles[0].find("others can write there: transfers go on") != std::string::npos);
  CHECK(troubles[0].find('\n') == std::string::npos);
}

TEST_CASE("marks are there for the next, in order, as long as the job is the same") {
  TempDir directory;
  const auto ledger = open_ledger(directory.path("state"));
  const Mark marks[] = {{4 * kMiB, 100, 0xffff'ffff'ffff'ffffu, 1, 2}, {4 * kMiB, 200, 3, 4, 5}, {7, 8, 9, 10, 11}};
  JobRecord wanted = some_job();
  wanted.stages = "zstd level=3\n";
  {
    auto claim = ledger->claim(wanted);
    REQUIRE((*claim)->start(wanted).ok());
    for (std::uint64_t i = 0; i < 3; ++i) (*claim)->mark_made(i, marks[i]);
    REQUIRE(begin_upload(**claim, "upload-1").ok());  // they come before it
    (*claim)->part_stored(some_part(2));
  }
  auto claim = ledger->claim(wanted);
  REQUIRE(claim.ok());
  CHECK((*claim)->record().stages == wanted.stages);
  CHECK((*claim)->record().parts.size() == 1);
  CHECK(*(*claim)->marks(0, 2) == std::vector<Mark>{marks[0], marks[1]});
  CHECK(*(*claim)->marks(2, 10) == std::vector<Mark>{marks[2]});
  CHECK((*claim)->marks(3, 10)->empty());
  SECTION("a gap ends them") {
    (*claim)->mark_made(5, marks[0]);
    REQUIRE(ledger->flush().ok());
    CHECK((*claim)->marks(1, 10)->size() == 2);
  }
  SECTION("another start forgets them") {
    REQUIRE((*claim)->start(wanted).ok());
    CHECK((*claim)->marks(0, 10)->empty());
  }
  SECTION("with other stages parts stay and marks go") {
    wanted.stages = "zstd level=4\n";
    REQUIRE((*claim)->adopt(wanted).ok());
    CHECK((*claim)->record().upload_id == "upload-1");
    CHECK((*claim)->marks(0, 10)->empty());
    const JobRecord job = *ledger->job((*claim)->record().id);
    CHECK(job.stages == wanted.stages);
    CHECK(job.parts.size() == 1);
  }
  SECTION("of a job that is gone nothing is recorded, and nothing else is lost by that") {
    (*claim)->finished();
    REQUIRE(ledger->flush().ok());
    (*claim)->mark_made(0, marks[0]);
    CHECK(ledger->flush().ok());
  }
}

TEST_CASE("the parts of a stream are kept, however long it is and however they grew") {
  TempDir directory;
  const auto ledger = open_ledger(directory.path("state"));
  JobRecord wanted = some_job("-");
  wanted.source = {};
  wanted.source.name = "-";
  {
    auto claim = ledger->claim(wanted);
    REQUIRE(begin_upload(**claim, "upload-1").ok());
    PartReceipt part = some_part(1);
    for (const std::uint64_t length : {5 * kMiB, 6 * kMiB, 7 * kMiB}) {
      part.length = length;
      (*claim)->part_stored(part);
      part.offset += length;
      ++part.number;
    }
  }
  CHECK((*ledger->claim(wanted))->record().parts.size() == 3);
}

TEST_CASE("the items of a copy of many come back in order, replaced where that was said, and go with the job") {
  TempDir directory;
  const std::string state = directory.path("state");
  JobRecord wanted = some_job("/data/photos/");
  wanted.source.size_bytes = 0;
  wanted.place = JobRecord::kManyPrefix + std::string("s3 aws bucket/photos/");
  {
    const auto ledger = open_ledger(state);
    auto claim = ledger->claim(wanted);
    REQUIRE(claim.ok());
    CHECK((*claim)->record().is_many());
    CHECK((*claim)->record().items_stored == 0);
    REQUIRE(begin_upload(**claim, "many").ok());
    (*claim)->items_stored({some_item("b\xff"), some_item("a"), some_item(std::string("a\0b", 3))});
    ItemRecord other = some_item("a");
    other.bytes = 5;
    (*claim)->items_stored({other});
    claim->reset();
    REQUIRE(ledger->flush().ok());
    REQUIRE(ledger->jobs()->size() == 1);
    CHECK(ledger->jobs()->at(0).items_stored == 3);
    CHECK(ledger->jobs()->at(0).bytes_stored == 1003 + 1002 + 5);
    CHECK(ledger->job(ledger->jobs()->at(0).id)->items_stored == 3);
  }
  const auto ledger = open_ledger(state);
  auto claim = ledger->claim(wanted);
  REQUIRE(claim.ok());
  CHECK((*claim)->record().items_stored == 3);
  const auto all = (*claim)->items("", 10);
  REQUIRE(all.ok());
  REQUIRE(all->size() == 3);
  CHECK((*all)[0].bytes == 5);
  CHECK((*all)[1] == some_item(std::string("a\0b", 3)));
  CHECK((*all)[2] == some_item("b\xff"));
  CHECK((*claim)->items("aa", 10)->size() == 1);
  CHECK((*claim)->items("", 2)->size() == 2);
  CHECK((*claim)->items("c", 2)->empty());
  const std::int64_t id = (*claim)->record().id;
  CHECK(forget_copy(*ledger, id).kind() == Kind::unavailable);
  REQUIRE((*claim)->start(wanted).ok());
  CHECK((*claim)->items("", 10)->empty());
  (*claim)->items_stored({some_item("x")});
  REQUIRE(ledger->flush().ok());
  claim->reset();
  REQUIRE(forget_copy(*ledger, id).ok());
  CHECK(forget_copy(*ledger, id).kind() == Kind::not_found);
  // Its rows are gone too: the next with this place has none.
  CHECK((*ledger->claim(wanted))->items("", 10)->empty());
  auto upload = ledger->claim(some_job());
  REQUIRE(upload.ok());
  const std::int64_t other = (*upload)->record().id;
  upload->reset();
  CHECK(forget_copy(*ledger, other).kind() == Kind::invalid_argument);
}
