// Requests that follow each other and are cancelled as one.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace weir::store {

/// Thread-safe. One request at a time: the next is started by the `done` of the one before.
class Chain {
 public:
  /// `wire` is whatever has start(prepare, done) and gives back what cancels it.
  template <class Wire>
  void next(Wire& wire, typename Wire::Prepare prepare, typename Wire::Done done) {
    std::unique_lock lock(mutex_);
    const int turn = ++turn_;
    lock.unlock();
    std::function<void()> cancel = wire.start(std::move(prepare), std::move(done));
    lock.lock();
    // The answer may have come and started the next request meanwhile: then this one needs no cancelling.
    if (turn == turn_) cancel_ = cancel;
    if (!cancelled_) return;
    lock.unlock();
    cancel();
  }

  void cancel() {
    std::unique_lock lock(mutex_);
    cancelled_ = true;
    const std::function<void()> running = cancel_;
    lock.unlock();
    if (running) running();
  }

 private:
  std::mutex mutex_;
  int turn_ = 0;
  bool cancelled_ = false;
  std::function<void()> cancel_;
};

}  // namespace weir::store
