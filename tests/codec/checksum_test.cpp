#include "weir/codec/checksum.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <string_view>
#include <vector>

#include "codec/crc.hpp"

namespace {

std::vector<std::byte> random_bytes(std::size_t count, std::mt19937_64& random) {
  std::vector<std::byte> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}
std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

// The definition, bit by bit: what every fast path must equal.
template <class T>
T slow_crc(T reflected_polynomial, std::span<const std::byte> bytes) {
  T state = static_cast<T>(~T{0});
  for (const std::byte byte : bytes) {
    state ^= static_cast<T>(byte);
    for (int i = 0; i < 8; ++i) state = static_cast<T>((state & 1) ? (state >> 1) ^ reflected_polynomial : state >> 1);
  }
  return static_cast<T>(~state);
}

}  // namespace

TEST_CASE("CRC64NVME and CRC32C have their published check values") {
  CHECK(weir::crc64nvme(0, bytes_of("123456789")) == 0xAE8B14860A799888u);
  CHECK(weir::crc32c(0, bytes_of("123456789")) == 0xE3069283u);
  CHECK(weir::crc64nvme(0, {}) == 0);
  CHECK(weir::crc32c(0, {}) == 0);
  // RFC 3720, B.4: 32 bytes of zeros, of ones, counting up.
  const std::vector<std::byte> zeros(32);
  const std::vector<std::byte> ones(32, std::byte{0xff});
  std::vector<std::byte> counting(32);
  for (std::size_t i = 0; i < 32; ++i) counting[i] = static_cast<std::byte>(i);
  CHECK(weir::crc32c(0, zeros) == 0x8A9136AAu);
  CHECK(weir::crc32c(0, ones) == 0x62A8AB43u);
  CHECK(weir::crc32c(0, counting) == 0x46DD794Eu);
  // NVM Express NVM Command Set 1.0c, figure 121: 4 KiB of zeros and of ones.
  CHECK(weir::crc64nvme(0, std::vector<std::byte>(4096)) == 0x6482D367EB22B64Eu);
  CHECK(weir::crc64nvme(0, std::vector<std::byte>(4096, std::byte{0xff})) == 0xC0DDBA7302ECA3ACu);
}

TEST_CASE("CRC64NVME is written as S3 writes it") {
  CHECK(weir::crc64nvme_base64(0xAE8B14860A799888u) == "rosUhgp5mIg=");
  CHECK(weir::crc64nvme_base64(0) == "AAAAAAAAAAA=");
}

TEST_CASE("every CRC path equals the definition at every length up to 1200 and any alignment") {
  std::mt19937_64 random(7);
  const auto bytes = random_bytes(1300, random);
  std::size_t usable = 0;
  for (const auto& path : weir::codec::kCrcPaths) {
    if (!path.usable()) continue;
    ++usable;
    INFO(path.name);
    for (std::size_t length = 0; length <= 1200; ++length) {
      const auto piece = std::span(bytes).subspan(length % 67, length);
      const std::uint64_t crc64 = ~path.crc64nvme(~std::uint64_t{0}, piece.data(), length);
      const std::uint32_t crc32 = ~path.crc32c(~std::uint32_t{0}, piece.data(), length);
      REQUIRE(crc64 == slow_crc<std::uint64_t>(0x9A6C9329AC4BC9B5u, piece));
      REQUIRE(crc32 == slow_crc<std::uint32_t>(0x82F63B78u, piece));
    }
  }
  CHECK(usable >= 1);
  WARN(usable << " of " << weir::codec::kCrcPaths.size() << " CRC paths run on this CPU");
}

TEST_CASE("every CRC path equals the portable one over random splits of long input") {
  std::mt19937_64 random(8);
  const auto bytes = random_bytes(3 << 20, random);
  const std::uint64_t whole64 = weir::codec::Crc64Nvme::update_portable(~std::uint64_t{0}, bytes.data(), bytes.size());
  const std::uint32_t whole32 = weir::codec::Crc32c::update_portable(~std::uint32_t{0}, bytes.data(), bytes.size());
  for (const auto& path : weir::codec::kCrcPaths) {
    if (!path.usable()) continue;
    INFO(path.name);
    for (int round = 0; round < 20; ++round) {
      std::uint64_t state64 = ~std::uint64_t{0};
      std::uint32_t state32 = ~std::uint32_t{0};
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t limit = std::size_t{1} << (random() % 20);
        const std::size_t count = std::min<std::size_t>(1 + random() % limit, bytes.size() - at);
        state64 = path.crc64nvme(state64, bytes.data() + at, count);
        state32 = path.crc32c(state32, bytes.data() + at, count);
        at += count;
      }
      REQUIRE(state64 == whole64);
      REQUIRE(state32 == whole32);
    }
  }
}

TEST_CASE("the CRCs of parts combine into the CRC of the whole") {
  std::mt19937_64 random(9);
  const auto bytes = random_bytes(1 << 20, random);
  const auto whole = std::span<const std::byte>(bytes);
  for (int round = 0; round < 200; ++round) {
    const std::size_t cut = round == 0 ? 0 : round == 1 ? bytes.size() : random() % bytes.size();
    const auto a = whole.first(cut);
    const auto b = whole.subspan(cut);
    REQUIRE(weir::crc64nvme_combine(weir::crc64nvme(0, a), weir::crc64nvme(0, b), b.size()) ==
            weir::crc64nvme(0, whole));
    REQUIRE(weir::crc32c_combine(weir::crc32c(0, a), weir::crc32c(0, b), b.size()) == weir::crc32c(0, whole));
    REQUIRE(weir::crc64nvme(weir::crc64nvme(0, a), b) == weir::crc64nvme(0, whole));
  }
}

TEST_CASE("combining takes lengths of many exabytes") {
  // Zeros are shifts only: two shifts of half the length equal one of the whole.
  const std::uint64_t huge = std::uint64_t{1} << 61;
  const std::uint64_t crc = 0x0123456789abcdefu;
  const std::uint64_t half = weir::crc64nvme_combine(crc, 0, huge);
  CHECK(weir::crc64nvme_combine(half, 0, huge) == weir::crc64nvme_combine(crc, 0, 2 * huge));
  CHECK(weir::crc64nvme_combine(half, 0, huge) != half);
}

TEST_CASE("CRC throughput", "[.bench]") {
  const std::vector<std::byte> bytes(std::size_t{256} << 10, std::byte{0x5a});
  for (const auto& path : weir::codec::kCrcPaths) {
    if (!path.usable()) continue;
    const auto measure = [&](auto update, auto state) {
      constexpr int kRounds = 8000;
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < kRounds; ++i) state = update(state, bytes.data(), bytes.size());
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      CHECK(state != 1);
      return static_cast<double>(bytes.size()) * kRounds / elapsed.count() / 1e9;
    };
    const double crc64_rate = measure(path.crc64nvme, ~std::uint64_t{0});
    const double crc32_rate = measure(path.crc32c, ~std::uint32_t{0});
    WARN(path.name << ": crc64nvme " << crc64_rate << " GB/s, crc32c " << crc32_rate << " GB/s");
  }
}
