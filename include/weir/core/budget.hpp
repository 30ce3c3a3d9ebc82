// Budget: the memory one job may hold. It hands out slabs, and is the one place that waits for memory.
//
// Slabs are 4 KiB-aligned, pooled by size, and given back when their last Chunk is. The sum of all slabs alive and
// pooled never passes the limit. What a stage allocates otherwise (a codec's context) it declares and the planner sets
// aside with `set_aside`.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "weir/core/chunk.hpp"
#include "weir/core/status.hpp"

namespace weir {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;
/// What a source fills and a codec emits at a time: small enough to stay in a core's cache, large enough to pay a
/// hand-off.
inline constexpr std::size_t kSliceBytes = 256 * kKiB;
/// One compression frame, and the slab that holds it.
inline constexpr std::size_t kFrameBytes = 4 * kMiB;
/// Slices on their way from one stage to the next, at most: emitted, and not yet taken.
inline constexpr std::size_t kTransitSlices = 3;
inline constexpr std::size_t kDefaultBudgetBytes = 64 * kMiB;
inline constexpr std::size_t kMinBudgetBytes = 8 * kMiB;

class Slab;

/// Thread-safe. Lives (by shared_ptr) as long as any slab of it.
class Budget : public std::enable_shared_from_this<Budget> {
 public:
  static std::shared_ptr<Budget> make(std::size_t limit_bytes) {
    return std::shared_ptr<Budget>(new Budget(limit_bytes));
  }
  ~Budget() { trim(0); }
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// A slab of `bytes` (rounded up to 4 KiB), or pending: then `wake` is called once, when there may be room. An empty
  /// `wake`: who asks will ask again by itself.
  /// Fails with budget_too_small where no amount of waiting could help.
  Result<Slab> acquire(std::size_t bytes, std::function<void()> wake);

  /// Takes `bytes` out of the budget for memory that is not slabs; `give_back` returns it.
  Status set_aside(std::size_t bytes) {
    std::lock_guard lock(mutex_);
    if (used_ + bytes > limit_) return too_small(used_ + bytes);
    used_ += bytes;
    peak_ = std::max(peak_, used_);
    shrink_pool();
    return {};
  }
  void give_back(std::size_t bytes) {
    {
      std::lock_guard lock(mutex_);
      used_ -= bytes;
    }
    wake_waiters();
  }

  std::size_t limit_bytes() const noexcept { return limit_; }
  std::size_t used_bytes() const {
    std::lock_guard lock(mutex_);
    return used_;
  }
  std::size_t peak_bytes() const {
    std::lock_guard lock(mutex_);
    return peak_;
  }
  /// Gives pooled memory back to the system until at most `keep_bytes` are pooled.
  void trim(std::size_t keep_bytes) {
    std::lock_guard lock(mutex_);
    while (pooled_ > keep_bytes) evict_one();
  }

 private:
  friend class Slab;
  explicit Budget(std::size_t limit_bytes) : limit_(limit_bytes) {}

  Status too_small(std::size_t needed) const {
    Error error;
    error.kind = Kind::budget_too_small;
    error.cause = fmt::format("the memory budget of {} bytes does not hold {} bytes", limit_, needed);
    error.needed_bytes = needed;
    return Status(std::move(error));
  }
  void release(std::byte* memory, std::size_t bytes) noexcept {
    {
      std::lock_guard lock(mutex_);
      used_ -= bytes;
      try {
        pool_[bytes].push_back(memory);
        pooled_ += bytes;
      } catch (const std::bad_alloc&) {
        ::munmap(memory, bytes);
      }
    }
    wake_waiters();
  }
  void wake_waiters() noexcept {
    std::vector<std::function<void()>> waiters;
    {
      std::lock_guard lock(mutex_);
      waiters.swap(waiters_);
    }
    for (auto& wake : waiters) wake();
  }
  void shrink_pool() {
    while (pooled_ > 0 && used_ + pooled_ > limit_) evict_one();
  }
  void evict_one() {
    for (auto& [bytes, blocks] : pool_) {
      if (blocks.empty()) continue;
      ::munmap(blocks.back(), bytes);
      blocks.pop_back();
      pooled_ -= bytes;
      return;
    }
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
  std::size_t pooled_ = 0;
  std::size_t peak_ = 0;
  std::unordered_map<std::size_t, std::vector<std::byte*>> pool_;
  std::vector<std::function<void()>> waiters_;
};

/// Writable memory of a budget, filled front to back. What was taken as a Chunk is no longer writable.
/// Move-only; thread-compatible. The memory goes back when the Slab and all its chunks are gone.
class Slab {
 public:
  Slab() noexcept = default;
  Slab(Slab&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), taken_(std::exchange(other.taken_, 0)) {}
  Slab& operator=(Slab&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(taken_, other.taken_);
    return *this;
  }
  ~Slab() {
    if (owner_ != nullptr && owner_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) owner_->release(owner_);
  }

  explicit operator bool() const noexcept { return owner_ != nullptr; }
  std::size_t capacity() const noexcept { return owner_ == nullptr ? 0 : owner_->bytes; }
  /// The part not yet taken.
  std::span<std::byte> free() const noexcept {
    return owner_ == nullptr ? std::span<std::byte>() : std::span(owner_->memory + taken_, owner_->bytes - taken_);
  }
  /// The first `count` bytes of free(), now immutable.
  Chunk take(std::size_t count) noexcept {
    owner_->references.fetch_add(1, std::memory_order_relaxed);
    Chunk chunk(owner_->memory + taken_, count, owner_);
    taken_ += count;
    return chunk;
  }

 private:
  friend class Budget;
  struct Owner : ChunkOwner {
    Owner(std::shared_ptr<Budget> from, std::byte* start, std::size_t size)
        : ChunkOwner(
              [](ChunkOwner* self) noexcept {
                std::unique_ptr<Owner> owner(static_cast<Owner*>(self));
                owner->budget->release(owner->memory, owner->bytes);
              },
              size),
          budget(std::move(from)),
          memory(start) {}
    std::shared_ptr<Budget> budget;
    std::byte* memory;
  };
  explicit Slab(Owner* owner) noexcept : owner_(owner) {}

  Owner* owner_ = nullptr;
  std::size_t taken_ = 0;
};

inline Result<Slab> Budget::acquire(std::size_t bytes, std::function<void()> wake) {
  bytes = (bytes + 4095) / 4096 * 4096;
  std::unique_lock lock(mutex_);
  if (bytes > limit_) return too_small(bytes);
  if (used_ + bytes > limit_) {
    if (wake) waiters_.push_back(std::move(wake));
    return Status::pending();
  }
  auto owner = std::make_unique<Slab::Owner>(shared_from_this(), nullptr, bytes);
  auto& blocks = pool_[bytes];
  used_ += bytes;
  peak_ = std::max(peak_, used_);
  std::byte* memory = nullptr;
  if (!blocks.empty()) {
    memory = blocks.back();
    blocks.pop_back();
    pooled_ -= bytes;
  } else {
    shrink_pool();
    void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
      used_ -= bytes;
      return Status(Kind::no_memory, fmt::format("the system has no {} bytes of memory left", bytes));
    }
    memory = static_cast<std::byte*>(mapped);
  }
  lock.unlock();
  owner->memory = memory;
  return Slab(owner.release());
}

}  // namespace weir
