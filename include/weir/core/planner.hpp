// The planner: turns a pipeline into segments, and deals out the memory, before anything runs.
//
// Neighbouring stages are fused into one segment, and one that blocks takes its segment to a thread that may. A cut, a
// ring between two segments, is placed before a blocking sink and around a blocking transform, so that neither side
// waits in the other's calls; between a heavy tap and another that computes, say two digests, which need nothing of
// each other; and before a heavy stage where there are threads to spare: with two, the workers of a parallel codec and
// the network already fill them, and a hand-over only delays. Authors place cuts by buffered(n).
#pragma once

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "weir/core/pipeline.hpp"
#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"

namespace weir {

/// What the planner decided. Stage 0 is the source, the last one the sink.
struct Plan {
  struct Segment {
    std::size_t first = 0;  ///< index of its first stage
    std::size_t last = 0;   ///< index of its last stage
    bool blocking = false;
    std::size_t ring_depth = 0;  ///< chunks in the ring before it; of the first segment 0
  };
  std::vector<Segment> segments;
  std::size_t ring_depth = 8;            ///< chunks in each ring that the planner placed
  std::vector<Upstream> upstream;        ///< as each stage sees it
  std::vector<std::size_t> grant_bytes;  ///< by stage
  std::vector<std::size_t> slab_bytes;   ///< by stage
  std::size_t needed_bytes = 0;          ///< the smallest budget that would do
  bool sink_replays = false;             ///< the sink reads the source's bytes itself
  bool flows = true;                     ///< data flows through the stages; false: the sink does it all
};

namespace detail {

inline constexpr std::size_t kThreadsWorthCutting = 3;
inline constexpr std::size_t kMostInRing = std::size_t{1} << 20;  // no budget holds so many chunks

/// The slab size for what stage `index` emits: as the next transform likes it that sees these bytes as they are.
inline std::size_t slabs_after(const Pipeline& pipeline, std::size_t index) {
  for (std::size_t i = index; i < pipeline.transforms.size(); ++i) {
    if (const std::size_t liked = pipeline.transforms[i]->likes_slabs_of(); liked != 0) return liked;
    if (!pipeline.transforms[i]->tap()) break;
  }
  return kSliceBytes;
}

/// Whether what `transform` writes can be made again, and by what.
inline void add_recipe(const Transform& transform, Upstream& known) {
  if (transform.tap()) return;
  const auto recipe = transform.recipe();
  if (!recipe) known.made_from.reset();
  known.stages += recipe.value_or(transform.name() + " ?") + "\n";
}

inline Status check_framing(const Stage& stage, const Upstream& known) {
  if (stage.needs() == Framing::bytes || known.framing == Framing::lines) return {};
  return Status(Kind::invalid_argument, stage.name() + " works on lines, and bytes reach it")
      .during("start the pipeline")
      .advise("Put `lines` before it.")
      .in_stage(stage.name());
}

/// Both only look, each at every byte, and one of them for long.
inline bool computing_taps(const Transform& one, const Transform& other) {
  return one.tap() && other.tap() && one.computes() && other.computes() && (one.heavy() || other.heavy());
}

inline void place_cuts(const Pipeline& pipeline, std::size_t threads, Plan& plan) {
  const std::size_t sink = pipeline.transforms.size() + 1;
  const auto stage = [&](std::size_t i) -> const Stage& {
    if (i == 0) return *pipeline.source;
    if (i == sink) return *pipeline.sink;
    return *pipeline.transforms[i - 1];
  };
  plan.segments.push_back({0, 0, pipeline.source->blocking()});
  for (std::size_t i = 1; i <= sink; ++i) {
    Plan::Segment& before = plan.segments.back();
    const Transform* transform = i < sink ? pipeline.transforms[i - 1].get() : nullptr;
    const std::size_t ring = transform != nullptr ? std::min(transform->ring_before(), kMostInRing) : 0;
    const bool after_host = i > 1 && stage(i - 1).blocking();
    const bool pays = stage(i).heavy() && threads >= kThreadsWorthCutting;
    const Transform* last = i > 1 ? pipeline.transforms[i - 2].get() : nullptr;
    const bool beside = transform != nullptr && last != nullptr && threads > 1 && computing_taps(*last, *transform);
    const bool watches = transform != nullptr && transform->watches() && before.blocking;
    const bool needed = stage(i).blocking() || after_host || pays || beside || watches;
    // The author's cut right before this stage is the one that is needed here.
    const bool placed = before.ring_depth > 0 && before.first == i - 1;
    if (ring > 0 || (needed && !placed)) {
      plan.segments.push_back(
          {i, i, stage(i).blocking(), ring > 0 ? std::bit_ceil(std::max<std::size_t>(ring, 2)) : 0});
    } else {
      before.last = i;
      before.blocking = before.blocking || stage(i).blocking();
    }
  }
}

/// Every stage its minimum, then what is left step by step to those who want more. `transit_bytes` is on its way
/// between stages and belongs to none.
inline Status deal_memory(const std::vector<MemoryNeed>& needs, std::size_t transit_bytes, std::size_t budget_bytes,
                          std::size_t floor_bytes, Plan& plan) {
  std::size_t chunks = 0;  // one for each ring that the planner placed: their depth is its own to choose
  std::size_t least = transit_bytes;
  for (std::size_t s = 1; s < plan.segments.size(); ++s) {
    const std::size_t chunk = plan.upstream[plan.segments[s].first].chunk_bytes;
    least += plan.segments[s].ring_depth * chunk;
    if (plan.segments[s].ring_depth == 0) chunks += chunk;
  }
  const std::size_t ring_bytes = chunks * plan.ring_depth;
  const std::size_t least_ring_bytes = chunks * 2;
  for (const MemoryNeed& need : needs) {
    plan.grant_bytes.push_back(need.min_bytes);
    least += need.min_bytes;
  }
  plan.needed_bytes = std::max(least + least_ring_bytes, floor_bytes);
  if (plan.needed_bytes > budget_bytes) {
    Error error;
    error.kind = Kind::budget_too_small;
    error.operation = "start the pipeline";
    error.needed_bytes = (plan.needed_bytes + kMiB - 1) / kMiB * kMiB;
    error.cause = fmt::format("it needs {} MiB of memory and its budget is {:.4g} MiB", error.needed_bytes / kMiB,
                              static_cast<double>(budget_bytes) / static_cast<double>(kMiB));
    error.advice = fmt::format("Give it a budget of at least {} MiB.", error.needed_bytes / kMiB);
    return Status(std::move(error));
  }
  std::size_t left = budget_bytes - least;
  if (left >= ring_bytes + least_ring_bytes) {
    left -= ring_bytes;
  } else {
    plan.ring_depth = 2;
    left -= least_ring_bytes;
  }
  for (std::size_t s = 1; s < plan.segments.size(); ++s) {
    if (plan.segments[s].ring_depth == 0) plan.segments[s].ring_depth = plan.ring_depth;
  }
  for (bool dealt = true; dealt;) {
    dealt = false;
    for (std::size_t i = 0; i < needs.size(); ++i) {
      const std::size_t step = needs[i].step_bytes;
      if (step == 0 || step > left || plan.grant_bytes[i] + step > needs[i].max_bytes) continue;
      plan.grant_bytes[i] += step;
      left -= step;
      dealt = true;
    }
  }
  return {};
}

}  // namespace detail

/// Checks the pipeline and says how it will run. Touches nothing but what describe() looks at.
/// `threads` is how many tasks the executor runs at once; `floor_bytes` the least that any budget is to have: a part of
/// another job needs none. A source that has to wait gives up when `stopping` becomes true.
inline Result<Plan> make_plan(Pipeline& pipeline, std::size_t budget_bytes, std::size_t threads,
                              std::size_t floor_bytes = kMinBudgetBytes, const std::atomic<bool>* stopping = nullptr) {
  const auto& transforms = pipeline.transforms;
  if (!pipeline.source || !pipeline.sink ||
      std::find(transforms.begin(), transforms.end(), nullptr) != transforms.end())
    return Status(Kind::invalid_argument, "the pipeline, or a stage of it, was already given away")
        .during("start the pipeline");
  Plan plan;
  Upstream known;
  plan.upstream.push_back(known);
  known.stopping = stopping;
  if (Status status = pipeline.source->describe(known); !status.ok())
    return std::move(status).in_stage(pipeline.source->name());
  known.stopping = nullptr;
  known.made_from = known.replay;
  plan.upstream.push_back(known);
  for (const auto& transform : pipeline.transforms) {
    WEIR_TRY(detail::check_framing(*transform, known));
    if (!transform->tap()) known.chunk_bytes = kSliceBytes;
    transform->describe(known);
    known.framing = transform->framing(known.framing);
    detail::add_recipe(*transform, known);
    if (!transform->tap()) known.continuable.reset();
    plan.upstream.push_back(known);
  }
  WEIR_TRY(detail::check_framing(*pipeline.sink, known));
  plan.sink_replays = pipeline.sink->replays(known);
  plan.flows = !plan.sink_replays || known.observed;
  detail::place_cuts(pipeline, threads, plan);
  if (!plan.flows)
    plan.segments.assign(1,
                         {pipeline.transforms.size() + 1, pipeline.transforms.size() + 1, pipeline.sink->blocking()});

  std::vector<MemoryNeed> needs;
  std::size_t transit_bytes = 0;
  for (std::size_t i = 0; i < pipeline.transforms.size() + 2; ++i) {
    plan.slab_bytes.push_back(detail::slabs_after(pipeline, i));
    const bool last = i == pipeline.transforms.size() + 1;
    if (!plan.flows && !last) {
      needs.push_back({});
    } else if (i == 0) {
      needs.push_back(pipeline.source->memory(plan.upstream[0]));
      // Slabs that a codec likes are the codec's own input: it counts them.
      if (plan.slab_bytes[0] == kSliceBytes) needs[0].min_bytes = std::max(needs[0].min_bytes, 2 * kSliceBytes);
    } else {
      needs.push_back(last ? pipeline.sink->memory(plan.upstream[i])
                           : pipeline.transforms[i - 1]->memory(plan.upstream[i]));
      if (!last && needs.back().min_bytes > 0) transit_bytes += kTransitSlices * plan.upstream[i + 1].chunk_bytes;
    }
  }
  WEIR_TRY(detail::deal_memory(needs, transit_bytes, budget_bytes, floor_bytes, plan));
  return plan;
}

}  // namespace weir
