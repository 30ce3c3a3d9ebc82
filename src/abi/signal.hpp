// Signal: tells a host that trying again is worth it, by waiting and by a file descriptor.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "weir/core/status.hpp"
#include "weir/weir.h"

namespace weir::abi {

/// Thread-safe.
class Signal {
 public:
  Signal() = default;
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  /// Something has changed.
  void raise() noexcept;
  /// A try has found nothing: the descriptor is quiet until something changes. Try once more after it, since something
  /// may have changed between.
  void lower() noexcept;
  /// To be taken before a try.
  std::uint64_t changes() const;
  /// Waits until there were more changes than `seen`. False: `timeout_ms` was over; below 0 it has no end.
  bool wait_beyond(std::uint64_t seen, std::int64_t timeout_ms) const;
  /// An eventfd, made at the first call, that is readable from raise() to lower().
  Result<int> descriptor();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  bool up_ = true;
  int descriptor_ = -1;
};

/// `attempt` once, and once more if it was pending, so that what comes between is not missed.
template <class Attempt>
auto try_and_lower(Signal& signal, Attempt attempt) {
  auto answer = attempt();
  if (answer.code != WEIR_PENDING) return answer;
  signal.lower();
  answer = attempt();
  if (answer.code != WEIR_PENDING) signal.raise();
  return answer;
}

/// `attempt` until it is not pending, or the time is over.
template <class Attempt>
auto try_until(const Signal& signal, std::int64_t timeout_ms, Attempt attempt) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  for (;;) {
    const std::uint64_t seen = signal.changes();
    auto answer = attempt();
    if (answer.code != WEIR_PENDING) return answer;
    std::int64_t left = -1;
    if (timeout_ms >= 0) {
      const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
      if (passed >= timeout_ms) return answer;
      left = timeout_ms - passed;
    }
    (void)signal.wait_beyond(seen, left);
  }
}

}  // namespace weir::abi
