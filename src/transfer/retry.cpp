#include "weir/transfer/retry.hpp"

#include <algorithm>

namespace weir {

std::chrono::nanoseconds RetryPolicy::delay(const Error& error, std::uint32_t failures,
                                            const RandomBelow& random) const {
  using std::chrono::nanoseconds;
  const nanoseconds base = error.retry == Retry::throttled ? base_throttled : base_transient;
  nanoseconds most = base;
  for (std::uint32_t i = 1; i < failures && most < cap; ++i) most *= 2;
  most = std::min<nanoseconds>(most, cap);
  const auto draw = [&](nanoseconds bound) {
    return nanoseconds(random(static_cast<std::uint64_t>(std::max<std::int64_t>(bound.count(), 0)) + 1));
  };
  if (error.retry_after_ms == 0) return draw(most);
  // All who were told the same time come back spread over one base, and none too early.
  const std::uint64_t asked_ms =
      std::min(error.retry_after_ms, static_cast<std::uint64_t>(std::max<std::int64_t>(longest_asked.count(), 0)));
  return std::chrono::milliseconds(asked_ms) + draw(base);
}

}  // namespace weir
