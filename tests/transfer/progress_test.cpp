// What a job tells of itself while it sends: bytes read, sent, acknowledged and durable, rates, remaining time, parts.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/upload.hpp"

using namespace weir;  // NOLINT(google-build-using-namespace)
using std::chrono::milliseconds;

namespace {

std::unique_ptr<Sink> file_sink(const std::string& path, bool durable, std::uint64_t rate = 0) {
  LocalOptions local;
  local.durable = durable;
  UploadOptions options;
  options.part_bytes = kMiB;
  if (rate > 0) options.limiter = RateLimiter::make(rate);
  return upload_to(local_target(path, local), options);
}

}  // namespace

TEST_CASE("what is finished was read, sent, acknowledged, and durable where it was synced") {
  const test::TempDir folder;
  for (const bool durable : {true, false}) {
    const std::string bytes(3 * kMiB + 17, 'x');
    Job job = start(memory(bytes) | file_sink(folder.path("file"), durable));
    REQUIRE(job.wait().ok());
    const Progress end = job.progress();
    CHECK(end.state == JobState::done);
    CHECK(end.bytes_done == bytes.size());
    CHECK(end.bytes_read == bytes.size());
    CHECK(end.bytes_sent == bytes.size());
    CHECK(end.bytes_confirmed == bytes.size());
    CHECK(end.bytes_durable == (durable ? bytes.size() : 0));
    CHECK(end.parts_done == 4);
    CHECK(end.parts_total == 4u);
    CHECK(end.retries_by_cause.total() == end.retries);
    CHECK(end.bytes_per_second_mean > 0);
    CHECK_FALSE(end.stalled());
  }
}

TEST_CASE("a limited copy keeps to its rate and tells it, with bytes on their way and a remaining time") {
  const test::TempDir folder;
  constexpr std::uint64_t kRate = 2 * kMiB;
  const std::string bytes(10 * kMiB, 'x');
  const auto begun = std::chrono::steady_clock::now();
  Job job = start(memory(bytes) | file_sink(folder.path("file"), true, kRate));
  Progress late;
  for (int i = 0; i < 40; ++i) {
    std::this_thread::sleep_for(milliseconds(100));
    const Progress now = job.progress();
    CHECK(now.bytes_confirmed <= now.bytes_sent);
    CHECK(now.bytes_durable == 0);
    CHECK(now.bytes_done >= late.bytes_done);
    CHECK_FALSE(now.stalled());
    late = now;
  }
  CHECK(late.bytes_per_second == Approx(kRate).epsilon(0.25));
  CHECK(late.bytes_per_second_now == Approx(kRate).epsilon(0.4));
  CHECK(late.bytes_per_second_mean == Approx(kRate).epsilon(0.15));
  REQUIRE(late.eta_seconds);
  CHECK(*late.eta_seconds < 2.5);
  CHECK(late.parts_in_flight > 0);
  CHECK(late.concurrency >= 1);
  REQUIRE(job.wait().ok());
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  CHECK(static_cast<double>(bytes.size()) / took == Approx(kRate).epsilon(0.08));
  CHECK(job.progress().bytes_durable == bytes.size());
}

TEST_CASE("what waits for its turn is let go at once by a cancel") {
  const test::TempDir folder;
  Job job = start(memory(std::string(4 * kMiB, 'x')) | file_sink(folder.path("file"), true, 1024));
  std::this_thread::sleep_for(milliseconds(200));
  const auto begun = std::chrono::steady_clock::now();
  job.cancel();
  CHECK(job.wait().status().kind() == Kind::cancelled);
  CHECK(std::chrono::steady_clock::now() - begun < milliseconds(150));
}
