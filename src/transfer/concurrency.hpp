// ConcurrencyController: how many requests are worth having under way. Pure: no clock, no I/O; times are passed in.
//
// It grows while growth pays: by half at first, then one careful step now and then, each undone where the throughput
// did not rise with it. It shrinks at once on throttling, timeouts and shortage of memory. It judges only what was
// measured with all of its requests in use: where the source or the reader sets the pace, more would not help.
#pragma once

#include <chrono>
#include <cstdint>

#include "weir/core/status.hpp"

namespace weir::transfer {

/// Monotonic time since any beginning.
using Time = std::chrono::nanoseconds;

/// With `adapts` false the limit is `start`, whatever happens.
struct ConcurrencyOptions {
  std::uint32_t start = 4;  ///< at least 1
  std::uint32_t most = 4;   ///< at least `start`
  bool adapts = false;

  static ConcurrencyOptions fixed(std::uint32_t requests) { return {requests, requests, false}; }
  static ConcurrencyOptions adaptive(std::uint32_t start, std::uint32_t most) { return {start, most, most > 1}; }
};

enum class Trouble : std::uint8_t { throttled, timeout, memory };

/// Thread-compatible.
class ConcurrencyController {
 public:
  static constexpr std::uint32_t kStart = 4;
  static constexpr std::uint32_t kMost = 32;

  explicit ConcurrencyController(ConcurrencyOptions options) : options_(options), limit_(options.start) {}

  std::uint32_t limit() const noexcept { return limit_; }
  std::uint32_t most() const noexcept { return options_.most; }

  /// How it goes, after each change: `good_bytes` so far (those of requests under way included, those that will be sent
  /// again not), and how many requests there are by now, those that wait for a retry included.
  void observe(Time now, std::uint64_t good_bytes, std::uint32_t under_way);
  /// A request has succeeded.
  void completed() noexcept { ++completed_; }
  /// A request that was sent at `begun` had this answer. What was sent before the last shrinking says nothing new.
  void trouble(Trouble what, Time begun, Time now);
  /// The same of a status, if it is one that asks for less.
  void failed(const Status& status, Time begun, Time now);

 private:
  enum class Mode : std::uint8_t { rising, holding, probing };

  void judge(double rate, Time now);
  void set_limit(std::uint32_t limit, Time now);
  void step_back(Time now);
  void probe(Time now);
  void begin_measuring(Time now, std::uint64_t good_bytes);

  const ConcurrencyOptions options_;
  std::uint32_t limit_;
  Mode mode_ = Mode::rising;
  std::uint32_t proven_limit_ = 0;  ///< that proven_rate_ was measured with; 0: none was
  double proven_rate_ = 0;          ///< bytes a second
  Time next_probe_{0};
  Time probe_gap_ = kFirstGap;
  Time settled_at_{0};  ///< measuring begins then: connections have come up to speed
  bool shrunk_ = false;
  Time shrunk_at_{0};
  // What is being measured.
  bool measuring_ = false;
  Time since_{0};
  std::uint64_t bytes_since_ = 0;
  std::uint32_t completed_ = 0;
  bool was_full_ = false;
  Time seen_at_{0};
  Time full_for_{0};  ///< how long all requests were in use

  static constexpr Time kFirstGap = std::chrono::seconds(4);
  static constexpr Time kLongestGap = std::chrono::seconds(64);
};

}  // namespace weir::transfer
