#include "codec/drive.hpp"
#include "codec/tools.hpp"
#include "weir/codec/gzip.hpp"

using namespace weir;

namespace {

test::Driven unpack(std::string_view packed, const GunzipOptions& options = {}, std::size_t chunk_bytes = kSliceBytes,
                    const test::DriveOptions& drive = {}) {
  auto stage = gunzip(options);
  return test::drive(*stage, packed, chunk_bytes, drive);
}

std::string member(std::string_view content) { return test::run_tool("gzip -n", content); }

/// A member whose header has all fields: text flag, header checksum, extra field, name, comment.
std::string member_with_all_fields(std::string_view content) {
  std::string header("\x1f\x8b\x08\x1f\x01\x02\x03\x04\x02\x03", 10);
  header += std::string("\x05\0extra", 7);
  header += std::string("name\0", 5) + std::string("a comment\0", 10);
  std::uint32_t crc = 0xffffffff;  // RFC 1952, 8
  for (const char c : header) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320u : crc >> 1;
  }
  crc = ~crc;
  header += static_cast<char>(crc);
  header += static_cast<char>(crc >> 8);
  return header + member(content).substr(10);
}

}  // namespace

TEST_CASE("we read what gzip and pigz write at every level") {
  const std::string input = test::words(2 * kMiB + 17) + test::noise(200000);
  for (const char* command :
       {"gzip -1", "gzip -6", "gzip -9", "pigz -1", "pigz -9", "pigz -0", "pigz -p 3 -b 128", "pigz -i -b 128"}) {
    INFO(command);
    const auto driven = unpack(test::run_tool(command, input));
    INFO(driven.status.message());
    REQUIRE(driven.status.ok());
    CHECK((driven.bytes == input));
  }
}

TEST_CASE("gunzip reads any pieces, with little room") {
  const std::string input = test::words(kMiB) + std::string(9 * kMiB, 'z') + test::noise(300000);
  auto stage = gzip({.level = 1});
  const std::string packed = test::drive(*stage, input, kSliceBytes).bytes;
  for (const std::size_t chunk_bytes : {std::size_t{997}, std::size_t{65536}, packed.size()}) {
    for (const std::size_t room : {1u, 3u, 1000u}) {
      const auto driven = unpack(packed, {}, chunk_bytes, {.room_chunks = room});
      INFO(driven.status.message());
      REQUIRE(driven.status.ok());
      CHECK((driven.bytes == input));
    }
  }
  CHECK(unpack(member("a few words"), {}, 1).bytes == "a few words");
  CHECK(unpack(member(""), {}, 1).status.ok());
}

TEST_CASE("output that fills the room to its last byte hides nothing behind it") {
  for (const std::size_t size : {kSliceBytes - 1, kSliceBytes, kSliceBytes + 1, 2 * kSliceBytes}) {
    const std::string input(size, 'r');
    for (const std::size_t chunk_bytes : {std::size_t{1}, std::size_t{100000}}) {
      const auto driven = unpack(member(input) + member("tail"), {}, chunk_bytes, {.room_chunks = 1});
      INFO(size << ": " << driven.status.message());
      CHECK((driven.bytes == input + "tail"));
    }
  }
}

TEST_CASE("members, empty ones, headers with all fields and zeros at the end read as one stream") {
  const std::string stored = test::run_tool("pigz -0", "three ");
  const std::string packed =
      member("one ") + member("") + member_with_all_fields("two ") + stored + member("four") + std::string(700, '\0');
  CHECK(test::run_tool("gzip -d", packed) == "one two three four");
  for (const std::size_t chunk_bytes : {1u, 2u, 7u, 100000u}) {
    const auto driven = unpack(packed, {}, chunk_bytes);
    INFO(driven.status.message());
    REQUIRE(driven.status.ok());
    CHECK(driven.bytes == "one two three four");
  }
}

TEST_CASE("a header whose checksum is wrong is corrupt") {
  std::string packed = member_with_all_fields("content");
  packed[20] = 'N';  // in the name
  const auto driven = unpack(packed);
  CHECK(driven.status.kind() == Kind::corrupt);
  CHECK(driven.status.message().find("header crc mismatch") != std::string::npos);
}

TEST_CASE("gzip data cut off anywhere is corrupt, but for the places between members") {
  const std::string first = member("the first member");
  const std::string packed = first + member("the second") + std::string(3, '\0');
  std::size_t boundaries = 0;
  for (std::size_t size = 0; size < packed.size(); ++size) {
    const auto driven = unpack(std::string_view(packed).substr(0, size), {}, 5);
    INFO("cut at " << size << ": " << driven.status.message());
    if (driven.status.ok()) {
      ++boundaries;
      continue;
    }
    CHECK(driven.status.kind() == Kind::corrupt);
    CHECK(driven.status.error().offset == size);
    CHECK(driven.status.message().find("decompress gzip") != std::string::npos);
  }
  CHECK(boundaries == 4);  // behind either, and among the zeros
}

TEST_CASE("wrong checksums and lengths are corrupt and say of which member") {
  const std::string first = member("the first member is fine");
  for (const auto& [back, words] : {std::pair{6, "incorrect data check"}, std::pair{2, "incorrect length check"}}) {
    std::string second = member("the second is not");
    char& byte = second[second.size() - static_cast<std::size_t>(back)];
    byte = static_cast<char>(byte ^ 1);
    const auto driven = unpack(first + second);
    INFO(driven.status.message());
    CHECK(driven.status.kind() == Kind::corrupt);
    CHECK(driven.status.message().find(fmt::format("begins at byte {}: {}", first.size(), words)) != std::string::npos);
    REQUIRE(driven.status.error().offset);
    CHECK(*driven.status.error().offset > first.size() + second.size() - 8);
  }
}

TEST_CASE("what is not gzip is refused with its first bytes, also behind a good member") {
  const auto plain = unpack("plain text, no gzip");
  CHECK(plain.status.kind() == Kind::corrupt);
  CHECK(plain.status.message().find("begins with the bytes 70 6c") != std::string::npos);
  CHECK(unpack("").status.message().find("there is no data") != std::string::npos);
  const std::string good = member("good");
  for (const std::string& behind :
       {std::string("x"), std::string("xyz"), std::string("\x1f"), std::string("\x1fz"), std::string("\0x", 2),
        std::string(3, '\0') + good, std::string("garbage that is long enough")}) {
    const auto driven = unpack(good + behind, {}, 3);
    INFO(driven.status.message());
    CHECK(driven.status.kind() == Kind::corrupt);
    REQUIRE(driven.status.error().offset);
    CHECK(*driven.status.error().offset >= good.size());
  }
}

TEST_CASE("methods and flags that RFC 1952 does not know are corrupt") {
  for (const auto& [at, value] : {std::pair{2, '\x07'}, std::pair{3, '\x20'}, std::pair{3, '\x80'}}) {
    std::string packed = member("content");
    packed[static_cast<std::size_t>(at)] = value;
    const auto driven = unpack(packed);
    INFO(driven.status.message());
    CHECK(driven.status.kind() == Kind::corrupt);
    CHECK(driven.status.error().offset);
  }
}

TEST_CASE("a gzip bomb ends at the output limit") {
  const std::string bomb = member(std::string(64 * kMiB, '\0'));
  REQUIRE(bomb.size() < 80000);
  const auto driven = unpack(bomb, {.max_output_bytes = 5 * kMiB});
  CHECK(driven.status.kind() == Kind::limit);
  CHECK(driven.bytes.size() <= 5 * kMiB);
  CHECK(driven.status.message().find("5.00 MiB") != std::string::npos);
  CHECK(unpack(member("exact"), {.max_output_bytes = 5}).bytes == "exact");
  CHECK(unpack(member("exact"), {.max_output_bytes = 4}).status.kind() == Kind::limit);
  CHECK(unpack(member("exa") + member("ct"), {.max_output_bytes = 4}).status.kind() == Kind::limit);
}

TEST_CASE("gunzip holds no more memory than it declared") {
  auto stage = gunzip();
  const std::size_t most = stage->memory({}).min_bytes;
  const auto driven = test::drive(*stage, member(test::words(5 * kMiB)), kSliceBytes, {.budget_bytes = 8 * kMiB});
  REQUIRE(driven.status.ok());
  CHECK(driven.peak_bytes <= most);
}
