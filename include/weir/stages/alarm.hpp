// Alarm: has a stage called again at a time of its job's.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>

#include "weir/core/stage.hpp"

namespace weir::detail {

/// Thread-compatible. One timer at a time, none while the job is paused.
class Alarm {
 public:
  /// Whether it is `at` by the job's clock. If not, the stage's segment is woken by then: ask again.
  bool due(const Context& context, std::chrono::nanoseconds at) {
    const std::chrono::nanoseconds now = context.clock->now();
    if (now >= at) return true;
    if (context.clock->stands()) return false;  // the end of the pause wakes
    const auto left = std::min<std::chrono::nanoseconds>(at - now, kLongest);
    const auto rings = std::chrono::steady_clock::now() + left;
    if (set_ && set_->load(std::memory_order_acquire) && rings_ <= rings) return false;
    rings_ = rings;
    set_ = std::make_shared<std::atomic<bool>>(true);
    context.executor->post_after(left, [set = set_, wake = context.wake] {
      set->store(false, std::memory_order_release);
      wake();
    });
    return false;
  }

 private:
  static constexpr std::chrono::minutes kLongest{10};  // then it is set anew: nothing of an ended job stays for longer
  std::shared_ptr<std::atomic<bool>> set_;             // until it rings
  std::chrono::steady_clock::time_point rings_;
};

}  // namespace weir::detail
