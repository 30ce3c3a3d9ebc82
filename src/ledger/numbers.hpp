// Numbers as they stand in the ledger's plain files: 64 bits each, the lowest byte first, and a checksum behind them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "weir/codec/checksum.hpp"

namespace weir::ledger {

template <std::size_t count>
using Numbers = std::array<std::uint64_t, count>;

template <std::size_t count>
std::array<std::byte, (count + 1) * 8> packed(const Numbers<count>& numbers) {
  std::array<std::byte, (count + 1) * 8> bytes{};
  const auto put = [&](std::size_t index, std::uint64_t value) {
    for (std::size_t i = 0; i < 8; ++i) bytes[index * 8 + i] = static_cast<std::byte>(value >> (8 * i));
  };
  for (std::size_t i = 0; i < count; ++i) put(i, numbers[i]);
  put(count, crc64nvme(0, std::span(bytes).first(count * 8)));
  return bytes;
}

/// None where they are not what was written.
template <std::size_t count>
std::optional<Numbers<count>> unpacked(std::span<const std::byte> bytes) {
  Numbers<count> numbers{};
  for (std::size_t i = 0; i < count * 8; ++i) {
    numbers[i / 8] |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * (i % 8));
  }
  const auto expected = packed<count>(numbers);
  if (std::memcmp(expected.data(), bytes.data(), expected.size()) != 0) return {};
  return numbers;
}

}  // namespace weir::ledger
