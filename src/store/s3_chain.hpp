// Requests that follow each other and are cancelled as one.
#pragma once

#include <mutex>
#include <utility>

#include "store/s3_wire.hpp"

namespace weir::s3 {

/// Thread-safe. One request at a time: the next is started by the `done` of the one before.
class Chain {
 public:
  void next(Wire& wire, Wire::Prepare prepare, Wire::Done done) {
    std::unique_lock lock(mutex_);
    const int turn = ++turn_;
    lock.unlock();
    Target::Cancel cancel = wire.start(std::move(prepare), std::move(done));
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
    const Target::Cancel running = cancel_;
    lock.unlock();
    if (running) running();
  }

 private:
  std::mutex mutex_;
  int turn_ = 0;
  bool cancelled_ = false;
  Target::Cancel cancel_;
};

}  // namespace weir::s3
