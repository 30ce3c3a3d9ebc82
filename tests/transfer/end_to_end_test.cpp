// From one store into another: the checksum that the bytes came with is the one that they went with.
#include <catch2/catch.hpp>

#include "memory_origin.hpp"
#include "memory_target.hpp"
#include "store/s3_tools.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/generator.hpp"
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
  Status process(Chunk&& chunk, Emit& out) override {
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

TEST_CASE("what nobody wants verified is hashed nowhere on its way into a file, and is the same file") {
  TempDir folder;
  enum class Off { nothing, by_origin, by_download, by_upload };
  for (const Off off : {Off::nothing, Off::by_origin, Off::by_download, Off::by_upload}) {
    INFO(static_cast<int>(off));
    const std::string bytes = noise(3 * kMiB + 5);
    MemoryOriginOptions as;
    as.verifies = off != Off::by_origin;
    DownloadOptions download;
    download.part_bytes = kMiB;
    download.verify = off != Off::by_download;
    UploadOptions upload;
    upload.verify = off != Off::by_upload;
    const auto origin = std::make_shared<MemoryOrigin>(bytes, as);
    const std::string path = folder.path("object");
    const auto receipt =
        start(From(download_from(origin, download)) | To(upload_to(local_target(path), upload))).wait();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_stored == bytes.size());
    const bool compared = off == Off::nothing || off == Off::by_upload;
    CHECK((receipt->facts.count("source_crc64nvme_verified") == 1) == compared);
    CHECK(receipt->checksum.empty() == (off != Off::nothing));
    CHECK(receipt->checksum_verified == (off == Off::nothing));
    CHECK(read_file(path) == bytes);
  }
}

TEST_CASE("what nobody vouched for is a file that is not called verified") {
  TempDir folder;
  const std::string path = folder.path("made");
  GeneratorOptions made;
  made.bytes = 300'000;
  const auto receipt = start(From(generator(made)) | To(upload_to(local_target(path)))).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK_FALSE(receipt->checksum.empty());
  CHECK(receipt->in_file);
  CHECK_FALSE(receipt->checksum_verified);
}

TEST_CASE("a store hashes what it is sent as its own options say, whatever its source verifies") {
  MemoryOriginOptions as;
  as.verifies = false;
  const auto origin = std::make_shared<MemoryOrigin>(noise(300'000), as);
  const auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
  const auto receipt = start(From(download_from(origin)) | To(upload_to(target))).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->checksum_verified);
}

}  // namespace weir::test
