// What each row carries of itself, since SQLite has no checksums of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "weir/codec/checksum.hpp"

namespace weir::ledger {

/// A checksum of values, each with its length before it, so that none can lend bytes to its neighbour.
class RowSum {
 public:
  RowSum& add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()));
    crc_ = crc64nvme(crc_, std::as_bytes(std::span(text)));
    return *this;
  }
  RowSum& add(std::int64_t value) {
    std::byte bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
    crc_ = crc64nvme(crc_, bytes);
    return *this;
  }
  RowSum& add(std::uint64_t value) { return add(static_cast<std::int64_t>(value)); }
  std::int64_t value() const { return static_cast<std::int64_t>(crc_); }

 private:
  std::uint64_t crc_ = 0;
};

}  // namespace weir::ledger
