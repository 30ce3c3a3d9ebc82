// The memory of a copy of many, dealt out to the items under way.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace weir::transfer {

/// Who asks first is served first, so that a large item is not passed by small ones for ever. Thread-safe.
class CopyShares {
 public:
  explicit CopyShares(std::size_t bytes) : left_(bytes), all_(bytes) {}

  std::size_t all() const noexcept { return all_; }
  /// Waits. At most all there is; how much it was, to be given back.
  std::size_t take(std::size_t bytes) {
    bytes = std::min(bytes, all_);
    std::unique_lock lock(mutex_);
    const std::uint64_t turn = next_turn_++;
    changed_.wait(lock, [&] { return turn == serving_ && left_ >= bytes; });
    ++serving_;
    left_ -= bytes;
    changed_.notify_all();
    return bytes;
  }
  void give_back(std::size_t bytes) {
    std::lock_guard lock(mutex_);
    left_ += bytes;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
  const std::size_t all_;
  std::uint64_t next_turn_ = 0;
  std::uint64_t serving_ = 0;
};

}  // namespace weir::transfer
