// Whether --limit-rate is what sets the speed.
#pragma once

#include <memory>

#include "weir/core/progress.hpp"
#include "weir/net/rate_limiter.hpp"

namespace weir::cli {

/// Looks at how much the limiter lets by: nearly all that the rate allows means that it limits, whatever stages say,
/// since who waits for it seems to be at work. Thread-compatible.
class LimitWatch {
 public:
  LimitWatch() = default;
  /// Null: there is no limit.
  explicit LimitWatch(std::shared_ptr<RateLimiter> limiter) : limiter_(std::move(limiter)) {}

  /// Called now and then, with the time since the start.
  bool limits(std::uint64_t elapsed_ns) {
    if (!limiter_) return false;
    constexpr double kNearly = 0.85;
    constexpr std::uint64_t kSoonest = 500'000'000;  // what was promised at once at the start is much
    const double most = kNearly * static_cast<double>(limiter_->rate());
    bool any = false;
    for (const auto way : {RateLimiter::Way::out, RateLimiter::Way::in}) {
      RateMeter& meter = meters_[static_cast<std::size_t>(way)];
      meter.update(limiter_->promised_bytes(way), elapsed_ns);
      any = any || (most > 0 && meter.bytes_per_second() >= most);
    }
    return any && elapsed_ns >= kSoonest;
  }

 private:
  std::shared_ptr<RateLimiter> limiter_;
  RateMeter meters_[2];
};

}  // namespace weir::cli
