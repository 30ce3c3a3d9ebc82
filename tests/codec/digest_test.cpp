#include "weir/codec/digest.hpp"

#include "codec/drive.hpp"
#include "codec/tools.hpp"
#include "weir/core/planner.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"

using namespace weir;

namespace {
std::string digest_of(std::unique_ptr<Transform> tap, std::string_view input, std::size_t chunk_bytes = 1000) {
  const std::string name = tap->name();
  const auto driven = test::drive(*tap, input, chunk_bytes);
  REQUIRE(driven.status.ok());
  CHECK(driven.bytes == input);
  REQUIRE(driven.facts.size() == 1);
  CHECK(driven.facts.begin()->first == name);
  return driven.facts.begin()->second;
}
}  // namespace

TEST_CASE("each digest tap passes its input on and names the published value") {
  // FIPS 180-4 examples; RFC 1321's test suite; xxHash's own empty-input and xxhsum values; the CRCs' check values.
  CHECK(digest_of(sha256(), "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest_of(sha256(), "") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest_of(tap(std::move(*make_digest("sha512"))), "abc") ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  CHECK(digest_of(tap(std::move(*make_digest("md5"))), "abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(digest_of(xxh3_64(), "") == "2d06800538d394c2");
  CHECK(digest_of(xxh3_128(), "") == "99aa06d3014798d86001c324468d497f");
  CHECK(digest_of(crc32c_digest(), "123456789") == "e3069283");
  CHECK(digest_of(crc64nvme_digest(), "123456789") == "rosUhgp5mIg=");
  CHECK(digest_of(crc64nvme_digest(), "") == "AAAAAAAAAAA=");
}

TEST_CASE("sha256sum, sha512sum, md5sum and xxhsum name the same digests") {
  const struct {
    const char* name;
    const char* command;
  } pairs[] = {{"sha256", "sha256sum"},
               {"sha512", "sha512sum"},
               {"md5", "md5sum"},
               {"xxh3_128", "xxhsum -H2"},
               {"xxh3_64", "xxhsum -H3"}};
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{240}, std::size_t{1000003}}) {
    const std::string input = test::noise(size, size);
    for (const auto& [name, command] : pairs) {
      const std::string digest = digest_of(tap(std::move(*make_digest(name))), input, 65536);
      INFO(name << " of " << size << " bytes: " << digest);
      CHECK(test::run_tool(command, input).find(digest) != std::string::npos);
    }
  }
}

TEST_CASE("digests do not depend on how the input is cut") {
  const std::string input = test::noise(100000);
  for (const char* name : {"sha256", "sha512", "md5", "xxh3_64", "xxh3_128", "crc32c", "crc64nvme"}) {
    INFO(name);
    const auto value = [&](std::size_t chunk_bytes) {
      return digest_of(tap(std::move(*make_digest(name))), input, chunk_bytes);
    };
    const std::string whole = value(input.size());
    CHECK(value(1) == whole);
    CHECK(value(63) == whole);
    CHECK(value(4097) == whole);
    CHECK(digest_of(tap(std::move(*make_digest(name))), input.substr(1)) != whole);
  }
}

TEST_CASE("a digest has no fact before the end of the stream") { CHECK(sha256()->facts().empty()); }

TEST_CASE("a tap says that it must see the bytes and changes nothing else that is known") {
  Upstream upstream;
  upstream.source = "file";
  upstream.exact_bytes = 12;
  upstream.max_bytes = 13;
  sha256()->describe(upstream);
  CHECK(upstream.observed);
  CHECK(upstream.exact_bytes == 12u);
  CHECK(upstream.max_bytes == 13u);
  CHECK(upstream.source == "file");
}

TEST_CASE("an unknown digest is refused with the names there are") {
  const auto digest = make_digest("md6");
  REQUIRE_FALSE(digest.ok());
  CHECK(digest.status().kind() == Kind::invalid_argument);
  CHECK(digest.status().message().find("xxh3_128") != std::string::npos);
}

TEST_CASE("beside a heavy digest another gets a thread of its own, where there are two") {
  const auto segments = [](Pipeline pipeline, std::size_t threads) {
    const auto plan = make_plan(pipeline, kDefaultBudgetBytes, threads);
    REQUIRE(plan.ok());
    return plan->segments.size();
  };
  CHECK(segments(memory("x") | sha256() | xxh3_64() | null(), 2) == 2);
  CHECK(segments(memory("x") | crc64nvme_digest() | sha256() | null(), 2) == 2);
  CHECK(segments(memory("x") | sha256() | xxh3_64() | null(), 1) == 1);
  CHECK(segments(memory("x") | crc64nvme_digest() | xxh3_64() | null(), 2) == 1);
  CHECK(segments(memory("x") | sha256() | null(), 2) == 1);
}
