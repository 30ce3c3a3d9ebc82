// Throttle: how fast the server takes body bytes: slow for the first part of a run, standing still for a while.
//
// Thread-safe. One throttle is shared by all connections; times run from the first body byte.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

namespace discard {

class Throttle {
 public:
  struct Options {
    std::uint64_t rate_bytes_per_s = 0;  ///< 0: as fast as it goes
    double slow_for_s = 0;               ///< 0: the whole run
    std::uint64_t stall_after_bytes = 0;
    double stall_for_s = 0;
  };

  explicit Throttle(Options options) : options_(options) {}

  /// Waits until bytes may be taken, and gives how many of `want` at once; `taken` must follow.
  std::uint64_t allow(std::uint64_t want) {
    if (options_.stall_for_s > 0) wait_out_stall();
    if (options_.rate_bytes_per_s == 0 || !slow_now()) return want;
    return want < kSlice ? want : kSlice;
  }

  void taken(std::uint64_t count) {
    const std::uint64_t total = total_.fetch_add(count) + count;
    if (options_.stall_for_s > 0 && total >= options_.stall_after_bytes) begin_stall();
    if (options_.rate_bytes_per_s == 0) return;
    std::unique_lock lock(mutex_);
    start_clock();
    if (!slow_now()) return;
    // Each taker books its bytes on one time line and sleeps until they are paid for.
    const auto cost =
        std::chrono::duration<double>(static_cast<double>(count) / static_cast<double>(options_.rate_bytes_per_s));
    if (paid_until_ < Clock::now()) paid_until_ = Clock::now();
    paid_until_ += std::chrono::duration_cast<Clock::duration>(cost);
    const auto until = paid_until_;
    lock.unlock();
    std::this_thread::sleep_until(until);
  }

  std::uint64_t total() const { return total_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::uint64_t kSlice = 16 * 1024;

  static Clock::duration seconds(double count) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
  }
  static std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

  void start_clock() {
    if (started_ns_ == 0) started_ns_ = now_ns();
  }
  bool slow_now() const {
    const std::int64_t started = started_ns_;
    return options_.slow_for_s == 0 || started == 0 || now_ns() - started < seconds(options_.slow_for_s).count();
  }
  void begin_stall() {
    std::int64_t none = 0;
    stall_until_ns_.compare_exchange_strong(none, now_ns() + seconds(options_.stall_for_s).count());
  }
  void wait_out_stall() {
    const std::int64_t left = stall_until_ns_ - now_ns();
    if (left > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(left));
  }

  const Options options_;
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::int64_t> started_ns_{0};
  std::atomic<std::int64_t> stall_until_ns_{0};  // 0: not yet
  std::mutex mutex_;
  Clock::time_point paid_until_{};
};

}  // namespace discard
