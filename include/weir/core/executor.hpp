// Executor: where segments run. A small fixed pool for what computes, a growing one for what blocks.
//
// A host brings its own pool by implementing this interface; weir then starts no compute thread of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

namespace weir {

/// Thread-safe. Tasks are short, never throw, and may post further tasks. What posts throws nothing but std::bad_alloc,
/// and has then taken nothing.
class Executor {
 public:
  using Task = std::function<void()>;
  virtual ~Executor() = default;
  /// Runs `task` soon on a pool thread, never inside this call.
  virtual void post(Task task) = 0;
  /// As post, for work that takes milliseconds: it does not hold up tasks that are short. Where a host has no such
  /// place, with the others.
  virtual void post_heavy(Task task) { post(std::move(task)); }
  /// As post, on a thread that may block in a system call or a host callback.
  virtual void post_blocking(Task task) = 0;
  /// As post, after `delay` of monotonic time.
  virtual void post_after(std::chrono::nanoseconds delay, Task task) = 0;
  /// How many tasks run at once at most; at least 1.
  virtual std::size_t concurrency() const noexcept = 0;

  /// The process-wide pool, made at the first call and sized by the CPUs this process may use.
  static std::shared_ptr<Executor> default_pool();
  /// A pool of its own. Its destructor waits for the tasks that run; those still queued are dropped.
  static std::shared_ptr<Executor> make_pool(std::size_t threads);
};

namespace detail {

/// Set while this thread runs tasks of an executor that is this thread alone.
inline std::shared_ptr<Executor>& own_executor() noexcept {
  thread_local std::shared_ptr<Executor> own;
  return own;
}

/// Where what follows from the task under way is to go on: on this thread, if it is one that runs all of its job.
inline std::shared_ptr<Executor> nearby_executor() {
  return own_executor() ? own_executor() : Executor::default_pool();
}

}  // namespace detail

}  // namespace weir

#include "weir/core/thread_pool.hpp"  // IWYU pragma: export
