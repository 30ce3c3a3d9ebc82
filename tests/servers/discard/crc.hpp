// CRC64NVME by table, written apart from the library's: a second opinion for its tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace discard {

/// Goes on from `crc` (0 at the start). Check value of "123456789": 0xAE8B14860A799888.
std::uint64_t crc64nvme(std::uint64_t crc, const char* bytes, std::size_t count);
/// The checksum of a followed by b of `length_b` bytes.
std::uint64_t crc64nvme_combine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b);

/// As in S3's headers: base64 of the eight bytes, big-endian.
std::string to_base64(std::uint64_t crc);
std::optional<std::uint64_t> from_base64(std::string_view text);

/// The 16 bytes of a Content-MD5 header as 32 hexadecimal digits.
std::optional<std::string> md5_digits(std::string_view base64);

}  // namespace discard
