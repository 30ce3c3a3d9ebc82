// zlib, with inputs that are const.
#pragma once

#define ZLIB_CONST  // NOLINT: zlib's own switch
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>

namespace weir::codec {

/// z_stream counts with 32 bits: so much of `bytes` as it can take at once.
inline uInt zlib_count(std::size_t bytes) noexcept {
  return static_cast<uInt>(std::min<std::size_t>(bytes, std::numeric_limits<uInt>::max()));
}
inline void set_input(z_stream& stream, std::span<const std::byte> from) noexcept {
  stream.next_in = reinterpret_cast<const Bytef*>(from.data());
  stream.avail_in = zlib_count(from.size());
}
inline void set_output(z_stream& stream, std::span<std::byte> into) noexcept {
  stream.next_out = reinterpret_cast<Bytef*>(into.data());
  stream.avail_out = zlib_count(into.size());
}

}  // namespace weir::codec
