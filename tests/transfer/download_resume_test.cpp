// Downloads into files that are gone on with, by the interface that a program uses. tests/kill kills them in earnest.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "memory_origin.hpp"
#include "platform/faulting.hpp"
#include "resume_world.hpp"
#include "support/temp_dir.hpp"
#include "weir/codec/digest.hpp"
#include "weir/core/job.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/download.hpp"
#include "weir/transfer/upload.hpp"

using namespace std::chrono_literals;
using namespace weir;
using platform::Call;
using platform::ScopedFaults;
using test::MemoryOrigin;
using test::MemoryOriginOptions;
using test::TempDir;

namespace {

constexpr std::size_t kPiece = kMiB;
constexpr std::size_t kPieces = 20;

/// An object, a directory and a ledger that outlive each run.
struct Around {
  TempDir directory;
  TempDir state;
  std::string bytes = test::sample_bytes(kPieces * kPiece - 77);
  std::shared_ptr<MemoryOrigin> origin = std::make_shared<MemoryOrigin>(bytes, MemoryOriginOptions{});
  std::shared_ptr<Ledger> ledger = open();
  std::string path = directory.path("out");

  std::shared_ptr<Ledger> open() const {
    LedgerOptions options;
    options.state_dir = state.path("state");
    return *Ledger::open(options);
  }
  UploadOptions options() const {
    UploadOptions options;
    options.part_bytes = kPiece;
    options.ledger = ledger;
    return options;
  }
  DownloadOptions read_options() const {
    DownloadOptions options;
    options.part_bytes = kMiB;
    options.retry.max_attempts = 2;
    options.retry.base_transient = 1ms;
    return options;
  }
  Job run(const UploadOptions& how) {
    return start(download_from(origin, read_options()) | upload_to(local_target(path), how));
  }
  Result<Receipt> download() { return run(options()).wait(); }

  /// Leaves a partial file with `parts` parts behind.
  void stop_after(std::size_t parts) {
    origin->hold_at = parts * kPiece;
    Job job = run(options());
    for (int i = 0; i < 10000 && job.progress().bytes_confirmed < parts * kPiece; ++i) std::this_thread::sleep_for(1ms);
    job.suspend();
    const auto result = job.wait();
    REQUIRE(result.status().kind() == Kind::cancelled);
    CHECK(result.error().kept_bytes == parts * kPiece);
    CHECK(result.error().advice.find("safe on the disk: run this again to go on") != std::string::npos);
    REQUIRE(ledger->jobs()->size() == 1);
    REQUIRE(record().parts_stored == parts);
    REQUIRE(directory.names().size() == 1);
    origin->hold_at = UINT64_MAX;
    origin->bytes_given = 0;
  }
  JobRecord record() const { return *ledger->job((*ledger->jobs())[0].id); }
  /// The partial file.
  std::string partial() const {
    for (const std::string& name : directory.names()) {
      if (name.ends_with(".weir-part")) return directory.path(name);
    }
    return {};
  }
  void replace(const std::string& other, const std::string& etag) {
    bytes = other;
    origin = std::make_shared<MemoryOrigin>(bytes, MemoryOriginOptions{});
    origin->etag = etag;
  }
  void has_the_object(const std::vector<std::string>& beside = {}) {
    CHECK((test::read_file(path) == bytes));
    std::vector<std::string> names = beside;
    names.push_back("out");
    std::sort(names.begin(), names.end());
    CHECK(directory.names() == names);
    CHECK(ledger->jobs()->empty());
  }
  void finishes_with(std::size_t parts_read, const std::vector<std::string>& beside = {}) {
    const auto receipt = download();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    const std::uint64_t expected = parts_read * kPiece - (parts_read > 0 ? 77 : 0);
    CHECK(origin->bytes_given == expected);
    CHECK(receipt->bytes_resumed == bytes.size() - expected);
    CHECK(receipt->bytes_stored == bytes.size());
    CHECK(receipt->checksum_verified);
    CHECK(receipt->facts.count("source_crc64nvme_verified") == 1);
    has_the_object(beside);
  }
};

}  // namespace

TEST_CASE("a download that was suspended is gone on with, and only the rest is read from the store") {
  Around around;
  around.stop_after(12);
  SECTION("in the same process") {}
  SECTION("in another") { around.ledger = around.open(); }
  SECTION("after another stop") { around.stop_after(15); }
  SECTION("stopped again before anything new came") { around.stop_after(12); }
  const std::size_t left = kPieces - around.record().parts_stored;
  around.finishes_with(left);
}

TEST_CASE("a downloaded file has the time of its object, in one go, gone on with, small or changed by a stage") {
  const auto modified = [](const std::string& path) {
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK(found.st_mtim.tv_nsec == 0);
    return found.st_mtim.tv_sec;
  };
  Around around;
  around.origin->modified_unix = 1'700'000'123;
  SECTION("gone on with") {
    around.stop_after(7);
    REQUIRE(around.download().ok());
  }
  SECTION("in one go") { REQUIRE(around.download().ok()); }
  SECTION("whole, since it is small") {
    around.origin = std::make_shared<MemoryOrigin>("small", MemoryOriginOptions{});
    around.origin->modified_unix = 1'700'000'123;
    REQUIRE(around.download().ok());
  }
  SECTION("through a stage") {
    auto job = start(download_from(around.origin) | sha256() | upload_to(local_target(around.path)));
    REQUIRE(job.wait().ok());
  }
  CHECK(modified(around.path) == 1'700'000'123);
}

TEST_CASE("what is a part of an object, or has no time, is as old as the file") {
  Around around;
  DownloadOptions part;
  SECTION("a part") {
    around.origin->modified_unix = 1'700'000'123;
    part.range = {5, 100};
  }
  SECTION("no time") {}
  REQUIRE(start(download_from(around.origin, part) | upload_to(local_target(around.path))).wait().ok());
  CHECK(std::filesystem::last_write_time(around.path) >
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
}

TEST_CASE("what looks at the bytes of a download sees all of them, also those that were there") {
  const auto digest_of = [](Around& around) {
    auto receipt = start(download_from(around.origin, around.read_options()) | sha256() |
                         upload_to(local_target(around.path), around.options()))
                       .wait();
    REQUIRE(receipt.ok());
    around.has_the_object();
    return std::pair(receipt->facts["sha256"], receipt->bytes_resumed);
  };
  Around at_once;
  Around around;
  around.stop_after(9);
  const auto [expected, none] = digest_of(at_once);
  const auto [found, resumed] = digest_of(around);
  CHECK(expected == found);
  CHECK(none == 0);
  CHECK(resumed == 9 * kPiece);
}

TEST_CASE("a partial file is believed only as far as its bytes are those that were recorded") {
  Around around;
  around.stop_after(12);
  const std::string partial = around.partial();
  SECTION("a byte in the fourth part is another") {
    const int fd = ::open(partial.c_str(), O_RDWR);
    REQUIRE(::pwrite(fd, "!!", 2, 3 * kPiece + 5) == 2);
    ::close(fd);
    around.finishes_with(kPieces - 3);
  }
  SECTION("it was cut in the middle of a part") {
    REQUIRE(::truncate(partial.c_str(), 5 * kPiece + 9) == 0);
    around.finishes_with(kPieces - 5);
  }
  SECTION("it is empty") {
    REQUIRE(::truncate(partial.c_str(), 0) == 0);
    around.finishes_with(kPieces);
  }
  SECTION("it is longer than the object") {
    REQUIRE(::truncate(partial.c_str(), 30 * kPiece) == 0);
    around.finishes_with(kPieces);
  }
  SECTION("it is longer than what was recorded") {
    REQUIRE(::truncate(partial.c_str(), 14 * kPiece) == 0);
    around.finishes_with(kPieces - 12);
  }
  SECTION("it is gone") {
    REQUIRE(::unlink(partial.c_str()) == 0);
    around.finishes_with(kPieces);
  }
  // In the ledger, and in the note that was made when it was written: either is enough.
  std::size_t parts_read = 0;
  SECTION("what was recorded of a part is lost") { parts_read = kPieces - 12; }
  SECTION("what was recorded and noted of a part is lost") {
    std::filesystem::remove(std::filesystem::path(around.ledger->path()).parent_path() /
                            fmt::format("written-{}", around.record().id));
    parts_read = kPieces - 5;
  }
  if (parts_read == 0) return;
  const JobRecord record = around.record();
  {
    auto claim = around.ledger->claim(record.id);
    (*claim)->upload_begun(record.upload_id, nullptr);
    for (const PartReceipt& part : record.parts) {
      if (part.number != 6) (*claim)->part_stored(part);
    }
  }
  around.finishes_with(parts_read);
}

TEST_CASE("what somebody puts in place of a partial file is neither written nor removed") {
  Around around;
  around.stop_after(12);
  const std::string partial = around.partial();
  const std::string name = std::filesystem::path(partial).filename();
  const std::string theirs = around.directory.write("theirs", "precious");
  REQUIRE(::unlink(partial.c_str()) == 0);
  SECTION("a symbolic link") { std::filesystem::create_symlink(theirs, partial); }
  SECTION("another name of a file") { std::filesystem::create_hard_link(theirs, partial); }
  SECTION("a directory") { std::filesystem::create_directory(partial); }
  SECTION("a pipe") { REQUIRE(::mkfifo(partial.c_str(), 0600) == 0); }
  around.finishes_with(kPieces, {"theirs", name});
  CHECK(test::read_file(theirs) == "precious");
}

TEST_CASE("a download that was completed just before the kill is found, compared, and not read again") {
  Around around;
  around.stop_after(12);
  const JobRecord record = around.record();
  around.finishes_with(kPieces - 12);
  test::record_all(*around.ledger, record, around.bytes, kPiece, "");
  around.origin->bytes_given = 0;
  SECTION("as it was") { around.finishes_with(0); }
  SECTION("but was changed since") {
    std::string other = around.bytes;
    other[3 * kPiece] ^= 1;
    test::write_file(around.path, other);
    const auto refused = around.download();
    CHECK(refused.status().kind() == Kind::source_changed);
    CHECK((test::read_file(around.path) == other));
    around.origin->bytes_given = 0;
    around.finishes_with(kPieces);
  }
}

TEST_CASE("a download is gone on with as it was cut, whatever part size is asked for now") {
  Around around;
  around.stop_after(7);
  UploadOptions options = around.options();
  options.part_bytes = 3 * kPiece;
  const auto receipt = around.run(options).wait();
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 7 * kPiece);
  around.has_the_object();
}

TEST_CASE("an object that was replaced is an error of its own, and nothing is read or removed") {
  Around around;
  around.stop_after(12);
  const std::string partial = around.partial();
  SECTION("by one of the same size") { around.replace(test::sample_bytes(around.bytes.size(), 2), "f"); }
  SECTION("by a longer one") { around.replace(test::sample_bytes(around.bytes.size() + 5, 2), "f"); }
  const auto refused = around.download();
  CHECK(refused.status().kind() == Kind::source_changed);
  CHECK(refused.error().cause.find("when its download began") != std::string::npos);
  CHECK(around.origin->bytes_given == 0);
  CHECK(around.partial() == partial);
  CHECK(around.ledger->jobs()->size() == 1);
  // Nobody but the user says what becomes of it.
  UploadOptions anew = around.options();
  anew.resume = false;
  const auto receipt = around.run(anew).wait();
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 0);
  for (int i = 0; i < 5000 && !around.ledger->jobs()->empty(); ++i) std::this_thread::sleep_for(1ms);
  around.has_the_object();
}

TEST_CASE("an object that was replaced before anything of it was stored is downloaded as it is now") {
  Around around;
  around.stop_after(3);
  {
    auto claim = *around.ledger->claim(around.record());
    claim->upload_begun(claim->record().upload_id, nullptr);  // forgets the parts
  }
  REQUIRE(std::filesystem::remove(around.state.path(fmt::format("state/written-{}", around.record().id))));
  REQUIRE(around.record().bytes_stored == 0);
  around.replace(test::sample_bytes(around.bytes.size() + 5, 2), "f");
  const auto receipt = around.download();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_resumed == 0);
  around.has_the_object();
}

TEST_CASE("what was written and not synced before a kill counts, and is what the job is said to have") {
  Around around;
  around.stop_after(12);
  {
    auto claim = *around.ledger->claim(around.record());
    claim->upload_begun(claim->record().upload_id, nullptr);  // forgets what was synced
  }
  CHECK(around.record().parts.empty());
  CHECK(around.record().bytes_stored == 12 * kPiece);
  CHECK((*around.ledger->jobs())[0].bytes_stored == 12 * kPiece);
  around.finishes_with(kPieces - 12);
}

TEST_CASE("who does not want to go on leaves nothing behind when stopped") {
  Around around;
  around.origin->hold_at = 6 * kPiece;
  UploadOptions options = around.options();
  SECTION("cancelled") {}
  SECTION("without resuming") { options.resume = false; }
  const bool keeps = options.resume;
  Job job = around.run(options);
  for (int i = 0; i < 10000 && job.progress().bytes_confirmed < 6 * kPiece; ++i) std::this_thread::sleep_for(1ms);
  keeps ? job.cancel() : job.suspend();
  CHECK(job.wait().status().kind() == Kind::cancelled);
  CHECK(around.directory.names().empty());
  CHECK(around.ledger->jobs()->empty());
}

TEST_CASE("a download whose network fails keeps what it has") {
  Around around;
  around.origin->fail_at = 8 * kPiece;
  DownloadOptions in_order = around.read_options();
  in_order.concurrency = 1;
  const auto failed =
      start(download_from(around.origin, in_order) | upload_to(local_target(around.path), around.options())).wait();
  CHECK(failed.status().kind() == Kind::network);
  CHECK(failed.error().advice.find("run this again to go on") != std::string::npos);
  REQUIRE(around.ledger->jobs()->size() == 1);
  const std::size_t stored = around.record().parts_stored;
  CHECK(stored > 0);
  around.origin->fail_at = UINT64_MAX;
  around.origin->bytes_given = 0;
  around.finishes_with(kPieces - stored);
}

TEST_CASE("two at one download: the second is told of the first, and changes nothing") {
  Around around;
  around.stop_after(4);
  const std::string partial = around.partial();
  const auto other = around.open();
  {
    const auto claim = other->claim(around.record().id);
    REQUIRE(claim.ok());
    const auto refused = around.download();
    CHECK(refused.status().kind() == Kind::unavailable);
    CHECK(refused.error().cause.find("is at this very copy") != std::string::npos);
  }
  REQUIRE(other->flush().ok());  // a claim is let go soon, and by now
  CHECK(around.partial() == partial);
  around.finishes_with(kPieces - 4);
}

TEST_CASE("to abort a download removes its partial file and nothing else") {
  Around around;
  test::write_file(around.path, "what was there before");
  around.origin->hold_at = 5 * kPiece;
  Job job = around.run(around.options());
  for (int i = 0; i < 10000 && job.progress().bytes_confirmed < 5 * kPiece; ++i) std::this_thread::sleep_for(1ms);
  job.suspend();
  (void)job.wait();
  const JobRecord record = around.record();
  CHECK(record.source.name == "memory://object");
  CHECK(record.destination == std::filesystem::canonical(around.path));
  CHECK(abort_job(*around.ledger, record.id, *local_target(around.directory.path("other"))).kind() ==
        Kind::invalid_argument);
  REQUIRE(abort_job(*around.ledger, record.id, *local_target(record.destination)).ok());
  CHECK(around.directory.names() == std::vector<std::string>{"out"});
  CHECK(test::read_file(around.path) == "what was there before");
  CHECK(around.ledger->jobs()->empty());
}

TEST_CASE("without a ledger, or without syncs, a stopped download leaves nothing") {
  Around around;
  around.origin->hold_at = 6 * kPiece;
  UploadOptions options = around.options();
  LocalOptions local;
  SECTION("no ledger") { options.ledger = nullptr; }
  SECTION("not durable") { local.durable = false; }
  Job job =
      start(download_from(around.origin, around.read_options()) | upload_to(local_target(around.path, local), options));
  for (int i = 0; i < 10000 && job.progress().bytes_confirmed < 6 * kPiece; ++i) std::this_thread::sleep_for(1ms);
  job.suspend();
  (void)job.wait();
  CHECK(around.directory.names().empty());
  CHECK(around.ledger->jobs()->empty());
}

TEST_CASE("a sync that fails condemns what was written: nobody goes on with it") {
  Around around;
  around.origin->hold_at = 6 * kPiece;
  Job job = around.run(around.options());
  for (int i = 0; i < 10000 && job.progress().bytes_confirmed < 6 * kPiece; ++i) std::this_thread::sleep_for(1ms);
  {
    ScopedFaults faults;
    faults.fail(Call::fdatasync, 1, EIO, ScopedFaults::Mode::persistent);
    job.suspend();
    CHECK(job.wait().status().failed());
  }
  CHECK(around.directory.names().empty());
  CHECK(around.ledger->jobs()->empty());
  around.origin->hold_at = UINT64_MAX;
  around.origin->bytes_given = 0;
  around.finishes_with(kPieces);
}

TEST_CASE("whichever file operation of a resumed download fails, the next run has the right bytes") {
  constexpr std::uint64_t kMost = 5;  // the first of each kind; later ones of a kind are as these
  for (const Call call : {Call::open, Call::close, Call::pread, Call::pwrite, Call::fstat, Call::stat, Call::fdatasync,
                          Call::fsync, Call::rename, Call::unlink, Call::fchmod, Call::realpath, Call::lock_byte}) {
    for (std::uint64_t n = 1; n <= kMost; ++n) {
      const auto mode = n % 2 == 0 ? ScopedFaults::Mode::persistent : ScopedFaults::Mode::once;
      Around around;
      around.stop_after(12);
      INFO(to_string(call) << " " << n << " fails");
      std::uint64_t fired = 0;
      {
        ScopedFaults faults;
        faults.fail(call, n, EIO, mode);
        const auto receipt = around.download();
        fired = faults.fired();
        if (receipt.ok()) {
          CHECK((test::read_file(around.path) == around.bytes));
        } else {
          CHECK(receipt.status().message().starts_with("cannot "));
        }
      }
      const auto receipt = around.download();
      INFO(receipt.status().message());
      REQUIRE(receipt.ok());
      CHECK((test::read_file(around.path) == around.bytes));
      CHECK(around.ledger->jobs()->empty());
      if (call != Call::unlink) {  // what cannot be removed stays
        CHECK(around.directory.names() == std::vector<std::string>{"out"});
      }
      if (fired == 0) break;
    }
  }
}
