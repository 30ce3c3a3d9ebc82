// Telling the host what came by.
#include "weir/stages/progress_tap.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "weir/core/job.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("The host is told of each chunk, or seldom, and always at the end") {
  const std::string bytes(10 * kSliceBytes + 1, 'x');
  std::vector<std::uint64_t> often, seldom;
  REQUIRE(start(memory(bytes) | progress_tap([&](std::uint64_t count) { often.push_back(count); }, 0ns) |
                progress_tap([&](std::uint64_t count) { seldom.push_back(count); }, 1h) | null())
              .wait()
              .ok());
  REQUIRE(often.size() == 12);
  CHECK(often[0] == kSliceBytes);
  CHECK(often[11] == bytes.size());
  CHECK(seldom == std::vector<std::uint64_t>{bytes.size()});
  std::vector<std::uint64_t> nothing;
  REQUIRE(
      start(memory("") | progress_tap([&](std::uint64_t count) { nothing.push_back(count); }) | null()).wait().ok());
  CHECK(nothing == std::vector<std::uint64_t>{0});
}

TEST_CASE("What the host throws there ends the job") {
  const auto receipt =
      start(memory("x") | progress_tap([](std::uint64_t) { throw std::runtime_error("no more"); }) | null()).wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::io);
  CHECK(receipt.error().stage == "progress_tap");
  CHECK_THAT(receipt.status().message(), Catch::Contains("no more"));
}
