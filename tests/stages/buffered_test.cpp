// The author's cuts.
#include "weir/stages/buffered.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "stages/flow_tools.hpp"
#include "weir/core/explain.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("A ring of so many chunks stands where the author cuts, and the plan shows it") {
  Pipeline pipeline = memory("x") | buffered(16) | null();
  const auto text = explain(pipeline, kDefaultBudgetBytes, 4);
  REQUIRE(text.ok());
  CHECK_THAT(*text, Catch::Contains("cut: a ring of 16 chunks"));
  const auto plan = make_plan(pipeline, kDefaultBudgetBytes, 4);
  REQUIRE(plan.ok());
  REQUIRE(plan->segments.size() == 2);
  CHECK(plan->segments[0].last == 0);
  CHECK(plan->segments[1].first == 1);
}

TEST_CASE("It is the one cut where one is needed anyhow") {
  const auto cuts = [](Pipeline pipeline) {
    const auto plan = make_plan(pipeline, kDefaultBudgetBytes, 4);
    REQUIRE(plan.ok());
    for (std::size_t s = 1; s < plan->segments.size(); ++s) CHECK(plan->segments[s].ring_depth == 4);
    return plan->segments.size() - 1;
  };
  const auto waits = [] { return to_callback([](const Chunk&) { return Status(); }); };
  const auto through = [] {
    return through_callback([](Chunk chunk, Emit& out) { return out(std::move(chunk)), Status(); });
  };
  CHECK(cuts(memory("x") | buffered(3) | waits()) == 1);
  CHECK(cuts(memory("x") | buffered(4) | through() | buffered(4) | null()) == 2);
}

TEST_CASE("What is before goes on while what is behind waits, as far as the ring reaches") {
  std::atomic<int> made{0};
  std::atomic<bool> go{false};
  auto source = from_callback([&]() -> Result<Chunk> { return made < 50 ? ++made, Chunk::copy_of("x") : Chunk(); },
                              {.blocking = false});
  auto sink = to_callback([&](const Chunk&) {
    while (!go) std::this_thread::sleep_for(1ms);
    return Status();
  });
  Job job = start(std::move(source) | buffered(16) | std::move(sink));
  CHECK(soon([&] { return made >= 17; }));
  std::this_thread::sleep_for(20ms);
  CHECK(made <= 18);  // the ring, the one that is written, the one in hand
  go = true;
  REQUIRE(job.wait().ok());
  CHECK(made == 50);
}

TEST_CASE("The ring's memory is part of the budget, or the job is refused with the number that would do") {
  JobOptions options;
  options.budget_bytes = 16 * kMiB;
  const auto refused = start(memory("x") | buffered(256) | null(), options).wait();
  REQUIRE_FALSE(refused.ok());
  REQUIRE(refused.error().kind == Kind::budget_too_small);
  options.budget_bytes = refused.error().needed_bytes;
  CHECK(start(memory("x") | buffered(256) | null(), options).wait().ok());
  CHECK(start(memory("x") | buffered(SIZE_MAX) | null(), options).wait().error().kind == Kind::budget_too_small);
}
