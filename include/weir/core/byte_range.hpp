// ByteRange: part of a file or object.
#pragma once

#include <cstdint>
#include <optional>

namespace weir {

struct ByteRange {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;  ///< empty: to the end

  bool is_all() const noexcept { return offset == 0 && !length; }
};

}  // namespace weir
