#include "store/cancellation.hpp"

#include <utility>

namespace weir::store {

void Cancellation::cancel() {
  std::map<std::uint64_t, std::function<void()>> stops;
  {
    const std::lock_guard lock(mutex_);
    flag_.store(true, std::memory_order_relaxed);
    stops.swap(stops_);
  }
  woken_.notify_all();
  for (const auto& [number, stop] : stops) stop();
}

Status Cancellation::status() const { return cancelled() ? Status(Kind::cancelled, "it was told to stop") : Status(); }

void Cancellation::sleep(std::chrono::nanoseconds delay) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, delay, [this] { return cancelled(); });
}

Cancellation::Watch::Watch(Cancellation* watched, std::function<void()> stop) : watched_(watched) {
  if (watched_ == nullptr) return;
  std::unique_lock lock(watched_->mutex_);
  if (!watched_->cancelled()) {
    number_ = ++watched_->last_;
    watched_->stops_[number_] = std::move(stop);
    return;
  }
  lock.unlock();
  stop();
}

Cancellation::Watch::~Watch() {
  if (watched_ == nullptr) return;
  std::function<void()> stop;  // what it holds is let go without the lock
  const std::lock_guard lock(watched_->mutex_);
  const auto found = watched_->stops_.find(number_);
  if (found == watched_->stops_.end()) return;
  stop = std::move(found->second);
  watched_->stops_.erase(found);
}

}  // namespace weir::store
