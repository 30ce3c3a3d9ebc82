// JobClock: time as a job has it. It stands still while the job is paused, so no rate and no wait is used up then.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

namespace weir {

/// Thread-safe.
class JobClock {
 public:
  /// Since the job was made, pauses left out.
  std::chrono::nanoseconds now() const {
    const std::lock_guard lock(mutex_);
    return (stands_since_ ? *stands_since_ : Steady::now()) - start_ - paused_;
  }
  bool stands() const {
    const std::lock_guard lock(mutex_);
    return stands_since_.has_value();
  }
  void stand(bool on) {
    const std::lock_guard lock(mutex_);
    if (on == stands_since_.has_value()) return;
    if (on) {
      stands_since_ = Steady::now();
    } else {
      paused_ += Steady::now() - *stands_since_;
      stands_since_.reset();
    }
  }

 private:
  using Steady = std::chrono::steady_clock;
  mutable std::mutex mutex_;
  const Steady::time_point start_ = Steady::now();
  std::chrono::nanoseconds paused_{0};  // in pauses that are over
  std::optional<Steady::time_point> stands_since_;
};

}  // namespace weir
