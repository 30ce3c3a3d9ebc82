// One stream into several sinks.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/tee.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

using Text = std::shared_ptr<std::string>;
Text text() { return std::make_shared<std::string>(); }

std::unique_ptr<Transform> doubled() {
  return map([](Chunk chunk) {
    const std::string twice = std::string(chunk.text()) + std::string(chunk.text());
    return Chunk::copy_of(twice);
  });
}

std::unique_ptr<Sink> failing_after(std::size_t bytes) {
  return to_callback([left = bytes](const Chunk& chunk) mutable -> Status {
    if (chunk.size() > left) return Status(Kind::io, "the disk is gone");
    left -= chunk.size();
    return {};
  });
}

}  // namespace

TEST_CASE("Every branch gets every byte, through stages of its own") {
  const std::string bytes(5'000'000, 'a');
  const Text one = text(), two = text(), three = text();
  const auto receipt =
      start(memory(bytes) | tee(to_memory(one), Through(doubled()) | To(to_memory(two)), to_memory(three))).wait();
  REQUIRE(receipt.ok());
  CHECK(*one == bytes);
  CHECK(*two == bytes + bytes);
  CHECK(*three == bytes);
  CHECK(receipt->bytes_acked == bytes.size());
  CHECK(receipt->facts.at("1.destination") == "memory:");
  CHECK(receipt->facts.at("2.bytes_stored") == std::to_string(2 * bytes.size()));
}

TEST_CASE("A tee may stand in a tee") {
  const Text one = text(), two = text(), three = text();
  JobOptions options;
  options.budget_bytes = 128 * kMiB;
  REQUIRE(start(memory("x") | tee(to_memory(one), tee(to_memory(two), to_memory(three))), options).wait().ok());
  CHECK(*one + *two + *three == "xxx");
}

TEST_CASE("The first branch that fails ends all, and is named") {
  const Text one = text();
  auto endless = from_reader(
      [](std::span<std::byte> into) -> Result<std::size_t> { return std::min<std::size_t>(into.size(), 100'000); });
  const auto receipt = start(std::move(endless) | tee(to_memory(one), failing_after(1'000'000))).wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::io);
  CHECK(receipt.error().stage == "callback");
  CHECK_THAT(receipt.status().message(), Catch::Contains("the disk is gone"));
  CHECK(one->empty());  // of a job that failed nothing stays
}

TEST_CASE(
    "Where it is asked for, a branch that fails is left behind and told of; the last one's failure is the job's") {
  const std::string bytes(5'000'000, 'a');
  const Text one = text();
  std::vector<To> branches;
  branches.emplace_back(to_memory(one));
  branches.emplace_back(failing_after(1'000'000));
  const auto receipt = start(memory(bytes) | tee(std::move(branches), {.drop_failed = true})).wait();
  REQUIRE(receipt.ok());
  CHECK(*one == bytes);
  CHECK_THAT(receipt->facts.at("2.failed"), Catch::Contains("the disk is gone"));

  std::vector<To> bad;
  bad.emplace_back(failing_after(1'000));
  bad.emplace_back(failing_after(1'000'000));
  CHECK(start(memory(bytes) | tee(std::move(bad), {.drop_failed = true})).wait().error().kind == Kind::io);
}

TEST_CASE("The slowest branch holds the others back, in bounded memory") {
  std::atomic<std::size_t> fast{0};
  std::atomic<bool> go{false};
  auto quick = to_callback([&](const Chunk& chunk) { return fast += chunk.size(), Status(); });
  auto slow = to_callback([&](const Chunk&) {
    while (!go) std::this_thread::sleep_for(1ms);
    return Status();
  });
  auto source =
      from_reader([left = std::size_t{100'000'000}](std::span<std::byte> into) mutable -> Result<std::size_t> {
        const std::size_t count = std::min(left, into.size());
        left -= count;
        return count;
      });
  JobOptions options;
  options.budget_bytes = 32 * kMiB;
  Job job = start(std::move(source) | tee(std::move(quick), std::move(slow)), options);
  std::this_thread::sleep_for(200ms);
  CHECK(fast < 32 * kMiB);
  CHECK(job.progress().memory_bytes <= 32 * kMiB);
  go = true;
  CHECK(job.wait().ok());
  CHECK(fast == 100'000'000);
}

TEST_CASE("Memory that cannot hold the branches is refused with the number that would") {
  const Text one = text(), two = text();
  const auto pipeline = [&] {
    const auto large = [] { return Through(lines({.longest_bytes = 4 * kMiB})); };
    return memory("x") | tee(large() | To(to_memory(one)), large() | To(to_memory(two)));
  };
  JobOptions options;
  options.budget_bytes = kMinBudgetBytes;
  const auto receipt = start(pipeline(), options).wait();
  REQUIRE_FALSE(receipt.ok());
  REQUIRE(receipt.error().kind == Kind::budget_too_small);
  options.budget_bytes = receipt.error().needed_bytes;
  CHECK(start(pipeline(), options).wait().ok());
  options.budget_bytes = kMinBudgetBytes;  // what needs little fits in little
  CHECK(start(memory("x") | tee(to_memory(text()), to_memory(text())), options).wait().ok());
}

TEST_CASE("A cancel in the middle ends every branch") {
  std::atomic<int> closed{0};
  const auto sink = [&] {
    return to_callback([](const Chunk&) { return Status(); },
                       [&](bool complete) { return complete ? Status() : (++closed, Status()); });
  };
  auto endless = from_reader([](std::span<std::byte> into) -> Result<std::size_t> { return into.size(); });
  Job job = start(std::move(endless) | tee(sink(), sink()));
  std::this_thread::sleep_for(20ms);
  job.cancel();
  CHECK(job.wait().error().kind == Kind::cancelled);
  CHECK(closed == 2);
}
