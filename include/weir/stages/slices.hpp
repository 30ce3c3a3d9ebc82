// SliceSpace: where a source puts its bytes: slabs of the size the next stage likes, filled a slice at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

#include "weir/core/stage.hpp"

namespace weir {

/// Consecutive slices of one slab lie one behind the other, so that chunks of them join(). Thread-compatible.
class SliceSpace {
 public:
  /// Room for the next piece: at most kSliceBytes, at least 1 byte. Pending while the budget has none. `left` is how
  /// many bytes will still come, if known: the last slab is no larger than that.
  Result<std::span<std::byte>> room(const Context& context, std::uint64_t left = UINT64_MAX) {
    if (!slab_) {
      const auto bytes =
          static_cast<std::size_t>(std::min<std::uint64_t>(context.slab_bytes, std::max<std::uint64_t>(left, 1)));
      auto slab = context.budget->acquire(bytes, context.wake);
      if (!slab) return slab.status();
      slab_ = std::move(slab).value();
    }
    const auto free = slab_.free();
    return free.first(std::min(free.size(), kSliceBytes));
  }
  /// The first `count` bytes of room() as a chunk. Lets go of the slab once it is full.
  Chunk take(std::size_t count) {
    Chunk chunk = slab_.take(count);
    if (slab_.free().empty()) slab_ = Slab();
    return chunk;
  }

 private:
  Slab slab_;
};

}  // namespace weir
