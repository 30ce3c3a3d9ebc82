#include "weir/codec/gzip.hpp"

#include "codec/drive.hpp"
#include "codec/tools.hpp"

using namespace weir;

namespace {

std::string gzipped(std::string_view input, int level = 6, const test::DriveOptions& options = {},
                    std::size_t chunk_bytes = kSliceBytes) {
  auto stage = gzip({.level = level});
  auto driven = test::drive(*stage, input, chunk_bytes, options);
  INFO(driven.status.message());
  REQUIRE(driven.status.ok());
  return std::move(driven.bytes);
}

}  // namespace

TEST_CASE("gzip and pigz read what we write, whatever the size") {
  const std::string input = test::words(9 * kMiB + 12345);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, kFrameBytes - 1, kFrameBytes,
                                 kFrameBytes + 1, input.size()}) {
    INFO(size);
    const std::string_view part = std::string_view(input).substr(0, size);
    const std::string packed = gzipped(part, 1);
    REQUIRE(test::run_tool("gzip -d", packed) == part);
    REQUIRE(test::run_tool("pigz -d", packed) == part);
    CHECK(packed.size() <= size / 2 + 200);
  }
  const std::string hard = test::noise(5 * kMiB);
  CHECK(test::run_tool("gzip -d", gzipped(hard)) == hard);
}

TEST_CASE("every level of gzip works, and none makes much more of noise than it is") {
  const std::string input = test::words(300000) + test::noise(5000);
  std::size_t fastest = 0;
  std::size_t smallest = 0;
  for (int level = 1; level <= 9; ++level) {
    INFO(level);
    const std::string packed = gzipped(input, level);
    CHECK(test::run_tool("gzip -d", packed) == input);
    CHECK(static_cast<int>(packed[8]) == (level == 9 ? 2 : level == 1 ? 4 : 0));
    if (level == 1) fastest = packed.size();
    smallest = packed.size();
  }
  CHECK(smallest < fastest);
  for (const int level : {1, 6, 9}) CHECK(gzipped(test::noise(kFrameBytes), level).size() < kFrameBytes + 4096);
}

TEST_CASE("a member holds no name, no time and no system, and each has 4 MiB of content") {
  const std::string packed = gzipped(test::words(kFrameBytes + 10), 1);
  const std::string header("\x1f\x8b\x08\0\0\0\0\0\x04\xff", 10);
  REQUIRE(packed.starts_with(header));
  const std::size_t second = packed.rfind(header);
  CHECK(second > 0);
  CHECK(test::run_tool("gzip -d", packed.substr(0, second)).size() == kFrameBytes);
  CHECK(test::run_tool("gzip -d", packed.substr(second)).size() == 10);
}

TEST_CASE("what gzip writes does not depend on workers, chunk sizes, memory or the room behind") {
  const std::string input = test::words(9 * kMiB) + test::noise(kMiB + 77);
  const std::string golden = gzipped(input, 1);
  for (const std::size_t workers : {1u, 2u, 7u}) CHECK(gzipped(input, 1, {.workers = workers}) == golden);
  for (const std::size_t chunk_bytes : {std::size_t{4099}, kFrameBytes, input.size()}) {
    CHECK(gzipped(input, 1, {}, chunk_bytes) == golden);
  }
  const std::size_t least = gzip()->memory({}).min_bytes;
  for (const std::size_t grant : {least, least + 10 * kMiB}) {
    auto stage = gzip({.level = 1});
    const auto driven = test::drive(*stage, input, kSliceBytes, {.budget_bytes = grant, .grant_bytes = grant});
    INFO(grant << ": " << driven.status.message());
    REQUIRE(driven.status.ok());
    CHECK(driven.bytes == golden);
    CHECK(driven.peak_bytes <= grant);
  }
  auto stage = gzip({.level = 1});
  CHECK(test::drive_slabs(*stage, input, {.room_chunks = 1}).bytes == golden);
}

TEST_CASE("the length that gzip announces is never passed") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, kFrameBytes, kFrameBytes + 200000}) {
    Upstream upstream;
    upstream.exact_bytes = size;
    gzip({.level = 1})->describe(upstream);
    CHECK_FALSE(upstream.exact_bytes);
    REQUIRE(upstream.max_bytes);
    CHECK(gzipped(test::noise(size), 1).size() <= *upstream.max_bytes);
  }
}

TEST_CASE("a level that gzip does not have is refused before anything runs") {
  for (const int level : {0, 10, -1, 1000}) {
    auto stage = gzip({.level = level});
    const auto driven = test::drive(*stage, "data", 4);
    CHECK(driven.status.kind() == Kind::invalid_argument);
    CHECK(driven.status.message().find(fmt::format("gzip has no level {}", level)) != std::string::npos);
  }
}

TEST_CASE("a budget that holds no member's slot is refused with what would fit") {
  auto stage = gzip();
  const auto driven = test::drive(*stage, "data", 4, {.budget_bytes = 4 * kMiB});
  CHECK(driven.status.kind() == Kind::budget_too_small);
  CHECK(driven.status.error().needed_bytes > 4 * kMiB);
}
