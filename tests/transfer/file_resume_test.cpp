// Copies from file to file that are gone on with, by the interface that a program uses.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "resume_world.hpp"
#include "support/temp_dir.hpp"
#include "weir/codec/digest.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/file.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/upload.hpp"

using namespace std::chrono_literals;
using namespace weir;
using test::TempDir;

namespace {

constexpr std::size_t kBit = kMiB;
constexpr std::size_t kBits = 20;

/// A file, a directory for its copy, and a ledger.
struct Folders {
  TempDir from;
  TempDir to;
  std::string bytes = test::sample_bytes(kBits * kBit - 77);
  std::string source = from.write("in", bytes);
  std::string path = to.path("out");
  std::shared_ptr<Ledger> ledger;

  Folders() {
    LedgerOptions options;
    options.state_dir = from.path("state");
    ledger = *Ledger::open(options);
  }
  UploadOptions options() const {
    UploadOptions options;
    options.part_bytes = kBit;
    options.ledger = ledger;
    return options;
  }
  Job run(const UploadOptions& how) const { return start(file(source) | upload_to(local_target(path), how)); }
  Result<Receipt> copy() const { return run(options()).wait(); }
  JobRecord record() const { return *ledger->job((*ledger->jobs())[0].id); }

  /// Leaves a partial file behind; how many of its bytes are recorded.
  std::uint64_t stop_in_the_middle() const {
    UploadOptions slow = options();
    slow.limiter = RateLimiter::make(4 * kMiB);
    Job job = run(slow);
    for (int i = 0; i < 10000 && job.progress().bytes_confirmed < 3 * kBit; ++i) std::this_thread::sleep_for(1ms);
    job.suspend();
    const auto result = job.wait();
    REQUIRE(result.status().kind() == Kind::cancelled);
    CHECK(result.error().advice.find("safe on the disk: run this again to go on") != std::string::npos);
    REQUIRE(ledger->jobs()->size() == 1);
    REQUIRE(record().bytes_stored >= 3 * kBit);
    CHECK(record().source.name == std::filesystem::canonical(source));
    CHECK(record().destination == std::filesystem::canonical(to.root()).string() + "/out");
    REQUIRE(to.names().size() == 1);
    return record().bytes_stored;
  }
  std::string partial() const { return to.path(to.names().at(0)); }
  void change(const std::string& name, std::uint64_t offset) const {
    const int fd = ::open(name.c_str(), O_RDWR);
    REQUIRE(::pwrite(fd, "!!", 2, static_cast<off_t>(offset)) == 2);
    ::close(fd);
  }
  /// A byte of the source becomes another, and its time stays.
  void change_unseen(std::uint64_t offset) {
    const auto time = std::filesystem::last_write_time(source);
    change(source, offset);
    bytes = test::read_file(source);
    std::filesystem::last_write_time(source, time);
  }
  void finishes_with(std::uint64_t resumed) const {
    const auto receipt = copy();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_resumed == resumed);
    CHECK(receipt->bytes_stored == bytes.size());
    CHECK((test::read_file(path) == bytes));
    CHECK(to.names() == std::vector<std::string>{"out"});
    CHECK(ledger->jobs()->empty());
  }
};

}  // namespace

TEST_CASE("a copy from file to file that was stopped is gone on with, and only the rest is written") {
  Folders disk;
  std::uint64_t written = disk.stop_in_the_middle();
  SECTION("once") {}
  SECTION("twice") { written = disk.stop_in_the_middle(); }
  disk.finishes_with(written);
}

TEST_CASE("what looks at the bytes of a copy from file to file sees all of them, and it is gone on with all the same") {
  Folders disk;
  const std::uint64_t written = disk.stop_in_the_middle();
  auto receipt = start(file(disk.source) | sha256() | upload_to(local_target(disk.path), disk.options())).wait();
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == written);
  CHECK((test::read_file(disk.path) == disk.bytes));
  auto whole = start(file(disk.source) | sha256() | upload_to(local_target(disk.path))).wait();
  CHECK(receipt->facts["sha256"] == whole->facts["sha256"]);
}

TEST_CASE("a copy from file to file goes on with what is in the partial file as far as it is what was recorded") {
  Folders disk;
  (void)disk.stop_in_the_middle();
  SECTION("a byte in the third part is another") {
    disk.change(disk.partial(), 2 * kBit + 5);
    disk.finishes_with(2 * kBit);
  }
  SECTION("it was cut in the middle of a part") {
    REQUIRE(::truncate(disk.partial().c_str(), kBit + 9) == 0);
    disk.finishes_with(kBit);
  }
  SECTION("it is gone") {
    REQUIRE(::unlink(disk.partial().c_str()) == 0);
    disk.finishes_with(0);
  }
}

TEST_CASE("a source file that changed between two runs of a copy is an error of its own, and no mixture") {
  Folders disk;
  const std::uint64_t written = disk.stop_in_the_middle();
  const std::string partial = disk.partial();
  std::string cause;
  SECTION("its time says so") {
    disk.change(disk.source, 9 * kBit);
    cause = "was written to after its copy began";
  }
  SECTION("its size says so") {
    REQUIRE(::truncate(disk.source.c_str(), 18 * kBit) == 0);
    cause = "now has 18874368";
  }
  SECTION("it is another file") {
    const auto time = std::filesystem::last_write_time(disk.source);
    std::filesystem::rename(disk.from.write("new", disk.bytes), disk.source);
    std::filesystem::last_write_time(disk.source, time);
    cause = "the file is another than when its copy began";
  }
  SECTION("only the bytes of a part that was written do") {
    disk.change_unseen(2 * kBit);
    cause = "the bytes that were sent as part 3 are not there any more";
  }
  const auto refused = disk.copy();
  CHECK(refused.status().kind() == Kind::source_changed);
  CHECK(refused.error().cause.find(cause) != std::string::npos);
  CHECK(refused.error().advice.find("in a temporary file") != std::string::npos);
  CHECK(disk.partial() == partial);
  REQUIRE(disk.ledger->jobs()->size() == 1);
  CHECK(disk.record().bytes_stored == written);
  // Nobody but the user says what becomes of it.
  UploadOptions anew = disk.options();
  anew.resume = false;
  REQUIRE(disk.run(anew).wait().ok());
  for (int i = 0; i < 5000 && !disk.ledger->jobs()->empty(); ++i) std::this_thread::sleep_for(1ms);
  CHECK((test::read_file(disk.path) == test::read_file(disk.source)));
  CHECK(disk.to.names() == std::vector<std::string>{"out"});
  CHECK(disk.ledger->jobs()->empty());
}

TEST_CASE("what was not written yet of a file is what it is now") {
  Folders disk;
  const std::uint64_t written = disk.stop_in_the_middle();
  disk.change_unseen(19 * kBit + 3);
  disk.finishes_with(written);
}

TEST_CASE("a copy from file to file that was completed just before the kill is found and compared") {
  Folders disk;
  (void)disk.stop_in_the_middle();
  const JobRecord record = disk.record();
  REQUIRE(disk.copy().ok());
  test::record_all(*disk.ledger, record, disk.bytes, kBit, "");
  disk.finishes_with(disk.bytes.size());
}

TEST_CASE("small files, and copies without a ledger or without syncs, leave nothing when stopped") {
  Folders disk;
  UploadOptions slow = disk.options();
  LocalOptions local;
  SECTION("small") { REQUIRE(::truncate(disk.source.c_str(), 16 * kBit) == 0); }
  SECTION("no ledger") { slow.ledger = nullptr; }
  SECTION("no syncs") { local.durable = false; }
  slow.limiter = RateLimiter::make(4 * kMiB);
  Job job = start(file(disk.source) | upload_to(local_target(disk.path, local), slow));
  for (int i = 0; i < 10000 && job.progress().bytes_confirmed < kBit; ++i) std::this_thread::sleep_for(1ms);
  job.suspend();
  CHECK(job.wait().status().kind() == Kind::cancelled);
  CHECK(disk.to.names().empty());
  CHECK(disk.ledger->jobs()->empty());
}
