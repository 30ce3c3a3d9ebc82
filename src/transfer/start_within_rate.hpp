// With how many requests a transfer begins where its rate is limited.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "weir/net/rate_limiter.hpp"

namespace weir::transfer {

/// As many of `request_bytes` each as end in a second, `start` at most: all share the rate, and of more none would be
/// whole, and so count after a kill, before all are. What adapts has more soon, should fewer not use the rate.
inline std::uint32_t start_within_rate(std::uint32_t start, const std::shared_ptr<RateLimiter>& limiter,
                                       std::uint64_t request_bytes) {
  std::uint64_t most = start;
  for (const std::uint64_t rate : {limiter ? limiter->rate() : 0, RateLimiter::of_process().rate()}) {
    if (rate != 0) most = std::min(most, rate / std::max<std::uint64_t>(request_bytes, 1));
  }
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(most, 1));
}

}  // namespace weir::transfer
