// What a job tells of its segments' turns, and of the rings between them.
#include <catch2/catch.hpp>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("Every segment's turns are told, between the start and the end") {
  std::mutex mutex;
  std::vector<TraceEvent::What> what;
  std::set<std::string> stages;
  std::uint64_t latest = 0;
  JobOptions options;
  options.on_trace = [&](const TraceEvent& event) {
    const std::lock_guard lock(mutex);
    what.push_back(event.what);
    CHECK(event.begin_ns <= event.end_ns);
    latest = std::max(latest, event.end_ns);
    if (event.what == TraceEvent::What::ran)
      stages.insert(std::string(event.first_stage) + ".." + std::string(event.last_stage));
  };
  auto host = through_callback([](Chunk chunk, Emit& out) { return out(std::move(chunk)), Status(); });
  REQUIRE(
      start(memory(std::string(3'000'000, 'x')) | std::move(host) | to_memory(std::make_shared<std::string>()), options)
          .wait()
          .ok());
  REQUIRE(what.size() >= 5);
  CHECK(what.front() == TraceEvent::What::started);
  CHECK(what.back() == TraceEvent::What::ended);
  CHECK(stages == std::set<std::string>{"memory..memory", "callback..callback"});
}

TEST_CASE("A job that fails tells that it stops") {
  std::mutex mutex;
  std::vector<TraceEvent::What> what;
  JobOptions options;
  options.on_trace = [&](const TraceEvent& event) {
    const std::lock_guard lock(mutex);
    what.push_back(event.what);
  };
  auto failing = from_callback([]() -> Result<Chunk> { return Status(Kind::io, "no disk"); });
  REQUIRE_FALSE(start(std::move(failing) | to_memory(std::make_shared<std::string>()), options).wait().ok());
  CHECK(std::count(what.begin(), what.end(), TraceEvent::What::stopping) == 1);
  CHECK(what.back() == TraceEvent::What::ended);
}

TEST_CASE("How full the rings are is told with the stage behind them") {
  std::atomic<bool> go{false};
  auto slow = to_callback([&](const Chunk&) {
    while (!go) std::this_thread::sleep_for(1ms);
    return Status();
  });
  auto source = from_reader(
      [left = 100](std::span<std::byte> into) mutable -> Result<std::size_t> { return left-- > 0 ? into.size() : 0; });
  Job job = start(std::move(source) | std::move(slow));
  Progress seen;
  do {
    std::this_thread::sleep_for(1ms);
    seen = job.progress();
  } while (seen.stages.back().ring_depth == 0 || seen.stages.back().ring_chunks + 1 < seen.stages.back().ring_depth);
  CHECK(seen.stages.front().ring_depth == 0);
  go = true;
  CHECK(job.wait().ok());
}
