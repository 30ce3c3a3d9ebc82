// Several chunks of a stream at once, in its order.
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string>
#include <thread>

#include "weir/core/job.hpp"
#include "weir/core/thread_pool.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/line_functions.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/parallel.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::string numbered(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

/// In pieces of `piece` bytes.
std::unique_ptr<Source> fed_in_pieces(std::string text, std::size_t piece) {
  return from_reader(
      [text = std::move(text), piece, at = std::size_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
        const std::size_t count = std::min({piece, into.size(), text.size() - at});
        std::memcpy(into.data(), text.data() + at, count);
        at += count;
        return count;
      });
}

std::string run_through(Through stages, const std::string& text, std::size_t piece, std::size_t workers,
                        std::size_t budget = 64 * kMiB) {
  const auto out = std::make_shared<std::string>();
  JobOptions options;
  options.executor = Executor::make_pool(workers);
  options.budget_bytes = budget;
  const auto receipt = start(fed_in_pieces(text, piece) | lines() | std::move(stages) | to_memory(out), options).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  return *out;
}

Through slow_lines() {
  return filter([](Slice line) { return !line.ends_with('7'); }) | map([](Slice line) {
           if (line.ends_with('3')) std::this_thread::yield();
           return "<" + std::string(line) + ">";
         });
}

}  // namespace

TEST_CASE("However many work at it, and however it comes, what is made is in the stream's order") {
  const std::string text = numbered(60'000);
  const std::string expected = run_through(slow_lines(), text, kSliceBytes, 1);
  CHECK(expected.starts_with("<line 0>\n<line 1>\n<line 2>\n"));
  for (const std::size_t workers : {1, 2, 7}) {
    for (const std::size_t piece : {std::size_t{333}, std::size_t{70'001}, kSliceBytes})
      CHECK(run_through(parallel(slow_lines), text, piece, workers) == expected);
    CHECK(run_through(parallel(slow_lines), text, kSliceBytes, workers, 16 * kMiB) == expected);
  }
}

TEST_CASE("What makes much of little is stopped in between, and holds no other back") {
  const std::string text = numbered(2'000);
  const auto much = [] {
    return flat_map([](Slice line) { return std::vector<std::string>(100, std::string(line) + std::string(50, '.')); });
  };
  CHECK(run_through(parallel(much), text, 5'000, 3, 16 * kMiB) == run_through(much(), text, kSliceBytes, 1));
}

TEST_CASE("Several really are at work at once") {
  std::atomic<int> now{0}, most{0};
  const auto wait = [&] {
    return map([&](Slice line) {
      most = std::max(most.load(), ++now);
      for (int i = 0; i < 2'000 && most < 2; ++i) std::this_thread::sleep_for(1ms);
      --now;
      return std::string(line);
    });
  };
  (void)run_through(parallel(wait), "a\nb\nc\nd\n", 2, 4);
  CHECK(most >= 2);
}

TEST_CASE("An error, and what is thrown, names the line's place in the stream") {
  const std::string text = numbered(50'000);
  const std::uint64_t bad = text.find("line 43210");
  const auto run = [&](auto function) {
    JobOptions options;
    options.executor = Executor::make_pool(3);
    const auto make = [=] { return filter(function); };
    return start(fed_in_pieces(text, 10'000) | lines() | parallel(make) | to_memory(std::make_shared<std::string>()),
                 options)
        .wait();
  };
  const auto failed = run([](Slice line) -> Result<bool> {
    if (line == "line 43210") return Status(Kind::corrupt, "no good");
    return true;
  });
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().kind == Kind::corrupt);
  CHECK(failed.error().offset == bad);
  CHECK(failed.error().stage == "filter");
  const auto thrown = run([](Slice line) {
    if (line == "line 43210") throw std::runtime_error("thrown");
    return true;
  });
  REQUIRE_FALSE(thrown.ok());
  CHECK(thrown.error().offset == bad);
  CHECK_THAT(thrown.status().message(), Catch::Contains("thrown"));
}

TEST_CASE("A stage that carries something from chunk to chunk may not stand in it") {
  const auto receipt = start(memory("a\n") | lines() | parallel([] { return take_lines(1); }) |
                             to_memory(std::make_shared<std::string>()))
                           .wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::invalid_argument);
  CHECK(receipt.error().stage == "take");
}

TEST_CASE("Workers in workers are refused, and a function that does not give the same stages each time") {
  const auto refused = [](auto make) {
    JobOptions options;
    options.executor = Executor::make_pool(2);
    const auto out = std::make_shared<std::string>();
    const auto receipt =
        start(fed_in_pieces(numbered(10'000), 1'000) | lines() | parallel(make) | to_memory(out), options).wait();
    REQUIRE_FALSE(receipt.ok());
    CHECK(out->empty());
    return receipt.status().message();
  };
  CHECK_THAT(refused([] { return parallel([] { return grep("1"); }); }),
             Catch::Contains("does not work on each chunk by itself"));
  auto once = std::make_shared<std::unique_ptr<Transform>>(grep("1"));
  CHECK_THAT(refused([once] { return std::move(*once); }), Catch::Contains("other stages than the first time"));
  CHECK_THAT(refused([count = std::make_shared<int>(0)]() -> std::unique_ptr<Transform> {
               if (++*count > 1) throw std::runtime_error("no more of them");
               return grep("1");
             }),
             Catch::Contains("no more of them"));
}

TEST_CASE("Bytes go through it too, and stages of the host's own that say so") {
  struct Upper {
    bool independent() const { return true; }
    Status process(Chunk chunk, Emit& out) {
      std::string text(chunk.text());
      std::transform(text.begin(), text.end(), text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
      out(Chunk::copy_of(text));
      return {};
    }
  };
  const auto out = std::make_shared<std::string>();
  const auto make = [] { return Through(Upper()) | Through(map([](Chunk chunk) { return chunk; })); };
  REQUIRE(start(fed_in_pieces(std::string(1'000'000, 'x'), 1'000) | parallel(make, {.max_workers = 2}) | to_memory(out))
              .wait()
              .ok());
  CHECK(*out == std::string(1'000'000, 'X'));
}

TEST_CASE("A cancel in the middle ends it") {
  std::atomic<int> seen{0};
  const auto slow = [&] {
    return filter([&](const Slice&) { return ++seen, std::this_thread::sleep_for(1ms), true; });
  };
  Job job = start(fed_in_pieces(numbered(100'000), 1'000) | lines() | parallel(slow) |
                  to_memory(std::make_shared<std::string>()));
  while (seen < 10) std::this_thread::sleep_for(1ms);
  job.cancel();
  CHECK(job.wait().error().kind == Kind::cancelled);
}
