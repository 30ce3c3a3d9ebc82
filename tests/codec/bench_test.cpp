// Throughput of both directions beside the zstd program's and pigz's. Not part of a plain run: `test_codec '[.bench]'`.
#include "codec/drive.hpp"
#include "codec/tools.hpp"
#include "support/cpu_seconds.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/codec/zstd.hpp"

using namespace weir;

namespace {

template <class Work>
void report(const std::string& what, std::size_t bytes, int who, Work work) {
  const double cpu = test::cpu_seconds(who);
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  WARN(what << ": " << static_cast<double>(bytes) / wall.count() / 1e6 << " MB/s, "
            << (test::cpu_seconds(who) - cpu) / static_cast<double>(bytes) * 1e9 << " CPU-s/GB");
}

}  // namespace

TEST_CASE("zstd throughput beside the zstd program's", "[.bench]") {
  const std::string input = test::words(256 * kMiB);
  const test::TempDir scratch;
  test::write_file(scratch.path("in"), input);
  std::string packed;
  for (int round = 0; round < 3; ++round) {
    for (const int workers : {1, 2}) {
      report(fmt::format("weir zstd, {} workers", workers), input.size(), RUSAGE_SELF, [&] {
        auto stage = zstd({.max_workers = static_cast<std::size_t>(workers)});
        auto driven = test::drive_slabs(*stage, input, {.workers = static_cast<std::size_t>(workers)});
        REQUIRE(driven.status.ok());
        packed = std::move(driven.bytes);
      });
      report(fmt::format("zstd -T{} -o /dev/null", workers), input.size(), RUSAGE_CHILDREN, [&] {
        const std::string command = fmt::format("zstd -q -f -3 -T{} {} -o /dev/null", workers, scratch.path("in"));
        REQUIRE(std::system(command.c_str()) == 0);
      });
    }
    report("weir unzstd", input.size(), RUSAGE_SELF, [&] {
      auto stage = unzstd();
      REQUIRE(test::drive(*stage, packed, kSliceBytes).status.ok());
    });
  }
  WARN("ratio " << static_cast<double>(input.size()) / static_cast<double>(packed.size()));
}

TEST_CASE("gzip throughput beside pigz's", "[.bench]") {
  const std::string input = test::words(256 * kMiB);
  const test::TempDir scratch;
  test::write_file(scratch.path("in"), input);
  std::string packed;
  for (int round = 0; round < 3; ++round) {
    for (const int workers : {1, 2}) {
      report(fmt::format("weir gzip, {} workers", workers), input.size(), RUSAGE_SELF, [&] {
        auto stage = gzip({.max_workers = static_cast<std::size_t>(workers)});
        auto driven = test::drive_slabs(*stage, input, {.workers = static_cast<std::size_t>(workers)});
        REQUIRE(driven.status.ok());
        packed = std::move(driven.bytes);
      });
      report(fmt::format("pigz -6 -p {}", workers), input.size(), RUSAGE_CHILDREN, [&] {
        const std::string command = fmt::format("pigz -6 -c -p {} {} > /dev/null", workers, scratch.path("in"));
        REQUIRE(std::system(command.c_str()) == 0);
      });
    }
    test::write_file(scratch.path("in.gz"), packed);
    report("weir gunzip", input.size(), RUSAGE_SELF, [&] {
      auto stage = gunzip();
      REQUIRE(test::drive(*stage, packed, kSliceBytes).status.ok());
    });
    report("gzip -d", input.size(), RUSAGE_CHILDREN,
           [&] { REQUIRE(std::system(("gzip -dc " + (scratch.path("in.gz")) + " > /dev/null").c_str()) == 0); });
  }
  WARN("ratio " << static_cast<double>(input.size()) / static_cast<double>(packed.size()));
}
