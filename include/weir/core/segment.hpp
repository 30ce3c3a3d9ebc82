// Segment: fused stages between two cuts, run as one task. Pulls from its input and pushes to its output until one of
// them has nothing, then returns; a wake-up runs it again.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "weir/core/progress.hpp"
#include "weir/core/ring.hpp"
#include "weir/core/stage.hpp"

namespace weir::detail {

using ChunkRing = Ring<Chunk>;

inline std::uint64_t now_ns() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

/// Adds the time of a scope to a counter.
class Stopwatch {
 public:
  explicit Stopwatch(std::atomic<std::uint64_t>& counter) noexcept : counter_(counter), start_(now_ns()) {}
  ~Stopwatch() { StageCounters::add(counter_, now_ns() - start_); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::atomic<std::uint64_t>& counter_;
  std::uint64_t start_;
};

/// A transform with what it has emitted and nobody took yet.
class TransformNode final : public Emit {
 public:
  TransformNode(Transform& transform, StageCounters& counters) : transform_(transform), counters_(counters) {}

  void operator()(Chunk chunk) override {
    if (chunk.empty()) return;
    StageCounters::add(counters_.bytes_out, chunk.size());
    queue_.push_back(std::move(chunk));
  }
  bool room() const noexcept override { return queue_.size() < kRoom; }

  /// It has more to make of what it took.
  bool again() const noexcept { return again_; }
  /// It took less than there was.
  bool cut_short() const noexcept { return cut_short_; }

  /// The next output; empty at the end. `input` gives the next input likewise.
  template <class Input>
  Result<Chunk> pull(Input&& input) {
    for (;;) {
      if (!queue_.empty()) {
        Chunk chunk = std::move(queue_.front());
        queue_.pop_front();
        return chunk;
      }
      if (finished_) return Chunk();
      WEIR_TRY(step(input));
    }
  }

 private:
  template <class Input>
  Status step(Input&& input) {
    Chunk chunk;
    bool idle = false;  // no input now, but workers may have output
    if (!again_ && !input_ended_ && transform_.done()) {
      input_ended_ = true;
      cut_short_ = true;
    } else if (!again_ && !input_ended_) {
      Result<Chunk> next = input();
      if (!next.ok()) {
        if (!next.status().is_pending() || !transform_.working()) return next.status();
        idle = true;
      } else if (next->empty()) {
        input_ended_ = true;
      } else {
        chunk = std::move(*next);
        StageCounters::add(counters_.bytes_in, chunk.size());
      }
    }
    Status status = call(std::move(chunk));
    if (status.failed()) return status;
    again_ = !idle && !status.ok();
    if (status.ok() && input_ended_) finished_ = true;
    if (queue_.empty() && idle) return Status::pending();
    if (queue_.empty() && status.is_pending()) {
      pending_since_ = now_ns();
      return status;
    }
    return {};
  }
  Status call(Chunk chunk) {
    if (pending_since_ != 0) StageCounters::add(counters_.waited_ns, now_ns() - std::exchange(pending_since_, 0));
    const Stopwatch busy(counters_.busy_ns);
    return input_ended_ ? transform_.finish(*this) : transform_.process(std::move(chunk), *this);
  }

  static constexpr std::size_t kRoom = kTransitSlices - 1;  // what was pulled and waits makes up the rest
  Transform& transform_;
  StageCounters& counters_;
  std::deque<Chunk> queue_;
  bool again_ = false;  // it answered more or pending
  bool input_ended_ = false;
  bool cut_short_ = false;
  bool finished_ = false;
  std::uint64_t pending_since_ = 0;
};

/// What a segment's run ended with.
enum class Step { waiting, again, done };

/// Where a segment's bytes come from: the source, or the ring from the segment before.
struct Inlet {
  Source* source = nullptr;
  StageCounters* counters = nullptr;  // the source's
  ChunkRing* ring = nullptr;
  std::function<void()> wake_producer;

  Result<Chunk> next() {
    if (source == nullptr && ring == nullptr) return Chunk();  // the sink does it all
    if (source != nullptr) {
      const Stopwatch busy(counters->busy_ns);
      Result<Chunk> chunk = source->next();
      if (chunk.ok()) StageCounters::add(counters->bytes_out, chunk->size());
      return chunk;
    }
    Chunk chunk;
    const auto pop = ring->pop(chunk);
    if (ring->producer_owed(ring->depth() / 2)) wake_producer();
    if (pop == ChunkRing::Pop::empty) return Status::pending();
    return chunk;
  }
};

/// Where a segment's bytes go: the ring to the next segment, or the sink.
struct Outlet {
  Sink* sink = nullptr;
  StageCounters* counters = nullptr;  // the sink's
  ChunkRing* ring = nullptr;
  std::function<void()> wake_consumer;
  bool at_once = false;  // each chunk wakes who is behind: what is before may wait in its next call

  /// ok, or pending: the chunk is still the caller's.
  Status put(Chunk& chunk) {
    if (ring != nullptr) {
      if (!ring->push(chunk)) return Status::pending();
      if (ring->consumer_owed(at_once ? 1 : ring->depth() / 2)) wake_consumer();
      return {};
    }
    WEIR_TRY(sink->ready());
    const Stopwatch busy(counters->busy_ns);
    const std::size_t size = chunk.size();
    WEIR_TRY(sink->write(Chunk(chunk)));  // pending: it was not taken and comes again
    StageCounters::add(counters->bytes_in, size);
    return {};
  }
  /// What was put so far is seen by the other side, although more may not come for a while.
  void flush() {
    if (ring != nullptr && ring->consumer_owed(1)) wake_consumer();
  }
};

}  // namespace weir::detail
