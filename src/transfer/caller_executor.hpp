// An executor that is one thread: whoever waits for a job does its work.
//
// A small object is a few short steps. On a pool each of them wakes another thread, which costs more than the step.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "weir/core/executor.hpp"

namespace weir::transfer {

/// What is posted waits for run_until(); after retire() it goes to the default pool. run_until() and retire() are for
/// one thread, all else is thread-safe.
class CallerExecutor final : public Executor, public std::enable_shared_from_this<CallerExecutor> {
 public:
  void post(Task task) override { add(std::move(task)); }
  void post_blocking(Task task) override { add(std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override {
    default_pool()->post_after(
        delay, [self = shared_from_this(), task = std::move(task)]() mutable { self->add(std::move(task)); });
  }
  std::size_t concurrency() const noexcept override { return 1; }

  /// Runs tasks until `over()`, which is asked before each. One of them has to make it so.
  template <class Over>
  void run_until(Over over) {
    const auto before = std::exchange(detail::own_executor(), shared_from_this());
    while (!over()) {
      std::unique_lock lock(mutex_);
      posted_.wait(lock, [&] { return !tasks_.empty(); });
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
    detail::own_executor() = before;
  }

  /// What is left, and what comes yet, is for others.
  void retire() {
    std::deque<Task> left;
    {
      const std::lock_guard lock(mutex_);
      retired_ = true;
      left.swap(tasks_);
    }
    for (Task& task : left) default_pool()->post_blocking(std::move(task));
  }

 private:
  void add(Task task) {
    std::unique_lock lock(mutex_);
    if (retired_) {
      lock.unlock();
      default_pool()->post_blocking(std::move(task));
      return;
    }
    tasks_.push_back(std::move(task));
    lock.unlock();
    posted_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Task> tasks_;
  bool retired_ = false;
};

}  // namespace weir::transfer
