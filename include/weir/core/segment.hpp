// Segment: fused stages between two cuts, run as one task. Pulls from its input and pushes to its output until one of
// them has nothing, then returns; a wake-up runs it again.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "weir/core/progress.hpp"
#include "weir/core/ring.hpp"
#include "weir/core/sampling.hpp"
#include "weir/core/stage.hpp"

namespace weir::detail {

using ChunkRing = Ring<Chunk>;

/// Chunks in the order they came.
class ChunkQueue {
 public:
  bool empty() const noexcept { return chunks_.empty(); }
  std::size_t size() const noexcept { return chunks_.size() - front_; }
  void push(Chunk&& chunk) { chunks_.push_back(std::move(chunk)); }
  Chunk pop() noexcept {
    Chunk chunk = std::move(chunks_[front_++]);
    if (front_ == chunks_.size()) chunks_.clear(), front_ = 0;
    return chunk;
  }

 private:
  std::vector<Chunk> chunks_;
  std::size_t front_ = 0;
};

/// What is pulled from: what comes first in a segment, or a transform in it.
class Feed {
 public:
  virtual ~Feed() = default;
  /// The next output; an empty chunk is the end. `into` is empty before; after an error what is in it counts for
  /// nothing.
  virtual Status next(Chunk& into) = 0;
};

/// A transform with what it has emitted and nobody took yet.
class TransformNode final : public Feed, public Emit {
 public:
  TransformNode(Transform& transform, Feed& before, StageCounters& counters, const Sampling& sampling)
      : transform_(transform), before_(before), counters_(counters), sampling_(sampling) {}
  TransformNode(const TransformNode&) = delete;  // the next one pulls from here
  TransformNode& operator=(const TransformNode&) = delete;

  void operator()(Chunk&& chunk) override {
    if (chunk.empty()) return;
    StageCounters::add(counters_.bytes_out, chunk.size());
    if (into_->empty()) {
      *into_ = std::move(chunk);
    } else {
      queue_.push(std::move(chunk));
    }
  }
  bool room() const noexcept override { return (into_->empty() ? 0 : 1) + queue_.size() < kRoom; }

  Status next(Chunk& into) override {
    if (!queue_.empty()) return into = queue_.pop(), Status();
    into_ = &into;
    while (into.empty() && !finished_) WEIR_TRY(step());
    return {};
  }

  /// It has more to make of what it took.
  bool again() const noexcept { return again_; }
  /// It took less than there was.
  bool cut_short() const noexcept { return cut_short_; }
  /// The error is its own.
  bool failed() const noexcept { return failed_; }

 private:
  Status step() {
    Chunk chunk;
    bool idle = false;  // no input now, but workers may have output
    if (again_) {
      if (pending_since_ != 0) StageCounters::add(counters_.waited_ns, now_ns() - std::exchange(pending_since_, 0));
    } else if (!input_ended_) {
      if (transform_.done()) {
        input_ended_ = cut_short_ = true;
      } else if (Status got = before_.next(chunk); got.ok()) {
        input_ended_ = chunk.empty();
        StageCounters::add(counters_.bytes_in, chunk.size());
      } else if (got.is_pending() && transform_.working()) {
        idle = true;
      } else {
        return got;
      }
    }
    Status status = call(std::move(chunk));
    again_ = !idle && !status.ok();
    if (status.ok() && !idle) {
      finished_ = input_ended_;
      return status;
    }
    return status.failed() ? fails(std::move(status)) : waits(idle, std::move(status));
  }
  Status call(Chunk&& chunk) {
    return timed(counters_.busy_ns, sampling_,
                 [&] { return input_ended_ ? transform_.finish(*this) : transform_.process(std::move(chunk), *this); });
  }
  Status waits(bool idle, Status status) {
    if (!into_->empty()) return {};
    if (idle) return Status::pending();
    if (status.is_more()) return {};
    pending_since_ = now_ns();
    return status;
  }
  Status fails(Status status) {
    failed_ = true;
    return std::move(status).in_stage(transform_.name());
  }

  static constexpr std::size_t kRoom = kTransitSlices - 1;  // what was pulled and waits makes up the rest
  Transform& transform_;
  Feed& before_;
  StageCounters& counters_;
  const Sampling& sampling_;
  Chunk* into_ = nullptr;  // of the call of next() under way: most often one chunk comes, and goes right there
  ChunkQueue queue_;       // what comes besides
  bool again_ = false;     // it answered more or pending
  bool input_ended_ = false;
  bool cut_short_ = false;
  bool finished_ = false;
  bool failed_ = false;
  std::uint64_t pending_since_ = 0;
};

/// What a segment's run ended with.
enum class Step { waiting, again, done };

/// Where a segment's bytes come from: the source, or the ring from the segment before.
class Inlet final : public Feed {
 public:
  // Set by the job. Neither a source nor a ring: the sink does it all.
  Source* source = nullptr;
  const std::atomic<bool>* paused = nullptr;  // the source is not asked meanwhile
  StageCounters* counters = nullptr;          // the source's
  const Sampling* sampling = nullptr;
  ChunkRing* ring = nullptr;
  std::function<void()> wake_producer;
  bool at_once = false;  // no room that was made is overlooked: what comes behind may wait in its next call

  Status next(Chunk& into) override {
    if (source != nullptr) return ask(into);
    if (ring == nullptr) return {};
    const auto pop = ring->pop(into);
    const std::size_t room = ring->depth() / 2;
    if (at_once ? ring->settle_popped(room) : ring->producer_owed(room)) wake_producer();
    return pop == ChunkRing::Pop::empty ? Status::pending() : Status();
  }
  /// The room that was made so far is seen by the other side, although there may be no more for a while.
  void flush() {
    if (ring != nullptr && ring->settle_popped(ring->depth() / 2)) wake_producer();
  }

 private:
  Status ask(Chunk& into) {
    if (paused->load(std::memory_order_acquire)) return Status::pending();
    Result<Chunk> chunk = timed(counters->busy_ns, *sampling, [&] { return source->next(); });
    if (!chunk.ok()) return chunk.status().failed() ? chunk.status().in_stage(source->name()) : chunk.status();
    into = *std::move(chunk);
    StageCounters::add(counters->bytes_out, into.size());
    return {};
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

  /// ok, or pending: the chunk is as it was.
  Status put(Chunk& chunk) {
    if (ring != nullptr) {
      if (!ring->push(chunk)) return Status::pending();
      if (at_once ? ring->settle_pushed() : ring->consumer_owed(ring->depth() / 2)) wake_consumer();
      return {};
    }
    WEIR_TRY(sink->ready());
    const std::size_t size = chunk.size();
    WEIR_TRY(timed(counters->busy_ns, *sampling, [&] { return sink->write(std::move(chunk)); }));
    StageCounters::add(counters->bytes_in, size);
    return {};
  }
  /// What was put so far is seen by the other side, although more may not come for a while.
  void flush() {
    if (ring != nullptr && ring->settle_pushed()) wake_consumer();
  }
};

}  // namespace weir::detail
