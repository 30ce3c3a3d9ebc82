#include "weir/net/rate_limiter.hpp"

#include <algorithm>

#include "platform/platform.hpp"

namespace weir {
namespace {

using std::chrono::nanoseconds;

/// Who comes late by no more than this may catch up: timers are never exact.
constexpr nanoseconds kCatchUp = std::chrono::milliseconds(50);
constexpr std::uint64_t kSlicesPerSecond = 16;
constexpr std::uint64_t kLeastSlice = 1024;
constexpr std::uint64_t kLargestSlice = 256 * 1024;

nanoseconds monotonic_now() { return nanoseconds(platform::platform().monotonic_ns()); }

}  // namespace

RateLimiter& RateLimiter::of_process() {
  static auto* const kLimiter = new RateLimiter;  // transfers may end after statics are gone
  return *kLimiter;
}

void RateLimiter::set_rate(std::uint64_t bytes_per_second) {
  const nanoseconds now = monotonic_now();
  const std::lock_guard lock(mutex_);
  for (Lane& lane : lanes_) {
    if (lane.free_at <= now) continue;
    // What is promised takes as long as it does at the new rate.
    const double left = static_cast<double>((lane.free_at - now).count());
    const double scale = bytes_per_second == 0 ? 0 : static_cast<double>(rate_) / static_cast<double>(bytes_per_second);
    lane.free_at = now + nanoseconds(static_cast<std::int64_t>(std::min(left * scale, 3.6e12)));
  }
  rate_ = bytes_per_second;
}

std::uint64_t RateLimiter::rate() const {
  const std::lock_guard lock(mutex_);
  return rate_;
}

std::size_t RateLimiter::slice_bytes() const {
  const std::uint64_t bytes = rate();
  return bytes == 0 ? SIZE_MAX : std::clamp(bytes / kSlicesPerSecond, kLeastSlice, kLargestSlice);
}

nanoseconds RateLimiter::reserve(Way way, std::uint64_t bytes) { return reserve(way, bytes, monotonic_now()); }

nanoseconds RateLimiter::reserve(Way way, std::uint64_t bytes, nanoseconds now) {
  const std::lock_guard lock(mutex_);
  Lane& lane = lanes_[static_cast<std::size_t>(way)];
  lane.promised_bytes += bytes;
  if (rate_ == 0) return nanoseconds(0);
  lane.free_at = lane.used ? std::max(lane.free_at, now - kCatchUp) : now;
  lane.used = true;
  const nanoseconds wait = std::max(lane.free_at - now, nanoseconds(0));
  lane.free_at += nanoseconds(static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(rate_)));
  return wait;
}

std::uint64_t RateLimiter::promised_bytes(Way way) const {
  const std::lock_guard lock(mutex_);
  return lanes_[static_cast<std::size_t>(way)].promised_bytes;
}

}  // namespace weir
