// Streams into files through losses of power at every step and failures of every file operation: what is recorded is
// there, a file under its name is whole, and the next run ends right, whatever comes then.
#include <catch2/catch.hpp>
#include <filesystem>

#include "machine_with_disk.hpp"
#include "memory_target.hpp"
#include "platform/faulting.hpp"
#include "support/seeds.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/file.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/upload.hpp"

using namespace weir;
using platform::Call;
using platform::ScopedFaults;
using test::Disk;
using test::MachineWithDisk;
using test::open_ledger;
using test::TempDir;

namespace {

constexpr std::size_t kFlowPart = kMiB;
constexpr std::size_t kFlowBytes = 18 * kFlowPart - 77;  // of less nothing is recorded

std::unique_ptr<Source> stream_of(std::string bytes) {
  auto at = std::make_shared<std::size_t>(0);
  CallbackOptions options;
  options.name = "pipe";
  return from_callback(
      [now = std::move(bytes), at]() -> Result<Chunk> {
        const std::string piece = now.substr(std::min(*at, now.size()), 200'001);
        *at += piece.size();
        return Chunk::copy_of(piece);
      },
      options);
}

/// What goes into a file beside a ledger.
struct StreamToFile {
  explicit StreamToFile(const TempDir& into) : directory(into) {
    std::filesystem::create_directory(directory.path("down"));
  }
  const TempDir& directory;
  TempDir elsewhere = TempDir::in_memory();  // on a disk that stays
  std::string bytes = test::sample_bytes(kFlowBytes);
  std::string before;  // what the file was
  bool packs = false;  // a file through zstd
  bool unpacks = false;
  std::string name = elsewhere.path("in");

  std::string path() const { return directory.path("down/out"); }
  Pipeline pipeline(const std::shared_ptr<Ledger>& ledger) {
    UploadOptions into;
    into.part_bytes = kFlowPart;
    into.ledger = ledger;
    To to(upload_to(local_target(path()), into));
    if (packs) return file(name) | Through(zstd({1, 1})) | std::move(to);
    if (unpacks) return file(name) | Through(unzstd()) | std::move(to);
    return From(stream_of(bytes)) | std::move(to);
  }
  void is_packed() {
    packs = true;
    test::write_file(name, bytes);
    REQUIRE(start(file(name) | Through(zstd({1, 1})) | To(upload_to(local_target(elsewhere.path("out"))))).wait().ok());
    bytes = test::read_file(elsewhere.path("out"));
  }
  void is_unpacked() {
    unpacks = true;
    test::write_file(elsewhere.path("plain"), bytes);
    REQUIRE(
        start(file(elsewhere.path("plain")) | Through(zstd({1, 1})) | To(upload_to(local_target(name)))).wait().ok());
  }
  void run_right() {
    const auto receipt = start(pipeline(open_ledger(directory))).wait();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    REQUIRE((test::read_file(path()) == bytes));
    REQUIRE(open_ledger(directory)->jobs()->empty());
  }
  /// Of a pipe: what comes next time is another, longer or shorter, with as many equal bytes in front.
  void becomes_another(std::uint64_t seed) {
    if (packs || unpacks || seed % 4 == 0) return;
    const std::size_t equal = seed * 104'729 % bytes.size();
    if (seed % 4 == 1) bytes[equal] ^= 1;
    if (seed % 4 == 2) bytes.resize(equal);
    if (seed % 4 == 3) bytes += test::sample_bytes(equal);
  }
  std::size_t files() const {
    const auto there = std::filesystem::directory_iterator(directory.path("down"));
    return static_cast<std::size_t>(std::distance(begin(there), end(there)));
  }
  void holds_what_is_recorded(bool must_be_whole) const {
    test::holds_what_is_recorded(directory, path(), bytes, before, must_be_whole);
  }
};

void prepare_stream(StreamToFile& flow) {
  SECTION("a pipe") {}
  SECTION("a pipe in place of another file") { test::write_file(flow.path(), flow.before = "what was there before"); }
  SECTION("a file through zstd") { flow.is_packed(); }
  SECTION("a file through unzstd") { flow.is_unpacked(); }
}

}  // namespace

TEST_CASE("whenever the power fails under a stream into a file, what is recorded is on the disk, and it ends right") {
  MachineWithDisk machine{40'000'000};  // a sync each few writes
  StreamToFile flow{machine.directory};
  prepare_stream(flow);
  REQUIRE(machine.is_quiet());
  machine.disk.begin();
  flow.run_right();
  const std::size_t done = machine.disk.steps();
  REQUIRE(machine.is_quiet());
  const std::size_t steps = machine.disk.steps();
  const std::string first_bytes = flow.bytes;
  const std::string first_before = flow.before;
  const std::uint64_t first = test::first_seed();
  for (std::uint64_t seed = first; seed < first + test::share_of_seeds(200); ++seed) {
    const std::size_t n = test::moment_of(seed, steps);
    INFO("the power fails after step " << n << " of " << steps << ", WEIR_SEED=" << seed);
    machine.lose_power(machine.disk, n, seed);
    flow.holds_what_is_recorded(n >= done);
    if (seed % 10 != 0) continue;
    // To its end, and what comes may be another by now; and once more, where the power fails under that too.
    flow.before = test::read_file(flow.path());
    flow.becomes_another(seed / 10);
    Disk again(machine.directory.root());
    machine.record_on(again);
    flow.run_right();
    const std::size_t more = again.steps();
    machine.lose_power(again, test::moment_of(seed, more), seed);
    if (flow.bytes == first_bytes) flow.holds_what_is_recorded(false);
    flow.run_right();
    REQUIRE(machine.is_quiet());
    flow.bytes = first_bytes;
    flow.before = first_before;
  }
}

TEST_CASE(
    "whichever file operation of a stream into a file fails, the next run has the right bytes and leaves nothing") {
  const bool packs = GENERATE(false, true);
  std::uint64_t calls = 0;
  const auto play = [&](std::uint64_t n, ScopedFaults::Mode mode) {
    const TempDir directory = TempDir::in_memory();
    StreamToFile flow{directory};
    if (packs) flow.is_packed();
    bool removes = true;
    std::weak_ptr<Ledger> gone;
    {
      const auto ledger = open_ledger(directory);
      gone = ledger;
      ScopedFaults faults;
      faults.fail_any(n, EIO, mode);
      const auto receipt = start(flow.pipeline(ledger)).wait();
      calls = faults.total();
      removes = mode == ScopedFaults::Mode::once && faults.count(Call::unlink) == 0;
      if (receipt.ok()) CHECK((test::read_file(flow.path()) == flow.bytes));
      if (!receipt.ok()) CHECK(receipt.status().message().starts_with("cannot "));
    }
    test::is_gone(gone);
    if (n < UINT64_MAX) flow.becomes_another(n);
    flow.run_right();
    if (removes) CHECK(flow.files() == 1);  // what could not be removed stays
  };
  play(UINT64_MAX, ScopedFaults::Mode::once);
  const std::uint64_t most = calls;
  CHECK(most > 50);
  const std::uint64_t first = test::first_seed();
  for (std::uint64_t seed = first; seed < first + test::share_of_seeds(400); ++seed) {
    const std::uint64_t n = 1 + test::moment_of(seed, most);
    INFO("call " << n << " of about " << most << " fails, WEIR_SEED=" << seed);
    play(n, seed % 2 == 0 ? ScopedFaults::Mode::persistent : ScopedFaults::Mode::once);
  }
}
