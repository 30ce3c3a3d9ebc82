// parallel(): stages that work on several chunks of the stream at once, and hand on what they make in its order.
//
// `lines() | parallel([] { return filter(slow) | map(g); })`. Each worker has stages of its own, made by the function
// and never called by two threads at once; what the functions in them share, they must share safely. Only stages may
// stand in it that work on each chunk by itself (Transform::independent()): so how many workers there are, and which
// of them got what, is never visible in the output.
#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "weir/core/guard.hpp"
#include "weir/core/parallel.hpp"
#include "weir/core/pipeline.hpp"
#include "weir/core/segment.hpp"

namespace weir {

struct ParallelOptions {
  std::size_t max_workers = 0;  ///< at once; 0: as many as the executor has threads
};

namespace detail {

/// One chunk under way through stages of its own, in memory of its own: lanes that wait for their turn cannot take from
/// the oldest one what it needs.
class ParallelLane {
 public:
  ParallelLane(Through stages, const Context& of, std::size_t bytes)
      : stages_(std::move(stages.transforms)), counters_(stages_.size()), outer_(of.budget), bytes_(bytes) {
    const auto budget = Budget::make(bytes);
    const auto wake = [free = freed_, wake = of.wake] {
      free->store(true, std::memory_order_release);
      wake();
    };
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      Context& context = contexts_.emplace_back(of);
      context.name = stages_[i]->name();
      context.budget = budget;
      context.wake = wake;
      context.grant_bytes = stages_[i]->memory({}).min_bytes;
      last_ = &nodes_.emplace_back(*stages_[i], *last_, counters_[i], sampling_);
    }
  }
  ParallelLane(const ParallelLane&) = delete;
  ParallelLane& operator=(const ParallelLane&) = delete;
  ~ParallelLane() {
    stages_.clear();
    outer_->give_back(bytes_);
  }
  Status open() {
    for (std::size_t i = 0; i < stages_.size(); ++i) {
      if (Status opened = stages_[i]->open(contexts_[i]); !opened.ok())
        return std::move(opened).in_stage(contexts_[i].name);
    }
    return {};
  }

  /// `offset`: of the chunk, in the stream.
  void take(Chunk chunk, std::uint64_t offset) {
    given = chunk;
    chunk_at_ = offset;
    ahead_ = offset - taken_;
    taken_ += chunk.size();
    input_.chunk = std::move(chunk);
  }
  /// What has been taken, as far as there is room and memory: `status` says ok for all of it, or why not.
  void work() {
    freed_->store(false, std::memory_order_relaxed);
    while (output.size() < kTransitSlices) {
      Chunk made;
      status = last_->next(made);
      if (status.ok()) {
        output.push_back(std::move(made));
        continue;
      }
      if (status.failed()) status = explained(status.error());
      if (status.is_pending() && std::none_of(nodes_.begin(), nodes_.end(), [](auto& node) { return node.again(); }))
        status = {};  // it asks for the next chunk
      return;
    }
    status = Status::more();
  }
  /// It said more, or waited for memory that is there now.
  bool may_go_on() const {
    return status.is_more() || (status.is_pending() && freed_->load(std::memory_order_acquire));
  }

  Chunk given;  // until its work is done
  std::deque<Chunk> output;
  Status status;

 private:
  struct Given final : Feed {
    Status next(Chunk& into) override {
      if (chunk.empty()) return Status::pending();
      into = std::move(chunk);
      return {};
    }
    Chunk chunk;
  };

  /// The first stage's offset is in what the lane has taken; that of another is in what nobody else sees.
  Status explained(Error why) const {
    why.offset = nodes_.front().failed() && why.offset ? ahead_ + *why.offset : chunk_at_;
    return Status(std::move(why));
  }

  std::vector<std::unique_ptr<Transform>> stages_;
  std::deque<StageCounters> counters_;
  const Sampling sampling_;
  std::deque<Context> contexts_;
  Given input_;
  std::deque<TransformNode> nodes_;
  Feed* last_ = &input_;
  const std::shared_ptr<Budget> outer_;
  const std::size_t bytes_;
  /// Since work() began. A late wake-up may outlive the lane.
  const std::shared_ptr<std::atomic<bool>> freed_ = std::make_shared<std::atomic<bool>>(false);
  std::uint64_t taken_ = 0;
  std::uint64_t chunk_at_ = 0;  // in the stream
  std::uint64_t ahead_ = 0;     // of what the lane has taken: the stream
};

class Parallel final : public Transform {
 public:
  Parallel(std::function<Through()> make, ParallelOptions options)
      : make_(std::move(make)), options_(options), prototype_(made()) {}
  /// Functions of the host are called by nobody any more.
  ~Parallel() override {
    if (map_) map_->stop();
  }

  std::string name() const override {
    std::string names;
    for (const auto& stage : prototype_.transforms) names += (names.empty() ? "" : "+") + stage->name();
    return "parallel(" + names + ")";
  }
  std::optional<std::string> recipe() const override {
    std::string recipes;
    for (const auto& stage : prototype_.transforms) {
      const auto one = stage->recipe();
      if (!one) return {};
      recipes += (recipes.empty() ? "" : " | ") + *one;
    }
    return recipes;
  }
  Framing needs() const override {
    return prototype_.transforms.empty() ? Framing::bytes : prototype_.transforms[0]->needs();
  }
  Framing framing(Framing input) const override {
    for (const auto& stage : prototype_.transforms) input = stage->framing(input);
    return input;
  }
  void describe(Upstream& upstream) const override {
    for (const auto& stage : prototype_.transforms) stage->describe(upstream);
  }
  bool working() const override { return map_ && map_->under_way() > 0; }
  std::uint64_t workers_busy_ns() const override { return map_ ? map_->busy_ns() : 0; }

  MemoryNeed memory(const Upstream& upstream) const override {
    const std::size_t workers =
        options_.max_workers != 0 ? options_.max_workers : std::max(1u, std::thread::hardware_concurrency());
    const std::size_t lane = slot_bytes(upstream);
    return {copy_bytes() + lane, lane, copy_bytes() + (workers + 2) * lane};
  }

  Status open(Context& context) override {
    WEIR_TRY(check());
    context_ = &context;
    const std::size_t workers = options_.max_workers != 0 ? options_.max_workers : context.executor->concurrency();
    max_lanes_ =
        std::clamp<std::size_t>((context.grant_bytes - copy_bytes()) / slot_bytes(context.upstream), 1, workers + 2);
    map_.emplace(context.executor, context.wake, [](ParallelLane& lane) { lane.work(); });
    return add_lane();
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) input_ = std::move(chunk);
    while (!input_.empty()) {
      if (map_->idle() == nullptr && map_->lanes() < max_lanes_) WEIR_TRY(add_lane());
      if (ParallelLane* lane = map_->idle()) {
        const std::size_t size = input_.size();
        lane->take(std::move(input_), std::exchange(offset_, offset_ + size));
        input_ = Chunk();
        map_->start();
      } else {
        WEIR_TRY(drain(out));
        if (map_->idle() == nullptr) return Status::pending();
      }
    }
    return drain(out);
  }
  Status finish(Emit& out) override {
    WEIR_TRY(drain(out));
    return map_->under_way() > 0 ? Status::pending() : Status();
  }

 private:
  /// What a lane's stages hold, and what lies between them.
  std::size_t lane_bytes() const {
    return std::accumulate(prototype_.transforms.begin(), prototype_.transforms.end(), std::size_t{0},
                           [](std::size_t sum, const auto& stage) {
                             const std::size_t least = stage->memory({}).min_bytes;
                             return sum + least + (least > 0 ? kTransitSlices * kSliceBytes : 0);
                           });
  }
  /// And the chunk that it works on.
  std::size_t slot_bytes(const Upstream& upstream) const { return lane_bytes() + upstream.chunk_bytes; }
  /// Two slabs for what is handed on.
  std::size_t copy_bytes() const { return 2 * std::max(lane_bytes(), kSliceBytes); }
  /// What has no stage in it has none at all.
  Through made() const {
    Through stages = make_();
    const auto& all = stages.transforms;
    return std::find(all.begin(), all.end(), nullptr) == all.end() ? std::move(stages) : Through();
  }
  Status check() const {
    if (prototype_.transforms.empty())
      return Status(Kind::invalid_argument, "the function gives no stages").during("start the pipeline");
    for (const auto& stage : prototype_.transforms) {
      if (stage->independent() && !stage->blocking()) continue;
      return Status(Kind::invalid_argument,
                    stage->name() + " does not work on each chunk by itself, as several at once must")
          .during("start the pipeline")
          .advise("Put it before or behind `parallel`.")
          .in_stage(stage->name());
    }
    return {};
  }
  Status add_lane() {
    WEIR_ASSIGN(Through stages,
                guarded_call<Result<Through>>("make the stages of a worker", [&] { return Result<Through>(made()); }));
    const auto same = [](const auto& one, const auto& other) { return one->name() == other->name(); };
    const auto& all = stages.transforms;
    const auto& first = prototype_.transforms;
    if (!std::equal(all.begin(), all.end(), first.begin(), first.end(), same))
      return Status(Kind::invalid_argument, "the function gives other stages than the first time")
          .during("make the stages of a worker");
    if (Status status = context_->budget->set_aside(lane_bytes()); !status.ok())
      return map_->lanes() == 0 ? status : Status();
    auto lane = std::make_unique<ParallelLane>(std::move(stages), *context_, lane_bytes());
    WEIR_TRY(lane->open());
    map_->add(std::move(lane));
    return {};
  }
  /// Hands on what the oldest lane has made, and then the next. ok: the oldest is at work, or there is none.
  Status drain(Emit& out) {
    while (ParallelLane* lane = map_->done()) {
      for (; !lane->output.empty(); lane->output.pop_front()) WEIR_TRY(hand_on(*lane, out));
      if (lane->status.failed()) return lane->status;
      if (lane->status.ok()) {
        lane->given = Chunk();
        map_->recycle();
      } else if (lane->may_go_on()) {
        map_->go_on();
      } else {
        break;
      }
    }
    flush(out);
    return {};
  }
  /// Whoever gets it may keep it for long. What lies in the lane's own memory, which its next work needs, is copied.
  Status hand_on(ParallelLane& lane, Emit& out) {
    Chunk& chunk = lane.output.front();
    if (!out.room()) return Status::more();
    if (chunk.shares(lane.given)) {
      flush(out);
      out(std::move(chunk));
      return {};
    }
    if (slab_.free().size() < filled_ + chunk.size()) {
      flush(out);
      slab_ = Slab();
      WEIR_ASSIGN(slab_, context_->budget->acquire(std::max(kSliceBytes, chunk.size()), context_->wake));
    }
    std::memcpy(slab_.free().data() + filled_, chunk.data(), chunk.size());
    filled_ += chunk.size();
    return {};
  }
  void flush(Emit& out) {
    if (filled_ > 0) out(slab_.take(std::exchange(filled_, 0)));
  }

  const std::function<Through()> make_;
  const ParallelOptions options_;
  const Through prototype_;  // is asked, never run
  Context* context_ = nullptr;
  std::size_t max_lanes_ = 1;
  std::optional<OrderedMap<ParallelLane>> map_;
  Chunk input_;
  std::uint64_t offset_ = 0;  // of input_
  Slab slab_;
  std::size_t filled_ = 0;  // of its free space, and not handed on yet
};

}  // namespace detail

/// `make`: () → a transform, or several (Through), the same ones each time. An error names the offset of its chunk in
/// the stream, or of the line in it.
template <class Make>
requires std::is_invocable_v<Make&> && std::convertible_to<std::invoke_result_t<Make&>, Through>
    std::unique_ptr<Transform> parallel(Make make, ParallelOptions options = {}) {
  return std::make_unique<detail::Parallel>([make = std::move(make)]() mutable -> Through { return make(); }, options);
}

}  // namespace weir
