// The memory of uploads: a part that waits for its end keeps no more than it has bytes, and one that is refused has
// taken none.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>

#include "memory_target.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/parallel.hpp"
#include "weir/stages/tee.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/upload.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kLine = 5 * kKiB;

/// Lines of 5 KiB, of which one in `rarity` has "hit" in it.
std::unique_ptr<Source> log_of(std::size_t count, std::size_t rarity) {
  return from_reader([=, at = std::size_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
    std::size_t filled = 0;
    while (filled < into.size() && at < count * kLine) {
      const std::size_t number = at / kLine;
      std::string line(kLine, 'x');
      if (number % rarity == 0) line.replace(0, 3, "hit");
      line.back() = '\n';
      const std::size_t bytes = std::min(into.size() - filled, kLine - at % kLine);
      std::memcpy(into.data() + filled, line.data() + at % kLine, bytes);
      filled += bytes;
      at += bytes;
    }
    return filled;
  });
}

std::size_t hits(std::size_t count, std::size_t rarity) { return (count + rarity - 1) / rarity; }

void ends_well(Pipeline pipeline, std::size_t budget_bytes, std::size_t workers, std::uint64_t expected) {
  JobOptions options;
  options.executor = Executor::make_pool(workers);
  options.budget_bytes = budget_bytes;
  Job job = start(std::move(pipeline), options);
  const auto receipt = job.wait_for(120s);
  REQUIRE(receipt);  // else it waits for memory, for ever
  INFO(receipt->status().message());
  REQUIRE(receipt->ok());
  CHECK((**receipt).bytes_stored == expected);
}

}  // namespace

TEST_CASE("lines that are few of many go up in the memory that was asked for") {
  test::TempDir directory;
  constexpr std::size_t kCount = 40'000;  // 200 MiB
  for (const std::size_t rarity : {2, 7, 50})
    ends_well(log_of(kCount, rarity) | lines({.longest_bytes = 64 * kKiB}) | grep("hit") |
                  upload_to(local_target(directory.path("out"))),
              12 * kMiB, 2, hits(kCount, rarity) * kLine);
}

TEST_CASE("so do those that several workers found, in parts larger than their memory") {
  test::TempDir directory;
  constexpr std::size_t kCount = 40'000;
  UploadOptions upload;
  upload.part_bytes = 8 * kMiB;
  for (const std::size_t rarity : {1, 3, 50})
    ends_well(log_of(kCount, rarity) | lines({.longest_bytes = 64 * kKiB}) |
                  parallel([] { return grep("hit"); }, {.max_workers = 1}) |
                  upload_to(local_target(directory.path("out")), upload),
              32 * kMiB, 2, hits(kCount, rarity) * kLine);
}

TEST_CASE("and those that go to several stores") {
  test::TempDir directory;
  constexpr std::size_t kCount = 40'000;
  constexpr std::size_t kRarity = 50;
  ends_well(log_of(kCount, kRarity) | lines({.longest_bytes = 64 * kKiB}) | grep("hit") |
                tee(upload_to(local_target(directory.path("one"))), upload_to(local_target(directory.path("two")))),
            32 * kMiB, 2, hits(kCount, kRarity) * kLine);
}

TEST_CASE("an upload that is refused gives back no memory that it had not taken") {
  auto target = std::make_shared<test::MemoryTarget>(test::MemoryTargetOptions{});
  target->profile_.equal_parts = true;
  CallbackOptions bounded;
  bounded.max_bytes = std::uint64_t{1} << 40;
  UploadOptions upload;
  upload.part_bytes = 64 * kKiB;
  upload.concurrency = 32;
  JobOptions options;
  options.budget = Budget::make(64 * kMiB);
  const auto receipt =
      start(from_callback([]() -> Result<Chunk> { return Chunk(); }, bounded) | upload_to(target, upload), options)
          .wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::limit);
  CHECK(options.budget->used_bytes() == 0);
}
