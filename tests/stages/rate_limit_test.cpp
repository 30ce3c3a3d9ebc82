// Bytes at a rate.
#include "weir/stages/rate_limit.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "stages/flow_tools.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

TEST_CASE("Bytes come by at the rate and no faster, and are the same bytes") {
  const std::string bytes(1'000'000, 'r');
  const auto into = std::make_shared<std::string>();
  const auto began = Steady::now();
  const auto receipt = start(memory(bytes) | rate_limit(2'000'000) | to_memory(into)).wait();
  const auto took = Steady::now() - began;
  REQUIRE(receipt.ok());
  CHECK(*into == bytes);
  // The last piece need not have used up its time, and 50 ms may be caught up with.
  CHECK(took >= 500ms - 50ms - 1000ms / 16 - 1ms);
}

TEST_CASE("Of a slow rate the pieces are small, and whole lines where lines come") {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "line " + std::to_string(i) + "\n";
  Taken taken;
  REQUIRE(start(memory(text) | lines() | rate_limit(16'000) | taken.sink()).wait().ok());
  CHECK(taken.all() == text);
  CHECK(taken.chunks().size() >= 4);
  for (const std::string& chunk : taken.chunks()) {
    CHECK(chunk.size() <= 1000);
    CHECK(chunk.back() == '\n');
  }
  Taken whole;  // a line longer than a piece is a piece
  REQUIRE(start(memory(std::string(3000, 'x') + "\ny\n") | lines() | rate_limit(16'000) | whole.sink()).wait().ok());
  REQUIRE(whole.chunks().size() == 2);
  CHECK(whole.chunks()[0].size() == 3001);
}

TEST_CASE("While it waits a cancel is heard at once") {
  Taken taken;
  Job job = start(memory(std::string(1'000'000, 'r')) | rate_limit(1000) | taken.sink());
  REQUIRE(soon([&] { return taken.bytes() > 0; }));
  const auto began = Steady::now();
  job.cancel();
  CHECK(job.wait().error().kind == Kind::cancelled);
  CHECK(Steady::now() - began < 5s);  // the whole would take a quarter of an hour
}

TEST_CASE("In a pause nothing comes by, and none of the rate is saved up for later") {
  Taken taken;
  Job job = start(memory(std::string(1'000'000, 'r')) | rate_limit(16'000) | taken.sink());
  REQUIRE(soon([&] { return taken.bytes() > 1000; }));
  job.pause();
  REQUIRE(stands_still([&] { return taken.bytes(); }, 500ms));
  const std::size_t there = taken.bytes();
  const auto resumed = Steady::now();
  job.resume();
  REQUIRE(soon([&] { return taken.bytes() >= there + 4000; }));
  // 4,000 bytes of 16,000 a second, less a piece and what may be caught up with; half a second of pause gave nothing.
  CHECK(Steady::now() - resumed >= 250ms - 63ms - 50ms - 1ms);
  job.cancel();
}

TEST_CASE("A rate of nothing is refused") {
  Taken taken;
  const auto receipt = start(memory("x") | rate_limit(0) | taken.sink()).wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::invalid_argument);
  CHECK(receipt.error().stage == "rate_limit");
}
