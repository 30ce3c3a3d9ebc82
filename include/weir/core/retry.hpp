// Retry: how often and when a request is repeated. Pure arithmetic: no clock, no randomness of its own.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>

#include "weir/core/status.hpp"

namespace weir {

/// A uniform draw from [0, bound); bound > 0.
using RandomBelow = std::function<std::uint64_t(std::uint64_t bound)>;

/// A later run may fare better: networks come back, keys are renewed, disks are made room on. What is stored is kept.
constexpr bool may_pass(Kind kind) noexcept {
  switch (kind) {
    case Kind::network:
    case Kind::timeout:
    case Kind::unavailable:
    case Kind::access_denied:
    case Kind::protocol:
    case Kind::io:
      return true;
    default:
      return false;
  }
}

/// Waiting times: exponential from a base, capped, then full jitter; a Retry-After is always waited out first.
struct RetryPolicy {
  std::uint32_t max_attempts = 8;  ///< of one request, the first included
  /// How often one request may fetch credentials anew or correct the clock: more would not help.
  std::uint32_t max_refreshes = 2;
  /// How often one part is sent again because the store received other bytes than were sent.
  std::uint32_t max_resends = 3;
  std::chrono::milliseconds base_transient{50};
  std::chrono::milliseconds base_throttled{1000};
  std::chrono::milliseconds cap{20000};              ///< of the exponential, before jitter
  std::chrono::milliseconds longest_asked{300'000};  ///< of a Retry-After that is believed

  /// How long to wait after `failures` (from 1) attempts failed, the last one with `error`.
  std::chrono::nanoseconds delay(const Error& error, std::uint32_t failures, const RandomBelow& random) const {
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
};

/// Retries that one job may still make: each costs, success gives back. When a store fails all the time the tokens run
/// out and the job fails fast, instead of adding load to a store in trouble. Thread-compatible.
class RetryTokens {
 public:
  static constexpr std::uint32_t kCapacity = 500;
  static constexpr std::uint32_t kTransientCost = 14;
  static constexpr std::uint32_t kThrottledCost = 5;

  static constexpr std::uint32_t cost_of(Retry retry) noexcept {
    return retry == Retry::throttled ? kThrottledCost : kTransientCost;
  }
  /// Takes `cost` tokens; false, and takes none, if there are not so many.
  bool take(std::uint32_t cost) noexcept {
    if (cost > left_) return false;
    left_ -= cost;
    return true;
  }
  /// A request succeeded: what its retries took comes back, and one more.
  void succeeded(std::uint32_t taken) noexcept {
    left_ = taken + 1 < kCapacity - left_ ? left_ + taken + 1 : kCapacity;
  }
  std::uint32_t left() const noexcept { return left_; }

 private:
  std::uint32_t left_ = kCapacity;
};

}  // namespace weir
