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

/// Which chunks' ways through a segment are timed: each while they take long, and one of some 500, for all those since
/// the one before, while they are so short that looking at the clock would be most of them. How many lie between is
/// drawn: where each second chunk takes long, no fixed number would meet both kinds equally.
class Sampling {
 public:
  /// A chunk sets out.
  void begin() noexcept {
    ++ahead_;
    weight_ = ahead_ >= gap_ ? std::exchange(ahead_, 0) : 0;
    if (weight_ != 0) begun_ns_ = now_ns();
  }
  /// It is through.
  void end() noexcept {
    if (weight_ == 0) return;
    gap_ = now_ns() - begun_ns_ < kShortNs ? draw_gap() : 1;
    weight_ = 1;  // what happens between chunks
  }
  /// For how many chunks this one stands; 0: it is not timed.
  std::uint64_t weight() const noexcept { return weight_; }

 private:
  static constexpr std::uint64_t kShortNs = 4'000;
  std::uint64_t draw_gap() noexcept {
    random_ = random_ * 1'664'525u + 1'013'904'223u;
    return 480 + (random_ >> 25);
  }
  std::uint64_t gap_ = 1;
  std::uint64_t ahead_ = 0;
  std::uint64_t weight_ = 1;
  std::uint64_t begun_ns_ = 0;
  std::uint32_t random_ = 1;
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
