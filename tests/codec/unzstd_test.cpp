#include "codec/drive.hpp"
#include "codec/tools.hpp"
#include "codec/zstd_frame.hpp"
#include "weir/codec/zstd.hpp"

using namespace weir;

namespace {

test::Driven expand(std::string_view packed, const UnzstdOptions& options = {}, std::size_t chunk_bytes = kSliceBytes,
                    const test::DriveOptions& drive = {}) {
  auto stage = unzstd(options);
  return test::drive(*stage, packed, chunk_bytes, drive);
}
std::string pack(std::string_view input) {
  auto stage = zstd();
  return test::drive(*stage, input, kSliceBytes).bytes;
}
std::string skippable(std::size_t size) {
  std::string frame = {'\x53', '\x2a', '\x4d', '\x18'};
  for (int i = 0; i < 4; ++i) frame += static_cast<char>(size >> (8 * i));
  return frame + std::string(size, 's');
}

}  // namespace

TEST_CASE("we read what the zstd program writes at every level") {
  const std::string input = test::words(3 * kMiB + 17) + test::noise(200000);
  for (const char* arguments : {"-1", "-3", "-9", "-15", "-19", "--fast=5", "-3 --long=25", "-3 --no-check",
                                "-3 --no-content-size", "-T2 -3", "--ultra -22"}) {
    INFO(arguments);
    const auto driven = expand(test::zstd_tool(arguments, input));
    INFO(driven.status.message());
    REQUIRE(driven.status.ok());
    CHECK(driven.bytes == input);
  }
}

TEST_CASE("we read what we write, in any pieces, with little room") {
  const std::string input = test::words(5 * kMiB) + std::string(9 * kMiB, 'z') + test::noise(300000);
  const std::string packed = pack(input);
  for (const std::size_t chunk_bytes : {std::size_t{997}, std::size_t{65536}, packed.size()}) {
    for (const std::size_t room : {1u, 3u, 1000u}) {
      const auto driven = expand(packed, {}, chunk_bytes, {.room_chunks = room});
      INFO(driven.status.message());
      REQUIRE(driven.status.ok());
      CHECK(driven.bytes == input);
    }
  }
  const std::string small = pack("a few words");
  CHECK(expand(small, {}, 1).bytes == "a few words");
  CHECK(expand(pack(""), {}, 1).status.ok());
}

TEST_CASE("many frames, skippable frames and empty frames read as one stream") {
  const std::string empty = test::zstd_tool("", "");
  const std::string packed = skippable(0) + test::zstd_tool("-1", "one ") + skippable(1000) + empty +
                             test::zstd_tool("-5 --no-check", "two ") + pack("three") + skippable(7);
  for (const std::size_t chunk_bytes : {1u, 2u, 7u, 100000u}) {
    const auto driven = expand(packed, {}, chunk_bytes);
    INFO(driven.status.message());
    REQUIRE(driven.status.ok());
    CHECK(driven.bytes == "one two three");
  }
}

TEST_CASE("a stream that is cut anywhere but between frames is never a success") {
  const std::string one = test::zstd_tool("-3", test::words(600));
  const std::string packed = one + skippable(9) + test::zstd_tool("-3", "tail") + pack("x");
  std::size_t boundaries = 0;
  for (std::size_t size = 0; size < packed.size(); ++size) {
    bool refused = false;
    test::zstd_tool("-d", packed.substr(0, size), &refused);
    const auto driven = expand(packed.substr(0, size), {}, 1 + size % 5);
    INFO("cut at " << size << ": " << driven.status.message());
    // A cut between frames cannot be seen: there the zstd program agrees.
    REQUIRE(driven.status.ok() == !refused);
    if (driven.status.ok()) {
      ++boundaries;
      continue;
    }
    CHECK(driven.status.kind() == Kind::corrupt);
    REQUIRE(driven.status.error().offset);
    CHECK(*driven.status.error().offset <= size);
  }
  CHECK(boundaries == 4);
}

TEST_CASE("a flipped bit in a checked stream never yields other bytes") {
  const std::string input = test::words(3000);
  const std::string packed = test::zstd_tool("-3", input);
  std::size_t unharmed = 0;
  for (std::size_t at = 0; at < packed.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = packed;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      const auto driven = expand(damaged);
      INFO("byte " << at << ", bit " << bit << ": " << driven.status.message());
      if (driven.status.ok()) {
        // Some bits have no effect: a larger window, padding of a bit stream.
        ++unharmed;
        REQUIRE((driven.bytes == input));
      } else {
        REQUIRE(driven.status.error().offset);
      }
    }
  }
  CHECK(unharmed < packed.size() * 8 / 100);
}

TEST_CASE("a wrong checksum is corrupt and says which frame") {
  const std::string first = test::zstd_tool("-3", "the first frame is fine");
  std::string second = test::zstd_tool("-3", "the second is not");
  second.back() = static_cast<char>(second.back() ^ 1);
  const auto driven = expand(first + second);
  CHECK(driven.status.kind() == Kind::corrupt);
  CHECK(driven.status.message().find(fmt::format("begins at byte {}", first.size())) != std::string::npos);
  CHECK(driven.status.message().find("checksum") != std::string::npos);
}

TEST_CASE("what is not zstd is refused with its first bytes, also behind a good frame") {
  const auto plain = expand("plain text, no zstd");
  CHECK(plain.status.kind() == Kind::corrupt);
  CHECK(plain.status.message().find("70 6c 61 69") != std::string::npos);
  const std::string good = test::zstd_tool("-3", "good");
  for (const char* garbage : {"x", "xyz", "garbage that is long enough"}) {
    const auto driven = expand(good + garbage);
    INFO(driven.status.message());
    CHECK(driven.status.kind() == Kind::corrupt);
    REQUIRE(driven.status.error().offset);
    CHECK(*driven.status.error().offset >= good.size());
  }
  CHECK(expand("\x25\xb5\x2f\xfd legacy").status.kind() == Kind::unsupported);
  CHECK(expand("").status.kind() == Kind::corrupt);
}

TEST_CASE("a decompression bomb ends at the output limit") {
  const std::string bomb = test::zstd_tool("-19 --no-content-size", std::string(64 * kMiB, '\0'));
  REQUIRE(bomb.size() < 20000);
  const auto driven = expand(bomb, {.max_output_bytes = 5 * kMiB});
  CHECK(driven.status.kind() == Kind::limit);
  CHECK(driven.bytes.size() <= 5 * kMiB);
  CHECK(driven.status.message().find("5.00 MiB") != std::string::npos);
  // Where the size is written down, nothing is decompressed at all.
  const auto told = expand(pack(std::string(4 * kMiB, '\0')), {.max_output_bytes = 1000});
  CHECK(told.status.kind() == Kind::limit);
  CHECK(told.bytes.empty());
  CHECK(expand(pack("exact"), {.max_output_bytes = 5}).bytes == "exact");
  CHECK(expand(pack("exact"), {.max_output_bytes = 4}).status.kind() == Kind::limit);
}

TEST_CASE("a window beyond the limit or the budget is refused with the number that would fit") {
  const std::string wide = test::zstd_tool("-3 --long=26 --no-content-size", test::words(kMiB));
  const auto limited = expand(wide, {.max_window_bytes = 32 * kMiB});
  CHECK(limited.status.kind() == Kind::limit);
  CHECK(limited.status.message().find("64.0 MiB") != std::string::npos);
  const auto poor = expand(wide, {}, kSliceBytes, {.budget_bytes = 16 * kMiB});
  CHECK(poor.status.kind() == Kind::budget_too_small);
  const std::size_t needed = poor.status.error().needed_bytes;
  CHECK(needed > 64 * kMiB);
  CHECK(expand(wide, {}, kSliceBytes, {.budget_bytes = needed}).status.ok());
  const std::string widest = {'\x28', '\xb5', '\x2f', '\xfd', '\0', '\xa8', '\0'};
  CHECK(expand(widest + std::string(100, 'x')).status.kind() == Kind::limit);  // 2 GiB
}

TEST_CASE("a frame that needs a dictionary is unsupported and names its id") {
  // Single segment, 4-byte dictionary id 0x01020304, content size 0.
  const std::string frame = {'\x28', '\xb5', '\x2f', '\xfd', '\x23', '\x04', '\x03',
                             '\x02', '\x01', '\0',   '\x01', '\0',   '\0'};
  const auto driven = expand(frame);
  CHECK(driven.status.kind() == Kind::unsupported);
  CHECK(driven.status.message().find("16909060") != std::string::npos);
}

TEST_CASE("decompressing holds no more memory than it declared") {
  const std::string input = test::words(20 * kMiB);
  for (const char* arguments : {"-1", "-12", "-3 --long=27"}) {
    const std::string packed = test::zstd_tool(arguments, input);
    auto stage = unzstd();
    const std::size_t most = stage->memory({}).max_bytes;
    const auto driven = test::drive(*stage, packed, kSliceBytes, {.budget_bytes = 200 * kMiB});
    INFO(driven.status.message());
    REQUIRE(driven.status.ok());
    CHECK(driven.peak_bytes <= most);
  }
}
