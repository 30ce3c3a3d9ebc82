#include <catch2/catch.hpp>
#include <cerrno>

#include "platform/faulting.hpp"
#include "store/local_bench.hpp"

using namespace weir;
using platform::Call;
using platform::ScopedFaults;
using test::LocalBench;

namespace {

const std::string kText = test::sample_bytes(600000);

/// A whole upload in two parts; aborted where anything fails. The error, or ok.
Status upload(LocalBench& bench, const LocalOptions& options = {}) {
  auto target = bench.target("out", options);
  auto id = bench.begin(*target);
  if (!id) return id.status();
  const auto run = [&]() -> Status {
    WEIR_ASSIGN(auto first, bench.put(*target, *id, bench.part(kText, 1, 400000)));
    WEIR_ASSIGN(auto second, bench.put(*target, *id, bench.part(kText, 2, 400000)));
    return bench.commit(*target, *id, {first, second}, kText).status();
  };
  Status status = run();
  if (!status.ok()) (void)bench.abort(*target, *id);
  return status;
}

}  // namespace

TEST_CASE("whichever call fails, there is an error and no temporary file, or the right bytes") {
  for (const bool replacing : {false, true}) {
    for (const int error_number : {EIO, ENOSPC}) {
      std::uint64_t n = 1;
      for (;; ++n) {
        LocalBench bench;
        if (replacing) bench.directory.write("out", "old");
        INFO("call " << n << " fails with " << error_number << ", replacing " << replacing);
        ScopedFaults faults;
        faults.fail_any(n, error_number);
        const Status status = upload(bench);
        const bool renamed = faults.count(Call::rename) == 1 && faults.count(Call::unlink) == 0;
        CHECK(faults.open_descriptors() == 0);
        if (renamed) {
          CHECK((test::read_file(bench.directory.path("out")) == kText));
          CHECK(bench.directory.names().size() == 1);
        } else {
          CHECK_FALSE(status.ok());
          CHECK(bench.directory.names() == (replacing ? std::vector<std::string>{"out"} : std::vector<std::string>{}));
          if (replacing) CHECK(test::read_file(bench.directory.path("out")) == "old");
        }
        if (!status.ok()) CHECK(status.message().starts_with("cannot "));
        if (faults.fired() == 0) break;
      }
      CHECK(n > 10);
    }
  }
}

TEST_CASE("a disk that stays full leaves nothing behind") {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    LocalBench bench;
    ScopedFaults faults;
    faults.fail(Call::pwrite, n, ENOSPC, ScopedFaults::Mode::persistent);
    const Status status = upload(bench);
    CHECK(status.kind() == Kind::no_space);
    CHECK(status.error().offset.has_value());
    CHECK(status.message().find(bench.directory.path("out")) != std::string::npos);
    CHECK(bench.directory.names().empty());
  }
}

TEST_CASE("a failed sync condemns the file: no second commit can succeed") {
  LocalBench bench;
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  auto receipt = bench.put(*target, *id, bench.part("text", 1, 4));
  REQUIRE(receipt.ok());
  ScopedFaults faults;
  faults.fail(Call::fdatasync, 1, EIO);
  CHECK(bench.commit(*target, *id, {*receipt}, "text").status().kind() == Kind::io);
  const auto again = bench.commit(*target, *id, {*receipt}, "text").status();
  CHECK(again.kind() == Kind::io);
  CHECK(again.retry() == Retry::never);
  CHECK(faults.count(Call::fdatasync) == 1);
  CHECK(faults.count(Call::rename) == 0);
  CHECK(bench.abort(*target, *id).ok());
  CHECK(bench.directory.names().empty());
}

TEST_CASE("a close that fails fails the upload") {
  LocalBench bench;
  auto target = bench.target("out");
  auto id = bench.begin(*target);
  auto receipt = bench.put(*target, *id, bench.part("text", 1, 4));
  ScopedFaults faults;
  faults.fail(Call::close, 1, ENOSPC);
  const auto status = bench.commit(*target, *id, {*receipt}, "text").status();
  CHECK(status.kind() == Kind::no_space);
  CHECK(status.error().operation == "close " + bench.directory.path("out"));
  CHECK(bench.abort(*target, *id).ok());
  CHECK(bench.directory.names().empty());
}

TEST_CASE("data is synced before the rename and the directory after it, unless durability is off") {
  for (const bool durable : {true, false}) {
    LocalBench bench;
    ScopedFaults faults;
    std::uint64_t synced_before = 0;
    std::uint64_t directory_before = 0;
    faults.before(Call::rename, 1, [&] {
      synced_before = faults.count(Call::fdatasync);
      directory_before = faults.count(Call::fsync);
    });
    CHECK(upload(bench, {.durable = durable}).ok());
    CHECK(synced_before == (durable ? 1 : 0));
    CHECK(directory_before == 0);
    CHECK(faults.count(Call::fsync) == (durable ? 1 : 0));
  }
}

TEST_CASE("short writes and interruptions do not change the file") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    LocalBench bench;
    ScopedFaults faults;
    faults.short_counts(seed);
    faults.interrupt(seed, 3);
    CHECK(upload(bench).ok());
    CHECK((test::read_file(bench.directory.path("out")) == kText));
  }
}
