#include "weir/codec/zstd.hpp"

#include <xxhash.h>
#include <zstd.h>

#include "codec/drive.hpp"
#include "codec/seek_table.hpp"
#include "codec/tools.hpp"
#include "codec/zstd_level.hpp"

using namespace weir;

namespace {

std::string compress(std::string_view input, int level = 3, const test::DriveOptions& options = {},
                     std::size_t chunk_bytes = kSliceBytes) {
  auto stage = zstd({.level = level});
  auto driven = test::drive(*stage, input, chunk_bytes, options);
  INFO(driven.status.message());
  REQUIRE(driven.status.ok());
  return std::move(driven.bytes);
}

std::uint32_t le32(std::string_view bytes, std::size_t at) {
  return codec::get_le32(reinterpret_cast<const std::byte*>(bytes.data()) + at);
}

}  // namespace

TEST_CASE("the zstd program reads what we write, whatever the size") {
  const std::string input = test::words(9 * kMiB + 12345);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, kFrameBytes - 1, kFrameBytes,
                                 kFrameBytes + 1, 2 * kFrameBytes, input.size()}) {
    INFO(size);
    const std::string_view part = std::string_view(input).substr(0, size);
    const std::string packed = compress(part);
    REQUIRE(test::zstd_tool("-d", packed) == part);
    CHECK(packed.size() <= size / 2 + 200);
  }
  const std::string hard = test::noise(5 * kMiB);
  CHECK(test::zstd_tool("-d", compress(hard)) == hard);
}

TEST_CASE("every level works, and each context holds no more than it declares") {
  std::string input;
  while (input.size() < kFrameBytes) input += test::words(kSliceBytes);
  input += test::noise(100000);
  std::size_t last_size = 0;
  for (int level = -7; level <= 19; ++level) {
    const auto* row = codec::find_zstd_level(level);
    REQUIRE((row != nullptr) == (level != 0));
    if (row == nullptr) continue;
    INFO(level);
    std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    REQUIRE(codec::apply_zstd_level(context.get(), *row).ok());
    std::string packed(ZSTD_compressBound(kFrameBytes), '\0');
    const std::size_t size = ZSTD_compress2(context.get(), packed.data(), packed.size(), input.data(), kFrameBytes);
    REQUIRE(ZSTD_isError(size) == 0);
    CHECK(ZSTD_sizeof_CCtx(context.get()) <= row->context_bytes);
    last_size = size;
    if (level != 1 && level % 6 != 0) continue;  // only some go through the whole stage
    CHECK(test::zstd_tool("-d", compress(input, level)) == input);
  }
  CHECK(last_size < input.size() / 3);
}

TEST_CASE("the compressed bytes do not depend on workers, chunk sizes, memory or the room behind") {
  const std::string input = test::words(10 * kMiB) + test::noise(3 * kMiB + 77);
  const std::string golden = compress(input);
  for (const std::size_t workers : {1u, 2u, 7u}) CHECK(compress(input, 3, {.workers = workers}) == golden);
  for (const std::size_t chunk_bytes : {std::size_t{4099}, kMiB + 1, kFrameBytes, input.size()}) {
    CHECK(compress(input, 3, {}, chunk_bytes) == golden);
  }
  const std::size_t least = zstd()->memory({}).min_bytes;
  for (const std::size_t grant : {least, least + 10 * kMiB, least + 25 * kMiB}) {
    for (const std::size_t budget : {grant, 256 * kMiB}) {
      auto stage = zstd();
      const auto driven = test::drive(*stage, input, kSliceBytes, {.budget_bytes = budget, .grant_bytes = grant});
      INFO(grant << ": " << driven.status.message());
      REQUIRE(driven.status.ok());
      CHECK(driven.bytes == golden);
      CHECK(driven.peak_bytes <= grant);
    }
  }
  CHECK(compress(input, 3, {.room_chunks = 1}) == golden);
  auto stage = zstd();
  CHECK(test::drive_slabs(*stage, input, {.room_chunks = 2}).bytes == golden);
}

TEST_CASE("frames that arrive in one slab are compressed without a copy") {
  const std::string input = test::words(3 * kFrameBytes);
  auto joined = zstd();
  const auto driven = test::drive_slabs(*joined, input, {.workers = 1, .grant_bytes = 1});
  REQUIRE(driven.status.ok());
  CHECK(driven.peak_bytes < joined->memory({}).min_bytes - kFrameBytes + 4096);
  auto copied = zstd();
  CHECK(test::drive(*copied, input, kSliceBytes, {.workers = 1, .grant_bytes = 1}).peak_bytes > driven.peak_bytes);
}

TEST_CASE("memory once granted for copying is there for every frame, however greedy the others are") {
  const std::string input = test::words(4 * kFrameBytes);
  auto stage = zstd();
  const std::size_t least = stage->memory({}).min_bytes;
  const auto budget = Budget::make(least + kMiB);
  std::vector<Slab> taken;
  std::size_t at = 0;
  const auto next = [&] {
    while (at >= kMiB && budget->limit_bytes() - budget->used_bytes() >= kMiB + kSliceBytes) {
      auto slab = budget->acquire(kSliceBytes, [] {});
      REQUIRE(slab.ok());
      taken.push_back(*std::move(slab));
    }
    const std::string_view piece = std::string_view(input).substr(at, kSliceBytes);
    at += piece.size();
    return Chunk::copy_of(piece);
  };
  const auto driven = test::drive(*stage, next, {.budget = budget, .grant_bytes = least});
  INFO(driven.status.message());
  REQUIRE(driven.status.ok());
  CHECK(driven.bytes == compress(input));
}

TEST_CASE("each frame decodes by itself where the seek table says, with the checksum it says") {
  const std::string input = test::words(2 * kFrameBytes + 4321);
  const std::string packed = compress(input);
  const std::size_t end = packed.size();
  REQUIRE(le32(packed, end - 4) == 0x8F92EAB1u);
  CHECK(static_cast<unsigned char>(packed[end - 5]) == 0x80);
  const std::size_t frames = le32(packed, end - 9);
  REQUIRE(frames == 3);
  const std::size_t table = end - 9 - frames * 12;
  CHECK(le32(packed, table - 8) == 0x184D2A5Eu);
  CHECK(le32(packed, table - 4) == frames * 12 + 9);
  std::size_t packed_at = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < frames; ++i) {
    const std::size_t packed_bytes = le32(packed, table + 12 * i);
    const std::size_t bytes = le32(packed, table + 12 * i + 4);
    std::string content(bytes, '\0');
    REQUIRE(ZSTD_decompress(content.data(), bytes, packed.data() + packed_at, packed_bytes) == bytes);
    REQUIRE(content == input.substr(at, bytes));
    CHECK(static_cast<std::uint32_t>(XXH64(content.data(), bytes, 0)) == le32(packed, table + 12 * i + 8));
    packed_at += packed_bytes;
    at += bytes;
  }
  CHECK(packed_at == table - 8);
  CHECK(at == input.size());
}

TEST_CASE("a seek table longer than one slab is written whole") {
  auto budget = Budget::make(64 * kMiB);
  codec::SeekTable table(budget, [] {});
  codec::SliceWriter writer(budget, [] {});
  const std::uint32_t rows = 2 * codec::kSeekRowsPerSlab + 3;
  for (std::uint32_t i = 0; i < rows; ++i) {
    REQUIRE(table.make_room().ok());
    table.add(i, i + 1, i * 3);
  }
  test::Collect out(1);
  Status status = table.write(writer, out);
  while (status.is_more()) {
    out.refill();
    status = table.write(writer, out);
  }
  REQUIRE(status.ok());
  writer.flush(out);
  REQUIRE(out.bytes.size() == codec::kSeekFixedBytes + std::size_t{12} * rows);
  CHECK(le32(out.bytes, 4) == out.bytes.size() - 8);
  for (std::uint32_t i = 0; i < rows; ++i) {
    REQUIRE(le32(out.bytes, 8 + std::size_t{12} * i) == i);
    REQUIRE(le32(out.bytes, 8 + std::size_t{12} * i + 8) == i * 3);
  }
}

TEST_CASE("the length that compression announces is never passed") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, kFrameBytes, kFrameBytes + 200000}) {
    Upstream upstream;
    upstream.exact_bytes = size;
    zstd()->describe(upstream);
    CHECK_FALSE(upstream.exact_bytes);
    REQUIRE(upstream.max_bytes);
    CHECK(compress(test::noise(size)).size() <= *upstream.max_bytes);
  }
}

TEST_CASE("a level that there is not is refused before anything runs") {
  for (const int level : {0, 20, 22, -8, 1000}) {
    auto stage = zstd({.level = level});
    const auto driven = test::drive(*stage, "data", 4);
    CHECK(driven.status.kind() == Kind::invalid_argument);
    CHECK(driven.status.message().find(std::to_string(level)) != std::string::npos);
  }
}

TEST_CASE("a budget that holds no frame slot is refused with what would fit") {
  auto stage = zstd({.level = 19});
  const auto driven = test::drive(*stage, "data", 4, {.budget_bytes = 16 * kMiB});
  CHECK(driven.status.kind() == Kind::budget_too_small);
  CHECK(driven.status.error().needed_bytes > 50 * kMiB);
}

TEST_CASE("a compressor can be destroyed in mid-stream and gives all its memory back") {
  const std::string input = test::words(6 * kFrameBytes);
  auto waker = std::make_shared<test::Waker>();
  auto stage = zstd({.level = 9});
  Context context = test::make_context(*stage, {.workers = 2}, waker);
  REQUIRE(stage->open(context).ok());
  test::Collect out(1000);
  const Status status = stage->process(Chunk::copy_of(input), out);
  CHECK_FALSE(status.failed());
  stage.reset();
  for (int i = 0; i < 2000 && context.budget->used_bytes() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(context.budget->used_bytes() == 0);
}
