// Segment: fused stages between two cuts, run as one task. Pulls from its input and pushes to its output until one of
// them has nothing, then returns; a wake-up runs it again.
#pragma once

#include <chrono>
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

/// Which chunks' ways through a segment are timed: each while they take long, and every 61st, for all 61, while they
/// are so short that looking at the clock would be most of them.
class Sampling {
 public:
  /// A chunk sets out.
  void begin() noexcept {
    ++ahead_;
    weight_ = ahead_ >= every_ ? std::exchange(ahead_, 0) : 0;
    if (weight_ != 0) begun_ns_ = now_ns();
  }
  /// It is through.
  void end() noexcept {
    if (weight_ == 0) return;
    last_ns_ = now_ns();
    every_ = last_ns_ - begun_ns_ < kShortNs ? kEvery : 1;
    weight_ = 1;  // what happens between chunks
  }
  /// For how many chunks this one stands; 0: it is not timed.
  std::uint64_t weight() const noexcept { return weight_; }
  /// When a timed one was through; as late as the last of them.
  std::uint64_t last_ns() const noexcept { return last_ns_; }

 private:
  static constexpr std::uint64_t kEvery = 61;  // no divisor of what frames have
  static constexpr std::uint64_t kShortNs = 4'000;
  std::uint64_t every_ = 1;
  std::uint64_t ahead_ = 0;
  std::uint64_t weight_ = 1;
  std::uint64_t begun_ns_ = 0;
  std::uint64_t last_ns_ = 0;
};

/// Adds the time of a scope to a counter, so often as `sampling` says.
class Stopwatch {
 public:
  Stopwatch(std::atomic<std::uint64_t>& counter, const Sampling& sampling) noexcept
      : counter_(counter), weight_(sampling.weight()), start_(weight_ == 0 ? 0 : now_ns()) {}
  ~Stopwatch() {
    if (weight_ != 0) StageCounters::add(counter_, (now_ns() - start_) * weight_);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  std::atomic<std::uint64_t>& counter_;
  const std::uint64_t weight_;
  const std::uint64_t start_;
};

/// Chunks in the order they came. Most often there is one, and no memory is taken for it.
class ChunkQueue {
 public:
  bool empty() const noexcept { return chunks_.size() == front_; }
  std::size_t size() const noexcept { return chunks_.size() - front_; }
  void push(Chunk chunk) { chunks_.push_back(std::move(chunk)); }
  Chunk pop() noexcept {
    Chunk chunk = std::move(chunks_[front_++]);
    if (empty()) chunks_.clear(), front_ = 0;
    return chunk;
  }

 private:
  std::vector<Chunk> chunks_;
  std::size_t front_ = 0;
};

/// A transform with what it has emitted and nobody took yet.
class TransformNode final : public Emit {
 public:
  TransformNode(Transform& transform, StageCounters& counters, const Sampling& sampling)
      : transform_(transform), counters_(counters), sampling_(sampling) {}

  void operator()(Chunk chunk) override {
    if (chunk.empty()) return;
    StageCounters::add(counters_.bytes_out, chunk.size());
    queue_.push(std::move(chunk));
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
      if (!queue_.empty()) return queue_.pop();
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
    const Stopwatch busy(counters_.busy_ns, sampling_);
    return input_ended_ ? transform_.finish(*this) : transform_.process(std::move(chunk), *this);
  }

  static constexpr std::size_t kRoom = kTransitSlices - 1;  // what was pulled and waits makes up the rest
  Transform& transform_;
  StageCounters& counters_;
  const Sampling& sampling_;
  ChunkQueue queue_;
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
  const Sampling* sampling = nullptr;
  ChunkRing* ring = nullptr;
  std::function<void()> wake_producer;

  Result<Chunk> next() {
    if (source == nullptr && ring == nullptr) return Chunk();  // the sink does it all
    if (source != nullptr) {
      const Stopwatch busy(counters->busy_ns, *sampling);
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
  const Sampling* sampling = nullptr;
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
    const Stopwatch busy(counters->busy_ns, *sampling);
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
