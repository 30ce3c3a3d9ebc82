// The arithmetic under both CRCs: bit-reflected polynomials modulo P, tables, and the portable update.
//
// A value of T stands for a polynomial with x^0 in its highest bit. A "state" is the inverted CRC, as it is between
// two updates; the public functions invert on the way in and out.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace weir::codec {

template <class T, T kReflectedPolynomial>
struct Crc {
  using State = T;
  static constexpr int kWidth = std::numeric_limits<T>::digits;
  static constexpr T kOne = T{1} << (kWidth - 1);

  /// a · x mod P.
  static constexpr T times_x(T a) noexcept {
    return static_cast<T>((a >> 1) ^ ((a & 1) != 0 ? kReflectedPolynomial : 0));
  }
  /// a · b mod P.
  static constexpr T multiply(T a, T b) noexcept {
    T product = 0;
    for (T bit = kOne; bit != 0; bit >>= 1) {
      if ((a & bit) != 0) product ^= b;
      b = times_x(b);
    }
    return product;
  }
  /// x^(exponent · 2^shift) mod P, in O(log exponent + shift).
  static constexpr T x_to(std::uint64_t exponent, int shift = 0) noexcept {
    T power = kOne >> 1;  // x^1
    for (int i = 0; i < shift; ++i) power = multiply(power, power);
    T result = kOne;
    for (; exponent != 0; exponent >>= 1) {
      if ((exponent & 1) != 0) result = multiply(result, power);
      power = multiply(power, power);
    }
    return result;
  }
  static constexpr T combine(T crc_a, T crc_b, std::uint64_t length_b) noexcept {
    return multiply(crc_a, x_to(length_b, 3)) ^ crc_b;
  }

  using Tables = std::array<std::array<T, 256>, 8>;
  /// Table k takes one byte past k further zero bytes.
  static constexpr Tables make_tables() noexcept {
    Tables tables{};
    for (std::size_t byte = 0; byte < 256; ++byte) {
      T value = static_cast<T>(byte);
      for (int i = 0; i < 8; ++i) value = times_x(value);
      tables[0][byte] = value;
    }
    for (std::size_t k = 1; k < 8; ++k) {
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const T before = tables[k - 1][byte];
        tables[k][byte] = static_cast<T>(tables[0][before & 0xff] ^ (before >> 8));
      }
    }
    return tables;
  }
  static constexpr Tables kTables = make_tables();

  static T update_byte(T state, std::byte byte) noexcept {
    return static_cast<T>(kTables[0][(state ^ static_cast<T>(byte)) & 0xff] ^ (state >> 8));
  }
  /// Eight bytes a step, eight tables; runs anywhere.
  static T update_portable(T state, const std::byte* data, std::size_t size) noexcept {
    for (; size >= 8; data += 8, size -= 8) {
      std::uint64_t word = 0;
      for (std::size_t i = 8; i-- > 0;) word = (word << 8) | static_cast<std::uint64_t>(data[i]);
      word ^= state;
      state = 0;
      for (std::size_t i = 0; i < 8; ++i) state ^= kTables[7 - i][(word >> (8 * i)) & 0xff];
    }
    for (; size > 0; ++data, --size) state = update_byte(state, *data);
    return state;
  }
};

/// The constants are the polynomials 0xAD93D23594C93659 and 0x1EDC6F41, reflected.
using Crc64Nvme = Crc<std::uint64_t, 0x9A6C9329AC4BC9B5u>;
using Crc32c = Crc<std::uint32_t, 0x82F63B78u>;

/// One way to compute both CRCs; states in, states out.
struct CrcPath {
  const char* name;
  bool (*usable)() noexcept;  ///< on this CPU
  std::uint64_t (*crc64nvme)(std::uint64_t state, const std::byte* data, std::size_t size) noexcept;
  std::uint32_t (*crc32c)(std::uint32_t state, const std::byte* data, std::size_t size) noexcept;
};

/// Fastest last; the first is portable. Those of other CPUs than this build's are not among them.
#if defined(__x86_64__)
inline constexpr std::size_t kCrcPathCount = 3;
#else
inline constexpr std::size_t kCrcPathCount = 1;
#endif
extern const std::array<CrcPath, kCrcPathCount> kCrcPaths;

#if defined(__x86_64__)
// In crc_x86.cpp.
bool clmul_usable() noexcept;
bool vpclmul_usable() noexcept;
std::uint64_t crc64nvme_clmul(std::uint64_t state, const std::byte* data, std::size_t size) noexcept;
std::uint32_t crc32c_clmul(std::uint32_t state, const std::byte* data, std::size_t size) noexcept;
std::uint64_t crc64nvme_vpclmul(std::uint64_t state, const std::byte* data, std::size_t size) noexcept;
std::uint32_t crc32c_vpclmul(std::uint32_t state, const std::byte* data, std::size_t size) noexcept;
#endif

}  // namespace weir::codec
