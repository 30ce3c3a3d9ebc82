// Stopping work that waits, from another thread: what operations of a Store have that take long.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "weir/core/executor.hpp"
#include "weir/core/status.hpp"

namespace weir::store {

/// Thread-safe.
class Cancellation {
 public:
  /// Again: nothing.
  void cancel();
  bool cancelled() const noexcept { return flag_.load(std::memory_order_relaxed); }
  const std::atomic<bool>& flag() const noexcept { return flag_; }
  /// Kind::cancelled once it is.
  Status status() const;
  /// Waits, but no longer than until it is cancelled.
  void sleep(std::chrono::nanoseconds delay);

  /// While it lives, `stop` is called when the work is cancelled, or at once if that has been. `stop` may come late,
  /// and after the watch has gone.
  class Watch {
   public:
    Watch(Cancellation* watched, std::function<void()> stop);  ///< null: nobody cancels
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Cancellation* const watched_;
    std::uint64_t number_ = 0;
  };

 private:
  std::atomic<bool> flag_{false};
  std::mutex mutex_;
  std::condition_variable woken_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::function<void()>> stops_;
};

/// Returns at once: `work(Cancellation&)` runs on a thread that may block, and `done` gets what it returns. What is
/// given back cancels it.
template <class T, class Work>
std::function<void()> in_background(Executor& executor, std::function<void(Result<T>)> done, Work work) {
  auto cancellation = std::make_shared<Cancellation>();
  executor.post_blocking([cancellation, done = std::move(done), work = std::move(work)] {
    done(cancellation->cancelled() ? Result<T>(cancellation->status()) : work(*cancellation));
  });
  return [cancellation] { cancellation->cancel(); };
}

}  // namespace weir::store
