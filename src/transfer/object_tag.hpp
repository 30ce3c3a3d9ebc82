// What tells one state of a file or object from another, in 64 bits.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "weir/codec/checksum.hpp"

namespace weir::transfer {

/// A checksum of values, never 0.
template <class... Values>
std::uint64_t tag_of_values(const Values&... values) {
  std::uint64_t tag = 0;
  const auto add = [&](std::uint64_t value) { tag = crc64nvme(tag, std::as_bytes(std::span(&value, 1))); };
  (add(static_cast<std::uint64_t>(values)), ...);
  return tag == 0 ? 1 : tag;
}

/// Of an object's size and ETag; 0: it has no ETag, and nothing tells.
inline std::uint64_t object_tag(std::uint64_t size, const std::string& etag) {
  if (etag.empty()) return 0;
  return tag_of_values(size, crc64nvme(0, std::as_bytes(std::span(etag))));
}

}  // namespace weir::transfer
