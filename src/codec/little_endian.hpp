// Numbers of 32 bits as formats write them, whatever the machine's order.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir::codec {

inline void put_le32(std::byte* into, std::uint32_t value) noexcept {
  for (int i = 0; i < 4; ++i) into[i] = static_cast<std::byte>(value >> (8 * i));
}
inline std::uint32_t get_le32(const std::byte* from) noexcept {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | static_cast<std::uint32_t>(from[i]);
  return value;
}

}  // namespace weir::codec
