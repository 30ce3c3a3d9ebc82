// What each stage does, as a plain function over whole strings: what pipelines are compared with.
#pragma once

#include <fmt/format.h>
#include <openssl/evp.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weir::test {

inline std::string hex_of(const unsigned char* bytes, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

inline std::string base64_of(std::span<const unsigned char> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  return text;
}

/// The textbook's reflected CRC, one table lookup for each byte.
template <class Word>
Word plain_crc(Word reflected_polynomial, std::string_view bytes) {
  std::array<Word, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    Word word = static_cast<Word>(i);
    for (int bit = 0; bit < 8; ++bit) word = (word & 1) != 0 ? (word >> 1) ^ reflected_polynomial : word >> 1;
    table[i] = word;
  }
  Word crc = ~Word{0};
  for (const char c : bytes) crc = table[(crc ^ static_cast<unsigned char>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

/// One-shot digests, written as the receipt writes them.
inline std::string plain_digest(std::string_view name, std::string_view bytes) {
  if (name == "sha256") {
    std::array<unsigned char, 32> value{};
    EVP_Digest(bytes.data(), bytes.size(), value.data(), nullptr, EVP_sha256(), nullptr);
    return hex_of(value.data(), value.size());
  }
  if (name == "xxh3_64") return fmt::format("{:016x}", XXH3_64bits(bytes.data(), bytes.size()));
  if (name == "xxh3_128") {
    const XXH128_hash_t value = XXH3_128bits(bytes.data(), bytes.size());
    return fmt::format("{:016x}{:016x}", value.high64, value.low64);
  }
  if (name == "crc32c") return fmt::format("{:08x}", plain_crc<std::uint32_t>(0x82F63B78u, bytes));
  const auto crc = plain_crc<std::uint64_t>(0x9A6C9329AC4BC9B5u, bytes);  // crc64nvme
  std::array<unsigned char, 8> big_endian{};
  for (std::size_t i = 0; i < 8; ++i) big_endian[i] = static_cast<unsigned char>(crc >> (56 - 8 * i));
  return base64_of(big_endian);
}

/// libzstd's own reading of a whole .zst; empty with `ok` false if it is none.
inline std::string plain_unzstd(std::string_view compressed, bool& ok) {
  std::string text;
  std::string piece(ZSTD_DStreamOutSize(), '\0');
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  std::size_t left = 0;
  while (in.pos < in.size) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    left = ZSTD_decompressStream(context, &out, &in);
    if (ZSTD_isError(left) != 0) break;
    text.append(piece, 0, out.pos);
  }
  ok = ZSTD_isError(left) == 0 && left == 0;
  ZSTD_freeDCtx(context);
  return text;
}

inline std::string plain_gunzip(std::string_view compressed, bool& ok) {
  std::string text;
  std::string piece(65536, '\0');
  z_stream stream{};
  int code = ::inflateInit2(&stream, 31);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream.avail_in = static_cast<uInt>(compressed.size());
  while (code == Z_OK || (code == Z_STREAM_END && stream.avail_in > 0)) {
    if (code == Z_STREAM_END) ::inflateReset(&stream);
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    code = ::inflate(&stream, Z_NO_FLUSH);
    text.append(piece, 0, piece.size() - stream.avail_out);
  }
  ok = code == Z_STREAM_END;
  ::inflateEnd(&stream);
  return text;
}
inline std::string plain_unpacked(std::string_view compressed, bool gzip, bool& ok) {
  return gzip ? plain_gunzip(compressed, ok) : plain_unzstd(compressed, ok);
}

inline std::string plain_xor(std::string text, unsigned char key) {
  for (char& c : text) c = static_cast<char>(static_cast<unsigned char>(c) ^ key);
  return text;
}
/// Keeps the bytes whose lowest bit is set.
inline std::string plain_keep_odd(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if ((c & 1) != 0) kept += c;
  }
  return kept;
}
/// Each byte twice, and a tail that only an end of input brings.
inline std::string plain_double(std::string_view text) {
  std::string doubled;
  doubled.reserve(2 * text.size() + 1);
  for (const char c : text) doubled.append(2, c);
  return doubled + "!";
}

}  // namespace weir::test
