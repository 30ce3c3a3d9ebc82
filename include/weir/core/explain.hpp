// explain(): how a pipeline would run, as text for people.
#pragma once

#include <string>

#include "weir/core/planner.hpp"
#include "weir/core/units.hpp"

namespace weir {

/// Segments with their stages and threads, the cuts between them, and the memory that each stage would hold; a line
/// each. Errors: those that start() would end with before anything runs. Opens nothing. `threads`: how many tasks the
/// executor runs at once.
inline Result<std::string> explain(Pipeline& pipeline, std::size_t budget_bytes, std::size_t threads) {
  WEIR_ASSIGN(const Plan plan, make_plan(pipeline, budget_bytes, threads));
  const std::size_t sink = pipeline.transforms.size() + 1;
  const auto stage = [&](std::size_t i) -> const Stage& {
    if (i == 0) return *pipeline.source;
    if (i == sink) return *pipeline.sink;
    return *pipeline.transforms[i - 1];
  };
  std::string text;
  for (std::size_t s = 0; s < plan.segments.size(); ++s) {
    const Plan::Segment& segment = plan.segments[s];
    if (s > 0) text += fmt::format("  cut: a ring of {} chunks\n", segment.ring_depth);
    text += fmt::format("segment {}, on {}:\n", s + 1, segment.blocking ? "a thread that may wait" : "the pool");
    for (std::size_t i = segment.first; i <= segment.last; ++i) {
      const std::size_t bytes = plan.grant_bytes[i];
      text += fmt::format("  {:20}{}{}\n", stage(i).name(),
                          bytes > 0 ? "up to " + format_size(bytes) : "no memory of its own",
                          i == sink && plan.sink_replays ? ", reads the source by itself" : "");
    }
  }
  const std::string& changed = plan.upstream[sink].stages;
  const bool made_again = changed.empty() || plan.upstream[sink].made_from != nullptr;
  text += fmt::format("memory: at least {}, at most {}\n", format_size(plan.needed_bytes), format_size(budget_bytes));
  text += fmt::format("after a kill: {}\n", made_again ? "the same bytes can be made again, and what is stored stays"
                                                       : "what comes again is compared with what is stored");
  return text;
}

}  // namespace weir
