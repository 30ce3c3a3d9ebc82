// CRC64NVME and CRC32C: checksums that can be combined from parts, fast on every CPU.
//
// crc64nvme(crc64nvme(0, a), b) is the checksum of a followed by b. Hardware paths are chosen once, at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace weir {

/// Goes on from `crc` (0 at the start) over `bytes`. Check value of "123456789": 0xAE8B14860A799888.
std::uint64_t crc64nvme(std::uint64_t crc, std::span<const std::byte> bytes) noexcept;
/// The checksum of a followed by b, from theirs and the length of b. O(log length).
std::uint64_t crc64nvme_combine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b) noexcept;

/// As above for CRC32C (Castagnoli). Check value: 0xE3069283.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::byte> bytes) noexcept;
std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b) noexcept;

/// As S3 writes it: base64 of the big-endian bytes. 0xAE8B14860A799888 → "rosUhgp5mIg=".
std::string crc64nvme_base64(std::uint64_t crc);

}  // namespace weir
