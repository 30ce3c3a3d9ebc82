#include "discard/crc.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace discard {
namespace {

constexpr std::uint64_t kPolynomial = 0x9A6C9329AC4BC9B5;  // bit-reflected 0xAD93D23594C93659
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint64_t i = 0; i < 256; ++i) {
    std::uint64_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (std::size_t slice = 1; slice < 8; ++slice) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint64_t before = tables[slice - 1][i];
      tables[slice][i] = (before >> 8) ^ tables[0][before & 255];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

/// A linear map on 64 bits: column i is the image of bit i.
using Matrix = std::array<std::uint64_t, 64>;

std::uint64_t times(const Matrix& matrix, std::uint64_t vector) {
  std::uint64_t sum = 0;
  for (; vector != 0; vector &= vector - 1) sum ^= matrix[static_cast<std::size_t>(std::countr_zero(vector))];
  return sum;
}

Matrix squared(const Matrix& matrix) {
  Matrix result;
  for (std::size_t i = 0; i < 64; ++i) result[i] = times(matrix, matrix[i]);
  return result;
}

/// What one zero byte does to the register.
Matrix zero_byte() {
  Matrix matrix;
  for (std::size_t i = 0; i < 64; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    matrix[i] = (bit >> 8) ^ kTables[0][bit & 255];
  }
  return matrix;
}

}  // namespace

std::uint64_t crc64nvme(std::uint64_t crc, const char* bytes, std::size_t count) {
  static_assert(std::endian::native == std::endian::little);
  crc = ~crc;
  for (; count >= 8; count -= 8, bytes += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 255];
  }
  for (; count > 0; --count, ++bytes) crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(*bytes)) & 255];
  return ~crc;
}

std::uint64_t crc64nvme_combine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b) {
  Matrix power = zero_byte();
  for (; length_b != 0; length_b >>= 1) {
    if ((length_b & 1) != 0) crc_a = times(power, crc_a);
    if (length_b > 1) power = squared(power);
  }
  return crc_a ^ crc_b;
}

std::string to_base64(std::uint64_t crc) {
  std::string text;
  unsigned bits = 0;
  std::uint32_t pending = 0;
  for (int shift = 56; shift >= 0; shift -= 8) {
    pending = (pending << 8) | ((crc >> shift) & 255);
    for (bits += 8; bits >= 6; bits -= 6) text += kAlphabet[(pending >> (bits - 6)) & 63];
  }
  text += kAlphabet[(pending << (6 - bits)) & 63];
  return text + '=';
}

std::optional<std::uint64_t> from_base64(std::string_view text) {
  if (text.size() != 12 || text.back() != '=') return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 11; ++i) {
    const char* at = std::strchr(kAlphabet, text[i]);
    if (text[i] == '\0' || at == nullptr) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(at - kAlphabet);
    if (i == 10) return (digit & 3) != 0 ? std::nullopt : std::optional((value << 4) | (digit >> 2));
    value = (value << 6) | digit;
  }
  return std::nullopt;
}

std::optional<std::string> md5_digits(std::string_view base64) {
  if (base64.size() != 24 || base64.substr(22) != "==") return std::nullopt;
  std::string digits;
  std::uint32_t pending = 0;
  unsigned bits = 0;
  for (const char c : base64.substr(0, 22)) {
    const char* at = c == '\0' ? nullptr : std::strchr(kAlphabet, c);
    if (at == nullptr) return std::nullopt;
    pending = (pending << 6) | static_cast<std::uint32_t>(at - kAlphabet);
    for (bits += 6; bits >= 4; bits -= 4) digits += "0123456789abcdef"[(pending >> (bits - 4)) & 15];
  }
  return digits.substr(0, 32);
}

}  // namespace discard
