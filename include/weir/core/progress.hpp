// Progress: a snapshot of a job, cheap enough to take at any time; and the arithmetic of rates and remaining time.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/status.hpp"

namespace weir {

enum class JobState : std::uint8_t { running, paused, stopping, done, failed };

constexpr const char* to_string(JobState state) noexcept {
  constexpr std::array kNames{"running", "paused", "stopping", "done", "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

/// What one stage did so far. Times in nanoseconds; `waited` is how long its neighbours had to wait for it.
struct StageProgress {
  std::string name;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t busy_ns = 0;     ///< working (or blocked in its own system calls)
  std::uint64_t waited_ns = 0;   ///< it had answered pending: a network, workers
  std::uint64_t starved_ns = 0;  ///< its segment had no input
  std::uint64_t blocked_ns = 0;  ///< its segment could not hand on its output
};

struct Progress {
  JobState state = JobState::running;
  std::uint64_t bytes_read = 0;              ///< by the source
  std::uint64_t bytes_confirmed = 0;         ///< by the destination
  std::optional<std::uint64_t> total_bytes;  ///< of the source
  std::uint64_t elapsed_ns = 0;
  std::uint32_t parts_done = 0;
  std::uint32_t parts_in_flight = 0;
  std::uint32_t retries = 0;
  Status last_retry;  ///< why a request was repeated, the last time; ok: none was
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_limit_bytes = 0;
  std::string limited_by;  ///< name of the stage that sets the speed; empty until known
  std::vector<StageProgress> stages;
};

/// Counters of one stage, written by its segment and read by anyone.
struct alignas(64) StageCounters {
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint64_t> waited_ns{0};
  std::atomic<std::uint64_t> starved_ns{0};
  std::atomic<std::uint64_t> blocked_ns{0};

  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    counter.fetch_add(amount, std::memory_order_relaxed);
  }
};

/// Smoothed rate (half-life two seconds) and remaining time of something that grows. Thread-compatible.
class RateMeter {
 public:
  /// `bytes` so far, at `now_ns` of monotonic time. Bytes never count backwards.
  void update(std::uint64_t bytes, std::uint64_t now_ns) noexcept {
    if (!started_) {
      started_ = true;
      first_ns_ = last_ns_ = moved_ns_ = now_ns;
      last_bytes_ = bytes;
      return;
    }
    if (now_ns <= last_ns_) return;
    const double seconds = static_cast<double>(now_ns - last_ns_) / 1e9;
    const double rate = bytes > last_bytes_ ? static_cast<double>(bytes - last_bytes_) / seconds : 0;
    if (bytes > last_bytes_) moved_ns_ = now_ns;
    // The average so far until one half-life has passed, so that the start is not a slow climb from nothing.
    const double keep = std::exp2(-seconds / kHalfLifeSeconds);
    weight_ = weight_ * keep + (1 - keep);
    sum_ = sum_ * keep + rate * (1 - keep);
    last_bytes_ = std::max(bytes, last_bytes_);
    last_ns_ = now_ns;
  }
  double bytes_per_second() const noexcept { return weight_ > 0 ? sum_ / weight_ : 0; }
  /// Seconds without any growth.
  double stalled_seconds() const noexcept { return static_cast<double>(last_ns_ - moved_ns_) / 1e9; }
  /// Seconds until `total`; none in the first three seconds, while stalled, and beyond a year.
  std::optional<double> eta_seconds(std::uint64_t total) const noexcept {
    const double rate = bytes_per_second();
    if (last_ns_ - first_ns_ < 3'000'000'000u || stalled_seconds() > 3 || rate <= 0 || total < last_bytes_) return {};
    const double seconds = static_cast<double>(total - last_bytes_) / rate;
    return seconds < 365.0 * 86400 ? std::optional(seconds) : std::nullopt;
  }

 private:
  static constexpr double kHalfLifeSeconds = 2;
  bool started_ = false;
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::uint64_t moved_ns_ = 0;
  std::uint64_t last_bytes_ = 0;
  double sum_ = 0;
  double weight_ = 0;
};

}  // namespace weir
