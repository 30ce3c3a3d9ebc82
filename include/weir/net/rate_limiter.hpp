// RateLimiter: a cap on bytes a second, for one transfer, for several that share it, or for the whole process.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace weir {

/// Keeps a book of what was promised: whoever asks is told when its bytes may move, in the order of asking, so nobody
/// starves and the mean rate is exact. Bodies count, each time they are sent; protocol and TLS do not. Thread-safe.
class RateLimiter {
 public:
  /// Each has the whole rate: a copy from store to store is not halved.
  enum class Way : std::uint8_t { out, in };

  /// 0: no limit. A transfer takes it in its options; share one to make several keep to one rate.
  static std::shared_ptr<RateLimiter> make(std::uint64_t bytes_per_second) {
    return std::make_shared<RateLimiter>(bytes_per_second);
  }
  /// The one that every transfer of this process keeps to beside its own. No limit until set_rate().
  static RateLimiter& of_process();

  explicit RateLimiter(std::uint64_t bytes_per_second = 0) : rate_(bytes_per_second) {}
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  /// Holds from now on, for what already waits too. 0: no limit.
  void set_rate(std::uint64_t bytes_per_second);
  std::uint64_t rate() const;

  /// How many bytes are worth moving at once: few enough that many connections all stay alive at a low rate.
  std::size_t slice_bytes() const;
  /// How long to wait before `bytes` may move. They are in the book then: move them, and do not ask for them again.
  std::chrono::nanoseconds reserve(Way way, std::uint64_t bytes);
  /// The same at a monotonic time of the caller's.
  std::chrono::nanoseconds reserve(Way way, std::uint64_t bytes, std::chrono::nanoseconds now);
  /// All that was promised so far. Where it grows as fast as the rate allows, the rate is what limits.
  std::uint64_t promised_bytes(Way way) const;

 private:
  struct Lane {
    std::uint64_t promised_bytes = 0;
    bool used = false;
    std::chrono::nanoseconds free_at{0};  ///< when all that was promised has moved
  };

  mutable std::mutex mutex_;
  std::uint64_t rate_;
  Lane lanes_[2];
};

}  // namespace weir
