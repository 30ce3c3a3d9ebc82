// download_from() on an origin in memory, with real threads and a real clock.
#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "memory_origin.hpp"
#include "store/s3_tools.hpp"
#include "weir/transfer/download.hpp"

namespace weir::test {
namespace {

struct Case {
  std::string bytes;
  MemoryOriginOptions origin;
  DownloadOptions download;
  std::size_t grant_bytes = 6 * kMiB;
};

Case draw(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Case drawn;
  const std::size_t sizes[] = {0, 1, 70'000, kMiB, kMiB + 1, 3 * kMiB - 1, 7 * kMiB + 12'345};
  drawn.bytes = noise(sizes[random() % 7], seed);
  drawn.origin.seed = seed;
  drawn.origin.fails_of_100 = static_cast<unsigned>(random() % 3 * 20);
  drawn.origin.ranges = random() % 5 != 0;
  drawn.origin.sized = drawn.origin.ranges || random() % 2 == 0;
  drawn.origin.checksum = random() % 2 == 0;
  drawn.download.part_bytes = kMiB;
  drawn.download.retry.max_attempts = 50;
  drawn.download.retry.cap = std::chrono::milliseconds(2);
  drawn.grant_bytes = (2 + random() % 30) * kSliceBytes;
  return drawn;
}

/// A call that was just taking bytes lets go of its memory a moment later.
bool comes_free(const Budget& budget) {
  for (int i = 0; i < 100 && budget.used_bytes() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return budget.used_bytes() == 0;
}

}  // namespace

TEST_CASE("objects of every length arrive whole and in order, within the memory granted, whatever breaks") {
  unsigned most_reads = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Case drawn = draw(seed);
    CAPTURE(seed, drawn.bytes.size(), drawn.grant_bytes);
    const auto origin = std::make_shared<MemoryOrigin>(drawn.bytes, drawn.origin);
    Reader reader(64 * kMiB, drawn.grant_bytes);
    auto source = download_from(origin, drawn.download);
    const auto read = reader.all(*source);
    INFO(read.status().message());
    REQUIRE(read.ok());
    REQUIRE(*read == drawn.bytes);
    const bool checked = drawn.origin.checksum && drawn.origin.sized;
    CHECK(source->facts().count("source_crc64nvme_verified") == (checked ? 1u : 0u));
    CHECK(reader.budget().peak_bytes() <= drawn.grant_bytes);
    source.reset();
    CHECK(comes_free(reader.budget()));
    most_reads = std::max(most_reads, origin->peak_reads());
  }
  CHECK(most_reads == 4);
}

TEST_CASE("a download without a reader stops at its window and loses nothing") {
  const std::string bytes = noise(20 * kMiB);
  const auto origin = std::make_shared<MemoryOrigin>(bytes, MemoryOriginOptions{});
  Reader reader(64 * kMiB, 8 * kMiB);
  auto source = download_from(origin, {.part_bytes = kMiB});
  REQUIRE(reader.open(*source).ok());
  std::string read(reader.next(*source)->text());
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const std::size_t stands = reader.budget().used_bytes();
  CHECK(stands > 4 * kMiB);
  CHECK(stands <= 8 * kMiB);
  CHECK(origin->reads_under_way() == 0);
  for (auto chunk = reader.next(*source); chunk.ok() && !chunk->empty(); chunk = reader.next(*source))
    read += chunk->text();
  CHECK(read == bytes);
}

TEST_CASE("a download is let go within 100 ms at any moment, with all its memory") {
  std::vector<std::chrono::nanoseconds> took;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    MemoryOriginOptions options;
    options.seed = seed;
    options.stalls = seed % 3 == 0;
    const auto origin = std::make_shared<MemoryOrigin>(noise(8 * kMiB, seed), options);
    Reader reader(64 * kMiB, 8 * kMiB);
    auto source = download_from(origin, {.part_bytes = kMiB});
    REQUIRE(reader.open(*source).ok());
    CHECK(source->next().status().failed() == false);
    std::this_thread::sleep_for(std::chrono::microseconds(seed * 200));
    const auto start = std::chrono::steady_clock::now();
    source.reset();
    CHECK(comes_free(reader.budget()));
    while (origin->reads_under_way() > 0) std::this_thread::yield();
    took.push_back(std::chrono::steady_clock::now() - start);
  }
  // A busy machine may keep a thread waiting now and then.
  std::sort(took.begin(), took.end());
  CHECK(took[took.size() * 3 / 4] < std::chrono::milliseconds(100));
  CHECK(took.back() < std::chrono::seconds(5));
}

TEST_CASE("a part of an object is read without an origin's ranges too") {
  const std::string bytes = noise(3 * kMiB);
  for (const bool ranges : {true, false}) {
    MemoryOriginOptions options;
    options.ranges = ranges;
    options.fails_of_100 = 50;
    const auto origin = std::make_shared<MemoryOrigin>(bytes, options);
    DownloadOptions download;
    download.range = {kMiB + 5, kMiB};
    download.retry.max_attempts = 50;
    auto source = download_from(origin, download);
    const auto read = Reader().all(*source);
    INFO(read.status().message());
    REQUIRE(read.ok());
    CHECK(*read == bytes.substr(kMiB + 5, kMiB));
    CHECK(source->facts().count("source_crc64nvme_verified") == 0);
  }
}

TEST_CASE("an object that is no longer the one of an etag is not read") {
  const auto origin = std::make_shared<MemoryOrigin>("bytes", MemoryOriginOptions{});
  DownloadOptions download;
  download.etag = "e";
  CHECK(Reader().all(*download_from(origin, download)).value() == "bytes");
  download.etag = "of another";
  CHECK(Reader().all(*download_from(origin, download)).error().kind == Kind::source_changed);
}

TEST_CASE("retries of a download are counted, and say why") {
  MemoryOriginOptions options;
  options.fails_of_100 = 60;
  auto source = download_from(std::make_shared<MemoryOrigin>(noise(4 * kMiB), options),
                              {.part_bytes = kMiB, .retry = {.max_attempts = 100}});
  Reader reader(64 * kMiB, 8 * kMiB);
  REQUIRE(reader.all(*source).ok());
  CHECK(source->retries() > 0);
  CHECK(source->last_retry().error().cause == "connection reset");
}

TEST_CASE("a range size that cannot work is refused before anything is sent") {
  auto source = download_from(std::make_shared<MemoryOrigin>("x", MemoryOriginOptions{}), {.part_bytes = 1000});
  CHECK(Reader().all(*source).error().kind == Kind::invalid_argument);
}

}  // namespace weir::test
