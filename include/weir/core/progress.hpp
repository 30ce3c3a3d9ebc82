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
  std::size_t ring_chunks = 0;   ///< that wait for it in the ring before it
  std::size_t ring_depth = 0;    ///< how many may; 0: it is fused with the stage before
};

/// How often requests were repeated, by what for.
struct RetryCounts {
  std::uint32_t throttled = 0;    ///< the store asked for less
  std::uint32_t timeout = 0;      ///< nothing moved for too long
  std::uint32_t network = 0;      ///< a connection failed or was cut
  std::uint32_t server = 0;       ///< 5xx, and answers that make no sense
  std::uint32_t credentials = 0;  ///< keys or the clock had to be corrected
  std::uint32_t corrupt = 0;      ///< the store received other bytes than were sent

  std::uint32_t total() const noexcept { return throttled + timeout + network + server + credentials + corrupt; }
  void count(const Status& reason) noexcept {
    ++(reason.kind() == Kind::corrupt                                           ? corrupt
       : reason.retry() == Retry::credentials || reason.retry() == Retry::clock ? credentials
       : reason.retry() == Retry::throttled                                     ? throttled
       : reason.kind() == Kind::timeout                                         ? timeout
       : reason.kind() == Kind::network                                         ? network
                                                                                : server);
  }
  RetryCounts& operator+=(const RetryCounts& other) noexcept {
    throttled += other.throttled;
    timeout += other.timeout;
    network += other.network;
    server += other.server;
    credentials += other.credentials;
    corrupt += other.corrupt;
    return *this;
  }
};

/// Bytes are counted five times, since none of these says the others.
struct Progress {
  JobState state = JobState::running;
  std::uint64_t bytes_done = 0;              ///< how far it is, of total_bytes; rates and eta_seconds are of these
  std::optional<std::uint64_t> total_bytes;  ///< of the source, if known
  std::uint64_t bytes_read = 0;              ///< by the source
  std::uint64_t bytes_received = 0;          ///< over the network by a source that downloads, repeats included
  std::uint64_t bytes_sent = 0;              ///< by the sink, repeats included: they left us
  std::uint64_t bytes_confirmed = 0;         ///< acknowledged: the destination said that it has them
  std::uint64_t bytes_durable = 0;           ///< of those, what survives a loss of power
  std::uint64_t bytes_resumed = 0;           ///< of bytes_confirmed: sent by an earlier run, and still there
  /// There from an earlier run. What is not in bytes_resumed yet is compared with the source before anything is sent.
  std::uint64_t bytes_earlier = 0;
  std::uint64_t elapsed_ns = 0;
  double bytes_per_second = 0;        ///< smoothed, with a half-life of two seconds
  double bytes_per_second_now = 0;    ///< of the last half second or a little more
  double bytes_per_second_mean = 0;   ///< since the start
  std::optional<double> eta_seconds;  ///< none in the first three seconds, while stalled, and beyond a year
  double stalled_seconds = 0;         ///< for how long nothing has moved; 0 while paused
  std::uint32_t parts_done = 0;       ///< of an upload
  std::uint32_t parts_in_flight = 0;
  std::optional<std::uint32_t> parts_total;
  std::uint32_t ranges_in_flight = 0;  ///< of a download
  std::uint32_t concurrency = 0;       ///< requests that may be under way at once, as it is now; 0: not known
  std::uint32_t retries = 0;
  RetryCounts retries_by_cause;
  Status last_retry;  ///< why a request was repeated, the last time; ok: none was
  std::uint64_t memory_bytes = 0;
  std::uint64_t memory_limit_bytes = 0;
  std::string limited_by;  ///< name of the stage that sets the speed; empty until known
  std::vector<StageProgress> stages;

  /// Nothing has moved for so long that a remaining time would be a guess.
  bool stalled() const noexcept { return state == JobState::running && stalled_seconds >= 3; }
};

/// Counters of one stage, written by its segment and read by anyone.
struct alignas(64) StageCounters {
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint64_t> waited_ns{0};
  std::atomic<std::uint64_t> starved_ns{0};
  std::atomic<std::uint64_t> blocked_ns{0};

  /// By the one segment that runs the stage: nobody else writes, so no locked instruction is paid.
  static void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
};

/// Rates and remaining time of something that grows. Thread-compatible.
class RateMeter {
 public:
  /// `bytes` so far, at `now_ns` of monotonic time. Bytes never count backwards.
  void update(std::uint64_t bytes, std::uint64_t now_ns) noexcept {
    if (!started_) {
      started_ = true;
      first_ns_ = last_ns_ = moved_ns_ = now_ns;
      last_bytes_ = bytes;
      window_[0] = window_[1] = {now_ns, bytes};
      return;
    }
    if (now_ns < last_ns_ + kLeastStepNs) return;
    if (now_ns >= window_[1].at_ns + kWindowNs) {
      window_[0] = window_[1];
      window_[1] = {now_ns, bytes};
    }
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
  /// Time that is not to count: nothing was meant to move.
  void skip(std::uint64_t now_ns) noexcept { moved_ns_ = last_ns_ = std::max(now_ns, last_ns_); }
  /// Smoothed, with a half-life of two seconds.
  double bytes_per_second() const noexcept { return weight_ > 0 ? sum_ / weight_ : 0; }
  /// Of the last half second or a little more.
  double bytes_per_second_now() const noexcept {
    if (last_ns_ <= window_[0].at_ns || last_bytes_ <= window_[0].bytes) return 0;
    return static_cast<double>(last_bytes_ - window_[0].bytes) * 1e9 / static_cast<double>(last_ns_ - window_[0].at_ns);
  }
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
  struct Sample {
    std::uint64_t at_ns = 0;
    std::uint64_t bytes = 0;
  };
  static constexpr double kHalfLifeSeconds = 2;
  static constexpr std::uint64_t kLeastStepNs = 20'000'000;
  static constexpr std::uint64_t kWindowNs = 500'000'000;
  bool started_ = false;
  std::uint64_t first_ns_ = 0;
  std::uint64_t last_ns_ = 0;
  std::uint64_t moved_ns_ = 0;
  std::uint64_t last_bytes_ = 0;
  std::array<Sample, 2> window_;
  double sum_ = 0;
  double weight_ = 0;
};

}  // namespace weir
