// Streams into files that are gone on with: what comes again is compared with the partial file, and only the rest is
// written.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "memory_target.hpp"
#include "support/temp_dir.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/file.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/upload.hpp"

using namespace std::chrono_literals;
using namespace weir;

namespace {

constexpr std::size_t kStreamPiece = kMiB;
constexpr std::size_t kStreamPieces = 24;

/// What goes into a file, and what an earlier run left of it.
struct Inflow {
  test::TempDir from;
  test::TempDir to;
  std::string bytes = test::sample_bytes(kStreamPieces * kStreamPiece - 77);
  std::string wanted = bytes;
  std::string path = to.path("out");
  std::function<From()> source = [this] { return From(pipe()); };
  std::vector<std::string> said;
  std::shared_ptr<Ledger> ledger;

  Inflow() {
    LedgerOptions options;
    options.state_dir = from.path("state");
    ledger = *Ledger::open(options);
  }
  /// Cut anyhow, of unknown length.
  std::unique_ptr<Source> pipe() const {
    auto at = std::make_shared<std::size_t>(0);
    CallbackOptions options;
    options.name = "pipe";
    return from_callback(
        [now = bytes, at]() -> Result<Chunk> {
          const std::string piece = now.substr(std::min(*at, now.size()), 50'001);
          *at += piece.size();
          return Chunk::copy_of(piece);
        },
        options);
  }
  UploadOptions options() {
    UploadOptions options;
    options.part_bytes = kStreamPiece;
    options.ledger = ledger;
    options.on_notice = [this](const std::string& line) { said.push_back(line); };
    return options;
  }
  Job run(const UploadOptions& how) { return start(source() | To(upload_to(local_target(path), how))); }
  /// Leaves a partial file behind; how many of its bytes are recorded.
  std::uint64_t stop_in_the_middle() {
    UploadOptions slow = options();
    slow.limiter = RateLimiter::make(4 * kMiB);
    Job job = run(slow);
    for (int i = 0; i < 20000 && job.progress().bytes_confirmed < 4 * kStreamPiece; ++i)
      std::this_thread::sleep_for(1ms);
    job.suspend();
    const auto stopped = job.wait();
    INFO(stopped.status().message());
    REQUIRE(stopped.status().kind() == Kind::cancelled);
    CHECK(stopped.error().advice.find("safe on the disk: run this again to go on") != std::string::npos);
    REQUIRE(ledger->jobs()->size() == 1);
    REQUIRE(to.names().size() == 1);
    const std::uint64_t recorded = (*ledger->jobs())[0].bytes_stored;
    REQUIRE(recorded >= 4 * kStreamPiece);
    REQUIRE(recorded <= 18 * kStreamPiece);
    return recorded;
  }
  std::string partial() const { return to.path(to.names().at(0)); }
  void finishes_with(std::uint64_t resumed) {
    const auto receipt = run(options()).wait();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_resumed == resumed);
    CHECK(receipt->bytes_stored == wanted.size());
    CHECK((test::read_file(path) == wanted));
    CHECK(to.names() == std::vector<std::string>{"out"});
    CHECK(ledger->jobs()->empty());
  }
};

void change(const std::string& name, std::uint64_t offset) {
  const int fd = ::open(name.c_str(), O_RDWR);
  REQUIRE(::pwrite(fd, "!!", 2, static_cast<off_t>(offset)) == 2);
  ::close(fd);
}

}  // namespace

TEST_CASE("a pipe into a file that brings the same again is not written again, and what changed is") {
  Inflow flow;
  std::uint64_t written = flow.stop_in_the_middle();
  const std::string partial = flow.partial();
  SECTION("the same") {}
  SECTION("stopped twice") {
    written = flow.stop_in_the_middle();
    CHECK(flow.partial() == partial);
  }
  SECTION("a byte of it is another") {
    flow.bytes[2 * kStreamPiece + 5] ^= 1;
    written -= kStreamPiece;
  }
  SECTION("nothing is the same") {
    for (char& c : flow.bytes) c ^= 1;
    written = 0;
  }
  SECTION("it is longer") { flow.bytes += test::sample_bytes(3 * kStreamPiece); }
  SECTION("it is shorter than what was written") {
    flow.bytes.resize(2 * kStreamPiece + 100);
    written = 2 * kStreamPiece;
  }
  SECTION("none of it had been synced when it was killed") {
    auto claim = *flow.ledger->claim((*flow.ledger->jobs())[0].id);
    claim->upload_begun(claim->record().upload_id, nullptr);  // forgets what was synced
    claim.reset();
    CHECK((*flow.ledger->jobs())[0].bytes_stored == written);
  }
  SECTION("it ends where a part did") {
    flow.bytes.resize(3 * kStreamPiece);
    written = 3 * kStreamPiece;
  }
  flow.wanted = flow.bytes;
  flow.finishes_with(written);
}

TEST_CASE("of a pipe's partial file only what is as it was written is believed") {
  Inflow flow;
  (void)flow.stop_in_the_middle();
  SECTION("a byte of the third part is another") {
    change(flow.partial(), 2 * kStreamPiece + 5);
    flow.finishes_with(2 * kStreamPiece);
  }
  SECTION("it was cut") {
    REQUIRE(::truncate(flow.partial().c_str(), kStreamPiece + 9) == 0);
    flow.finishes_with(kStreamPiece);
  }
  SECTION("it is gone") {
    REQUIRE(::unlink(flow.partial().c_str()) == 0);
    flow.finishes_with(0);
  }
}

TEST_CASE("what stages make into a file is made again, that is said, and only the rest is written") {
  Inflow flow;
  bool unpacks = GENERATE(false, true);
  const std::string name = flow.from.write("in", flow.bytes);
  std::string packed;
  {
    const std::string made = flow.from.path("packed");
    REQUIRE(start(file(name) | Through(zstd({1, 1})) | To(upload_to(local_target(made)))).wait().ok());
    packed = made;
  }
  if (unpacks) {
    flow.source = [&] { return file(packed) | Through(unzstd()); };
  } else {
    flow.source = [&] { return file(name) | Through(zstd({1, 1})); };
    flow.wanted = test::read_file(packed);
  }
  const std::uint64_t written = flow.stop_in_the_middle();
  CHECK(flow.said.empty());  // less than 16 MiB
  flow.finishes_with(written);
  REQUIRE(flow.said.size() == 1);
  CHECK(flow.said[0].find("should this be stopped, the same again is made from the first byte (") == 0);
  CHECK(flow.said[0].find("and only what the file lacks is written") != std::string::npos);
}

TEST_CASE("a file that changed under stages into a file is an error of its own, and what was written stays") {
  Inflow flow;
  const std::string name = flow.from.write("in", flow.bytes);
  flow.source = [&] { return file(name) | Through(zstd({1, 1})); };
  (void)flow.stop_in_the_middle();
  change(name, 7);
  const auto refused = flow.run(flow.options()).wait();
  CHECK(refused.status().kind() == Kind::source_changed);
  CHECK(refused.error().advice.find("written stay in a temporary file") != std::string::npos);
  CHECK(flow.ledger->jobs()->size() == 1);
  CHECK(flow.to.names().size() == 1);
  SECTION("and begins anew where that is asked for") {
    UploadOptions anew = flow.options();
    anew.resume = false;
    REQUIRE(flow.run(anew).wait().ok());
  }
  SECTION("and begins anew where nothing was written") {
    auto claim = *flow.ledger->claim((*flow.ledger->jobs())[0].id);
    const std::string notes = flow.from.path("state/written-" + std::to_string(claim->record().id));
    claim->upload_begun(claim->record().upload_id, nullptr);  // forgets the parts
    claim.reset();
    REQUIRE(::unlink(notes.c_str()) == 0);
    test::write_file(name, flow.bytes += "longer");
    REQUIRE(flow.run(flow.options()).wait().ok());
  }
  for (int i = 0; i < 5000 && !flow.ledger->jobs()->empty(); ++i) std::this_thread::sleep_for(1ms);
  CHECK(flow.to.names() == std::vector<std::string>{"out"});
}
