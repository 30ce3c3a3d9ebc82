// Ring: the bounded hand-over between two segments. One producer, one consumer, no locks, no waiting inside.
//
// Indices grow without end and each lies on a cache line of its own beside the copy of the other's that its owner
// keeps, so that the two sides touch each other's line only when the ring looks full or empty. A side that finds
// nothing to do announces that it waits; the other side wakes it in batches (at half), since a sleep costs more than
// many hand-overs. While a side is at work it may overlook what was announced a moment ago; before it stops it looks in
// a way that overlooks nothing (settle_*), which a locked instruction is needed for.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

namespace weir {

/// What is moved from an item's place is to leave nothing there that holds anything. push, end and settle_pushed by the
/// producer alone; pop and settle_popped by the consumer alone; the rest from anywhere.
template <class Item>
class Ring {
 public:
  /// Holds `depth` items, rounded up to a power of two; at least 2.
  explicit Ring(std::size_t depth)
      : mask_(std::bit_ceil(depth < 2 ? std::size_t{2} : depth) - 1), slots_(new Item[mask_ + 1]) {}

  std::size_t depth() const noexcept { return mask_ + 1; }
  std::size_t size() const noexcept {
    return tail_.load(std::memory_order_acquire) - head_.load(std::memory_order_acquire);
  }

  /// False if full: the item is untouched, and the producer will be owed a wake-up.
  bool push(Item& item) noexcept {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - cached_head_ > mask_) {
      cached_head_ = head_.load(std::memory_order_acquire);
      if (tail - cached_head_ > mask_ && !announce(producer_waits_, [&] {
            cached_head_ = head_.load(std::memory_order_seq_cst);
            return tail - cached_head_ <= mask_;
          })) {
        return false;
      }
    }
    slots_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  /// No more items will come. To be settled after.
  void end() noexcept { ended_.store(true, std::memory_order_seq_cst); }

  enum class Pop { item, empty, ended };
  /// empty: the consumer will be owed a wake-up.
  Pop pop(Item& into) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == cached_tail_) {
      const auto look = [&] {
        // ended_ first: what was pushed before end() is then seen too.
        const bool ended = ended_.load(std::memory_order_seq_cst);
        cached_tail_ = tail_.load(std::memory_order_seq_cst);
        return head != cached_tail_ || ended;
      };
      if (!look() && !announce(consumer_waits_, look)) return Pop::empty;
      if (head == cached_tail_) return Pop::ended;
    }
    into = std::move(slots_[head & mask_]);
    head_.store(head + 1, std::memory_order_release);
    return Pop::item;
  }

  /// True once for each announced wait of the consumer, when there is enough to make a wake-up worth it.
  bool consumer_owed(std::size_t at_least) noexcept {
    if (!consumer_waits_.load(std::memory_order_seq_cst)) return false;
    if (size() < at_least && !ended_.load(std::memory_order_acquire)) return false;
    return consumer_waits_.exchange(false, std::memory_order_acq_rel);
  }
  /// True once for each announced wait of the producer, when at least `room` slots are free.
  bool producer_owed(std::size_t room) noexcept {
    if (!producer_waits_.load(std::memory_order_seq_cst)) return false;
    if (depth() - size() < room) return false;
    return producer_waits_.exchange(false, std::memory_order_acq_rel);
  }
  /// By the producer, which will push no more for now: is the consumer owed a wake-up, however little there is?
  bool settle_pushed() noexcept {
    tail_.fetch_add(0, std::memory_order_seq_cst);
    return consumer_owed(1);
  }
  /// By the consumer, which will pop no more for now: is the producer owed a wake-up?
  bool settle_popped(std::size_t room) noexcept {
    head_.fetch_add(0, std::memory_order_seq_cst);
    return producer_owed(room);
  }

 private:
  /// Announces a wait, then looks once more, so that no wake-up is lost between looking and announcing: of the waiting
  /// side's announce-then-look and the other's settle-then-check, all sequentially consistent, one must see the other.
  template <class Look>
  static bool announce(std::atomic<bool>& waits, Look look) noexcept {
    waits.store(true, std::memory_order_seq_cst);
    if (!look()) return false;
    waits.store(false, std::memory_order_relaxed);
    return true;
  }

  static constexpr std::size_t kLine = 64;
  const std::size_t mask_;
  const std::unique_ptr<Item[]> slots_;
  alignas(kLine) std::atomic<std::size_t> tail_{0};
  std::size_t cached_head_ = 0;  // the producer's
  alignas(kLine) std::atomic<std::size_t> head_{0};
  std::size_t cached_tail_ = 0;  // the consumer's
  alignas(kLine) std::atomic<bool> producer_waits_{false};
  std::atomic<bool> consumer_waits_{false};
  std::atomic<bool> ended_{false};
};

}  // namespace weir
