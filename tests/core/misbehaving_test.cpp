// Stages and hosts that do what they should not: a clear end, and everything let go.
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"
#include "weir/stages/parallel.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<Source> endless() {
  return from_reader([](std::span<std::byte> into) -> Result<std::size_t> { return into.size(); });
}

/// Cancelled, it answers within 100 ms.
void cancel_answers(Job job) {
  std::this_thread::sleep_for(20ms);
  CHECK_FALSE(job.wait_for(0s));
  const auto asked = std::chrono::steady_clock::now();
  job.cancel();
  const auto receipt = job.wait_for(10s);
  REQUIRE(receipt);
  CHECK(receipt->error().kind == Kind::cancelled);
  CHECK(std::chrono::steady_clock::now() - asked < 2s);  // 100 ms, on a machine that has nothing else to do
}

}  // namespace

TEST_CASE("A stage that emits nothing, for ever, can be cancelled") {
  cancel_answers(start(endless() | through_callback([](const Chunk&, Emit&) { return Status(); }) | null()));
}

TEST_CASE("A stage that answers pending and never wakes can be cancelled") {
  CallbackOptions options;
  options.blocking = false;
  cancel_answers(start(from_callback([]() -> Result<Chunk> { return Status::pending(); }, options) | null()));
  cancel_answers(
      start(endless() | through_callback([](const Chunk&, Emit&) { return Status::pending(); }, {}, options) | null()));
  cancel_answers(start(endless() | to_callback([](const Chunk&) { return Status::pending(); }, {}, options)));
}

TEST_CASE("A stage that makes gigabytes of a byte holds no more than its budget") {
  struct Inflate {
    std::uint64_t left = 4'000;
    Status process(Chunk, Emit& out) {
      while (left > 0) {
        if (!out.room()) return Status::more();
        out(megabyte);
        --left;
      }
      return {};
    }
    Chunk megabyte = Chunk::copy_of(std::string(kMiB, 'x'));
  };
  JobOptions options;
  options.budget_bytes = kMinBudgetBytes;
  Job job = start(memory("x") | Inflate() | null(), options);
  const auto receipt = job.wait();
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_acked == 4'000 * kMiB);
}

TEST_CASE("A job may be dropped by a function that it calls") {
  std::mutex mutex;
  std::optional<Job> job;
  std::atomic<bool> ended{false};
  JobOptions options;
  options.on_end = [&] { ended = true; };
  {
    const std::lock_guard lock(mutex);
    job.emplace(start(endless() | to_callback([&](const Chunk&) {
                        const std::lock_guard inner(mutex);
                        job.reset();
                        return Status();
                      }),
                      options));
  }
  while (!ended) std::this_thread::sleep_for(1ms);
  CHECK_FALSE(job);
}

TEST_CASE("A stage that was given away already is refused, and nothing runs") {
  auto once = map([](Chunk chunk) { return chunk; });
  const auto out = std::make_shared<std::string>();
  REQUIRE(start(memory("x") | std::move(once) | to_memory(out)).wait().ok());
  const auto again = start(memory("y") | std::move(once) | null()).wait();  // NOLINT(bugprone-use-after-move)
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().kind == Kind::invalid_argument);
  CHECK(*out == "x");

  std::unique_ptr<Source> source;
  CHECK(start(std::move(source) | null()).wait().error().kind == Kind::invalid_argument);
  CHECK(start(Pipeline()).wait().error().kind == Kind::invalid_argument);
  const auto in_parallel = start(memory("y") | parallel([] { return std::unique_ptr<Transform>(); }) | null()).wait();
  REQUIRE_FALSE(in_parallel.ok());
  CHECK(in_parallel.error().kind == Kind::invalid_argument);
}
