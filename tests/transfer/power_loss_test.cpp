// Uploads with a ledger, and downloads into files, through losses of power at every step: what is recorded is there,
// what is said to be done is done, and the next run ends right.
#include <catch2/catch.hpp>
#include <filesystem>

#include "machine_with_disk.hpp"
#include "memory_origin.hpp"
#include "platform/faulting.hpp"
#include "resume_world.hpp"
#include "support/seeds.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/download.hpp"

using namespace std::chrono_literals;
using namespace weir;
using platform::Call;
using platform::ScopedFaults;
using test::Disk;
using test::MachineWithDisk;
using test::MemoryOrigin;
using test::MemoryTarget;
using test::open_ledger;
using test::TempDir;

namespace {

// --- uploads ---

/// The way to a store: when the power is off, nothing gets there any more.
class Wire final : public Target {
 public:
  Wire(std::shared_ptr<MemoryTarget> store, const Disk& disk) : store_(std::move(store)), disk_(disk) {}
  const Profile& profile() const override { return store_->profile(); }
  std::string url() const override { return store_->url(); }
  std::optional<UploadIdentity> identity() const override { return store_->identity(); }

  Cancel begin(Done<std::string> done) override {
    return disk_.is_off() ? lost<std::string>(done) : store_->begin(std::move(done));
  }
  Cancel put_part(const std::string& id, Part part, Done<PartReceipt> done) override {
    if (disk_.is_off()) return lost<PartReceipt>(done);
    {
      const std::lock_guard lock(mutex_);
      sent_to_ = id;
    }
    return store_->put_part(id, std::move(part), std::move(done));
  }
  Cancel list_parts(const std::string& id, Done<std::vector<PartReceipt>> done) override {
    return disk_.is_off() ? lost<std::vector<PartReceipt>>(done) : store_->list_parts(id, std::move(done));
  }
  Cancel commit(const std::string& id, std::vector<PartReceipt> parts, Whole whole, Done<Stored> done) override {
    return disk_.is_off() ? lost<Stored>(done) : store_->commit(id, std::move(parts), whole, std::move(done));
  }
  Cancel abort(const std::string& id, Done<None> done) override {
    return disk_.is_off() ? lost<None>(done) : store_->abort(id, std::move(done));
  }
  Cancel put_whole(Part part, Done<Stored> done) override {
    return disk_.is_off() ? lost<Stored>(done) : store_->put_whole(std::move(part), std::move(done));
  }
  Cancel inspect(Done<Stored> done) override {
    return disk_.is_off() ? lost<Stored>(done) : store_->inspect(std::move(done));
  }
  /// The upload that the last part went to; empty: none did.
  std::string sent_to() const {
    const std::lock_guard lock(mutex_);
    return sent_to_;
  }

 private:
  template <class T>
  static Cancel lost(Done<T>& done) {
    Executor::default_pool()->post([done = std::move(done)] { done(Status(Kind::network, "no power")); });
    return [] {};
  }

  const std::shared_ptr<MemoryTarget> store_;
  const Disk& disk_;
  mutable std::mutex mutex_;
  std::string sent_to_;
};

/// An upload whose machine loses power after `n` steps of its disk. How many it took.
std::size_t upload_until(std::size_t n, std::uint64_t seed) {
  test::ResumeWorld world;
  world.ledger.reset();
  MachineWithDisk machine;
  machine.disk.power_off_at(n);
  world.ledger = machine.ledger();
  std::string sent_to;
  {
    const auto wire = std::make_shared<Wire>(world.target, machine.disk);
    Job job = start(world.from() | To(upload_to(wire, world.options())));
    while (!machine.disk.is_off() && !job.wait_for(50us)) {
    }
    job.suspend();
    (void)job.wait();
    sent_to = wire->sent_to();
  }
  world.ledger.reset();
  world.target->settle();
  REQUIRE(machine.is_quiet());
  const std::size_t steps = machine.disk.steps();
  machine.lose_power(machine.disk, n, seed);

  world.ledger = machine.ledger();
  const auto jobs = world.ledger->jobs();
  REQUIRE(jobs.ok());
  std::string recorded;
  for (const JobRecord& job : *jobs) {
    recorded = job.upload_id;
    // No part is recorded that the store did not confirm.
    REQUIRE(job.parts_stored <= world.target->parts_put);
  }
  const bool completed = world.target->object().has_value();
  if (!sent_to.empty() && !completed) CHECK(recorded == sent_to);
  // The one upload that nobody knows of: begun, and not recorded yet.
  const std::size_t lost = recorded.empty() && sent_to.empty() ? world.target->open_uploads() : 0;

  const auto receipt = world.upload();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  world.target->settle();
  CHECK(world.target->object() == world.bytes);
  CHECK(world.target->open_uploads() == lost);
  CHECK(world.ledger->jobs()->empty());
  world.ledger.reset();
  return steps;
}

}  // namespace

TEST_CASE("whenever the power fails under an upload, its id is recorded before its parts are sent, and it ends right") {
  const std::size_t steps = upload_until(SIZE_MAX, 1);
  const std::uint64_t first = test::first_seed();
  for (std::uint64_t seed = first; seed < first + test::share_of_seeds(200); ++seed) {
    const std::size_t n = test::moment_of(seed, steps);
    INFO("the power fails after step " << n << " of about " << steps << ", WEIR_SEED=" << seed);
    upload_until(n, seed);
  }
}

// --- downloads ---

namespace {

constexpr std::size_t kDownloadPart = kMiB;
constexpr std::size_t kDownloadParts = 17;

/// An object that is downloaded into a file beside a ledger.
struct Download {
  explicit Download(const TempDir& into) : directory(into) {}
  const TempDir& directory;
  std::string bytes = test::sample_bytes(kDownloadParts * kDownloadPart - 77);
  std::string before;  // what the file was
  bool recorded = true;
  std::shared_ptr<MemoryOrigin> origin = std::make_shared<MemoryOrigin>(bytes, test::MemoryOriginOptions{});

  std::string path() const { return directory.path("down/out"); }
  Result<Receipt> run(const std::shared_ptr<Ledger>& ledger) {
    DownloadOptions from;
    from.part_bytes = kMiB;
    from.retry.max_attempts = 2;
    UploadOptions into;
    into.part_bytes = kDownloadPart;
    into.ledger = ledger;
    return start(download_from(origin, from) | upload_to(local_target(path()), into)).wait();
  }
  void run_right() {
    const auto receipt = run(recorded ? open_ledger(directory) : nullptr);
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    REQUIRE((test::read_file(path()) == bytes));
  }
  void holds_what_is_recorded(bool must_be_whole) const {
    test::holds_what_is_recorded(directory, path(), bytes, before, must_be_whole);
  }
};

}  // namespace

TEST_CASE("whenever the power fails under a download, what is recorded of it is on the disk, and it ends right") {
  MachineWithDisk machine{40'000'000};  // a sync each few writes
  Download download{machine.directory};
  std::filesystem::create_directory(machine.directory.path("down"));
  SECTION("into a new file") {}
  SECTION("in place of another") { test::write_file(download.path(), download.before = "what was there before"); }
  SECTION("that is not recorded") { download.recorded = false; }
  machine.disk.begin();
  download.run_right();
  const std::size_t done = machine.disk.steps();
  REQUIRE(machine.is_quiet());
  const std::size_t steps = machine.disk.steps();
  const std::uint64_t first = test::first_seed();
  for (std::uint64_t seed = first; seed < first + test::share_of_seeds(200); ++seed) {
    const std::size_t n = test::moment_of(seed, steps);
    INFO("the power fails after step " << n << " of " << steps << ", WEIR_SEED=" << seed);
    machine.lose_power(machine.disk, n, seed);
    download.holds_what_is_recorded(n >= done);
    if (seed % 10 != 0) continue;
    // To its end; and once more, where the power fails under that too.
    Disk again(machine.directory.root());
    machine.record_on(again);
    download.run_right();
    const std::size_t more = again.steps();
    machine.lose_power(again, test::moment_of(seed, more), seed);
    download.holds_what_is_recorded(false);
    download.run_right();
    REQUIRE(machine.is_quiet());
  }
}

TEST_CASE(
    "whichever file operation of a recorded download fails, the next run has the right bytes and leaves nothing") {
  std::uint64_t calls = 0;
  const auto play = [&](std::uint64_t n, ScopedFaults::Mode mode) {
    const TempDir directory = TempDir::in_memory();
    Download download{directory};
    std::filesystem::create_directory(directory.path("down"));
    bool removes = true;
    std::weak_ptr<Ledger> gone;
    {
      const auto ledger = open_ledger(directory);
      gone = ledger;
      ScopedFaults faults;
      faults.fail_any(n, EIO, mode);
      const auto receipt = download.run(ledger);
      calls = faults.total();
      removes = mode == ScopedFaults::Mode::once && faults.count(Call::unlink) == 0;
      if (receipt.ok()) CHECK((test::read_file(download.path()) == download.bytes));
      if (!receipt.ok()) CHECK(receipt.status().message().starts_with("cannot "));
    }
    test::is_gone(gone);
    download.run_right();
    // What could not be removed stays.
    const auto there = std::filesystem::directory_iterator(directory.path("down"));
    if (removes) CHECK(std::distance(begin(there), end(there)) == 1);
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
