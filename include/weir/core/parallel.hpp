// OrderedMap: works on several items of a stream at once and hands them out in the order they came.
//
// A Lane is the workspace of one item: its input, its output, what the work needs. The stage fills the idle lane,
// starts it, and takes lanes back oldest first; so as many items are under way as there are lanes. Which thread works
// on which lane, and when, is never visible in the output.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "weir/core/executor.hpp"

namespace weir {

/// Thread-compatible: all calls come from the stage. `work` and `wake` run on the executor's threads.
/// Destruction never waits: work under way ends by itself on a lane that then dies with it; work not begun is dropped.
template <class Lane>
class OrderedMap {
 public:
  /// `work` turns a lane's input into its output and reports inside the lane; `wake` is called after each.
  OrderedMap(std::shared_ptr<Executor> executor, std::function<void()> wake, std::function<void(Lane&)> work)
      : executor_(std::move(executor)), shared_(std::make_shared<Shared>(std::move(wake), std::move(work))) {}
  OrderedMap(const OrderedMap&) = delete;
  OrderedMap& operator=(const OrderedMap&) = delete;
  ~OrderedMap() { shared_->abandoned.store(true, std::memory_order_relaxed); }

  std::size_t lanes() const noexcept { return cells_.size(); }
  /// Lanes started and not yet recycled.
  std::size_t under_way() const noexcept { return under_way_; }

  /// Time that all lanes together have been worked on. Thread-safe.
  std::uint64_t busy_ns() const noexcept { return shared_->busy_ns.load(std::memory_order_relaxed); }

  /// One more lane. Only while none is idle.
  void add(std::unique_ptr<Lane> lane) {
    auto cell = std::make_shared<Cell>();
    cell->lane = std::move(lane);
    // Just before the oldest is, in the round, just behind the newest.
    cells_.insert(cells_.begin() + static_cast<std::ptrdiff_t>(oldest_), std::move(cell));
    oldest_ = (oldest_ + 1) % cells_.size();
  }
  /// Begins nothing more, and waits until no lane is being worked on: for work that calls a host, who must hear nothing
  /// after its job has ended. Not from the work itself.
  void stop() noexcept {
    shared_->abandoned.store(true, std::memory_order_relaxed);
    std::unique_lock lock(shared_->mutex);
    shared_->ended.wait(lock, [this] { return shared_->running == 0; });
  }
  /// The lane to fill next (the same until it is started); nullptr while all are under way.
  Lane* idle() noexcept { return under_way_ == cells_.size() ? nullptr : cell(under_way_)->lane.get(); }
  /// Starts the work on idle().
  void start() { start(cell(under_way_++)); }
  /// Works once more on the lane that done() gave.
  void go_on() { start(cell(0)); }
  /// The oldest lane under way if its work is done, else nullptr.
  Lane* done() noexcept {
    return under_way_ > 0 && cell(0)->done.load(std::memory_order_acquire) ? cell(0)->lane.get() : nullptr;
  }
  /// The lane that done() gave is idle again.
  void recycle() noexcept {
    oldest_ = (oldest_ + 1) % cells_.size();
    --under_way_;
  }

 private:
  struct Cell {
    std::unique_ptr<Lane> lane;
    std::atomic<bool> done{false};
  };
  struct Shared {
    Shared(std::function<void()> wake_stage, std::function<void(Lane&)> do_work)
        : wake(std::move(wake_stage)), work(std::move(do_work)) {}
    std::function<void()> wake;
    std::function<void(Lane&)> work;
    std::atomic<bool> abandoned{false};
    std::atomic<std::uint64_t> busy_ns{0};
    std::mutex mutex;  // guards what follows
    std::condition_variable ended;
    std::size_t running = 0;
  };
  void start(std::shared_ptr<Cell> next) {
    next->done.store(false, std::memory_order_relaxed);
    executor_->post_heavy([shared = shared_, next = std::move(next)]() mutable {
      {
        const std::lock_guard lock(shared->mutex);
        if (shared->abandoned.load(std::memory_order_relaxed)) return;
        ++shared->running;
      }
      const auto begun = std::chrono::steady_clock::now();
      shared->work(*next->lane);
      const std::chrono::nanoseconds took = std::chrono::steady_clock::now() - begun;
      shared->busy_ns.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
      next->done.store(true, std::memory_order_release);
      next.reset();  // the stage that is woken may be the last to hold the lane, and gives its memory back in time
      {
        const std::lock_guard lock(shared->mutex);
        --shared->running;
        shared->ended.notify_all();
      }
      shared->wake();
    });
  }
  const std::shared_ptr<Cell>& cell(std::size_t after_oldest) const noexcept {
    return cells_[(oldest_ + after_oldest) % cells_.size()];
  }

  std::shared_ptr<Executor> executor_;
  std::shared_ptr<Shared> shared_;
  std::vector<std::shared_ptr<Cell>> cells_;  // a round: `under_way_` cells from `oldest_` on, then the idle ones
  std::size_t oldest_ = 0;
  std::size_t under_way_ = 0;
};

}  // namespace weir
