// Flow: goes with the bytes of one request. It counts them as they leave or come, and holds them to the rates.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "weir/net/rate_limiter.hpp"

namespace weir {

/// Whoever moves bytes asks for them slice by slice and says when they have moved. Thread-safe.
class Flow {
 public:
  /// `limiter` beside that of the process; null: that one alone.
  explicit Flow(std::shared_ptr<RateLimiter> limiter = nullptr) : limiter_(std::move(limiter)) {}
  Flow(const Flow&) = delete;
  Flow& operator=(const Flow&) = delete;

  /// Ask for no more at once; SIZE_MAX: there is no limit, and reserve() need not be asked.
  std::size_t slice_bytes() const {
    const std::size_t of_process = RateLimiter::of_process().slice_bytes();
    return limiter_ ? std::min(limiter_->slice_bytes(), of_process) : of_process;
  }
  /// As RateLimiter::reserve(), of both.
  std::chrono::nanoseconds reserve(RateLimiter::Way way, std::uint64_t bytes) {
    const auto wait = RateLimiter::of_process().reserve(way, bytes);
    return limiter_ ? std::max(limiter_->reserve(way, bytes), wait) : wait;
  }

  void moved(std::uint64_t bytes) noexcept {
    total_.fetch_add(bytes, std::memory_order_relaxed);
    position_.fetch_add(bytes, std::memory_order_relaxed);
  }
  /// It begins again from the first byte.
  void again() noexcept { position_.store(0, std::memory_order_relaxed); }
  /// Bytes that moved, repeated ones included.
  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }
  /// How far it is since it last began.
  std::uint64_t position() const noexcept { return position_.load(std::memory_order_relaxed); }

 private:
  const std::shared_ptr<RateLimiter> limiter_;
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::uint64_t> position_{0};
};

}  // namespace weir
