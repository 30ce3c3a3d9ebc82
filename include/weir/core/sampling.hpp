// Sampling: how a job knows what its stages spend, without looking at the clock for each chunk.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "weir/core/progress.hpp"

namespace weir::detail {

inline std::uint64_t now_ns() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

/// Which chunks' ways through a segment are timed: each while they take long, and every 251st, for all 251, while they
/// are so short that looking at the clock would be most of them.
class Sampling {
 public:
  /// A chunk sets out.
  void begin() noexcept {
    ++ahead_;
    weight_ = ahead_ >= every_ ? std::exchange(ahead_, 0) : 0;
    if (weight_ != 0) begun_ns_ = now_ns();
  }
  /// It is through.
  void end() noexcept {
    if (weight_ == 0) return;
    last_ns_ = now_ns();
    every_ = last_ns_ - begun_ns_ < kShortNs ? kEvery : 1;
    weight_ = 1;  // what happens between chunks
  }
  /// For how many chunks this one stands; 0: it is not timed.
  std::uint64_t weight() const noexcept { return weight_; }
  /// When a timed one was through; as late as the last of them.
  std::uint64_t last_ns() const noexcept { return last_ns_; }

 private:
  static constexpr std::uint64_t kEvery = 251;  // no divisor of what frames have
  static constexpr std::uint64_t kShortNs = 4'000;
  std::uint64_t every_ = 1;
  std::uint64_t ahead_ = 0;
  std::uint64_t weight_ = 1;
  std::uint64_t begun_ns_ = 0;
  std::uint64_t last_ns_ = 0;
};

/// What `call` returns. Adds its time to a counter, so often as `sampling` says.
template <class Call>
auto timed(std::atomic<std::uint64_t>& counter, const Sampling& sampling, Call call) {
  const std::uint64_t weight = sampling.weight();
  if (weight == 0) return call();
  const std::uint64_t begun_ns = now_ns();
  auto result = call();
  StageCounters::add(counter, (now_ns() - begun_ns) * weight);
  return result;
}

}  // namespace weir::detail
