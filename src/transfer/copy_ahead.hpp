// The items of a copy, listed some way ahead of those who copy them, so that the total is known early.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "transfer/copy_walk.hpp"

namespace weir::transfer {

/// Between the one thread that walks and those that copy. Holds no more than kMostAheadBytes of names, and at least one
/// page. Thread-safe.
class CopyAhead {
 public:
  static constexpr std::size_t kMostAheadBytes = 4 * 1024 * 1024;

  /// Walks until all is found, or stop(). Blocks; called once.
  void walk(CopyWalk& from) {
    while (auto task = from.next()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || held_bytes_ < kMostAheadBytes; });
      if (stopped_) break;
      held_bytes_ += task->weight();
      tasks_.push_back(*std::move(task));
      changed_.notify_all();
    }
    stop_at_end();
  }
  /// Waits for one; empty: there is nothing more.
  std::optional<CopyTask> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_ || ended_ || !tasks_.empty(); });
    if (stopped_ || tasks_.empty()) return {};
    CopyTask task = std::move(tasks_.front());
    tasks_.pop_front();
    held_bytes_ -= task.weight();
    changed_.notify_all();
    return task;
  }
  /// Nothing more is given; who waits goes on.
  void stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  void stop_at_end() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<CopyTask> tasks_;
  std::size_t held_bytes_ = 0;
  bool stopped_ = false;
  bool ended_ = false;
};

}  // namespace weir::transfer
