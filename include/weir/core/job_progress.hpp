// What a running job tells of itself: snapshots of its progress, and reports of them. See job.hpp.
#pragma once

#include <tuple>

#include "weir/core/job.hpp"

namespace weir::detail {

/// The stage nearest the end among those that keep the others waiting most.
inline std::string limiting_stage(const std::vector<StageProgress>& stages) {
  std::uint64_t most = 0;
  for (const StageProgress& stage : stages) most = std::max(most, stage.busy_ns + stage.waited_ns);
  for (std::size_t i = stages.size(); i-- > 0 && most > 0;) {
    if (static_cast<double>(stages[i].busy_ns + stages[i].waited_ns) >= 0.8 * static_cast<double>(most))
      return stages[i].name;
  }
  return {};
}

inline Progress JobCore::progress() const {
  std::lock_guard lock(mutex_);
  if (!sink_alive_) return last_;
  Progress progress;
  progress.state = stopping_ ? JobState::stopping : paused_ ? JobState::paused : JobState::running;
  progress.elapsed_ns = now_ns() - start_ns_;
  if (!prepared_) return progress;
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    const StageCounters& c = *counters_[i];
    progress.stages.push_back({names_[i], c.bytes_in, c.bytes_out, c.busy_ns, c.waited_ns, c.starved_ns, c.blocked_ns});
  }
  for (std::size_t i = 0; plan_.flows && i < pipeline_.transforms.size(); ++i) {
    const std::uint64_t workers = pipeline_.transforms[i]->workers_busy_ns();
    progress.stages[i + 1].busy_ns += workers / options_.executor->concurrency();
  }
  for (const auto& runner : runners_) {
    if (runner->inlet.ring == nullptr || rings_.empty()) continue;
    progress.stages[runner->stages.first].ring_chunks = runner->inlet.ring->size();
    progress.stages[runner->stages.first].ring_depth = runner->inlet.ring->depth();
  }
  // A segment starves for its source, and waits for its sink, only when these themselves make it wait.
  progress.stages.front().waited_ns += progress.stages.front().starved_ns;
  progress.stages.back().waited_ns += progress.stages.back().blocked_ns;
  progress.limited_by = limiting_stage(progress.stages);
  progress.total_bytes = plan_.upstream[1].exact_bytes;
  progress.bytes_confirmed = progress.bytes_sent = pipeline_.sink->confirmed_bytes();
  progress.bytes_read = plan_.flows ? counters_[0]->bytes_out.load() : progress.bytes_confirmed;
  progress.bytes_done = progress.bytes_read;
  std::tie(progress.parts_done, progress.parts_in_flight) = pipeline_.sink->parts();
  progress.retries = pipeline_.sink->retries() + (plan_.flows ? pipeline_.source->retries() : 0);
  progress.last_retry = pipeline_.sink->last_retry();
  if (progress.last_retry.ok() && plan_.flows) progress.last_retry = pipeline_.source->last_retry();
  progress.memory_bytes = budget_->used_bytes();
  progress.memory_limit_bytes = budget_->limit_bytes();
  if (plan_.flows) pipeline_.source->tell(progress);
  pipeline_.sink->tell(progress);
  if (!plan_.flows) progress.bytes_read = progress.bytes_done;  // the sink reads by itself
  measure(progress);
  return progress;
}

/// Rates and remaining time, as far as snapshots were taken.
inline void JobCore::measure(Progress& progress) const {
  meter_.update(progress.bytes_done, progress.elapsed_ns);
  const bool runs = progress.state == JobState::running;
  if (progress.state == JobState::paused) meter_.skip(progress.elapsed_ns);
  progress.bytes_per_second = meter_.bytes_per_second();
  progress.bytes_per_second_now = meter_.bytes_per_second_now();
  if (progress.elapsed_ns > 0) {
    progress.bytes_per_second_mean =
        static_cast<double>(progress.bytes_done) * 1e9 / static_cast<double>(progress.elapsed_ns);
  }
  if (runs && progress.total_bytes) progress.eta_seconds = meter_.eta_seconds(*progress.total_bytes);
  progress.stalled_seconds = runs ? meter_.stalled_seconds() : 0;
}

/// No memory for a report: that was the last but the one at the end.
inline void JobCore::report_later() noexcept {
  try {
    options_.executor->post_after(std::chrono::milliseconds(100), [weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->post_report();
    });
  } catch (const std::bad_alloc&) {
  }
}

inline void JobCore::post_report() noexcept {
  try {
    options_.executor->post_blocking([weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->report();
    });
  } catch (const std::bad_alloc&) {
  }
}

inline void JobCore::report() {
  {
    std::lock_guard reporting(report_mutex_);
    Progress now;
    try {
      now = progress();
    } catch (const std::bad_alloc&) {
      return;
    }
    if (now.state >= JobState::done) return;  // tell_end() reports the end
    options_.on_progress(now);
  }
  report_later();
}

}  // namespace weir::detail
