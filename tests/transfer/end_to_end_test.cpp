// From one store into another: the checksum that the bytes came with is the one that they went with.
#include <catch2/catch.hpp>

#include "memory_origin.hpp"
#include "store/s3_tools.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/store/local.hpp"
#include "weir/transfer/download.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::test {
namespace {

/// Says that it leaves the bytes as they are; `flips` one of them all the same, as broken memory does.
struct BrokenTap final : Transform {
  explicit BrokenTap(bool once) : flips(once) {}
  bool flips;
  std::string name() const override { return "broken"; }
  bool tap() const override { return true; }
  Status process(Chunk chunk, Emit& out) override {
    if (chunk.empty()) return {};
    std::string bytes(chunk.text());
    if (std::exchange(flips, false)) bytes.front() ^= 1;
    out(Chunk::copy_of(bytes));
    return {};
  }
};

}  // namespace

TEST_CASE("bytes that change between the store they come from and where they go are corrupt") {
  TempDir folder;
  for (const bool flips : {false, true}) {
    const auto origin = std::make_shared<MemoryOrigin>(noise(3 * kMiB), MemoryOriginOptions{});
    auto target = local_target(folder.path("object"));
    const auto result = start(From(download_from(origin, {.part_bytes = kMiB})) | std::make_unique<BrokenTap>(flips) |
                              To(upload_to(std::move(target))))
                            .wait();
    INFO(result.status().message());
    CHECK(result.status().kind() == (flips ? Kind::corrupt : Kind::ok));
  }
}

}  // namespace weir::test
