// Job: a running pipeline. start() plans it, reserves its memory and lets its segments run on the executor.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "weir/core/pipeline.hpp"
#include "weir/core/planner.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/retry.hpp"
#include "weir/core/segment.hpp"
#include "weir/core/trace.hpp"

namespace weir {

struct JobOptions {
  std::size_t budget_bytes = kDefaultBudgetBytes;  ///< at least kMinBudgetBytes
  std::shared_ptr<Executor> executor;              ///< none: the process-wide pool
  /// Called about ten times a second on a thread of the executor's that may block, and once at the end, before wait()
  /// answers. Never two calls at once.
  std::function<void(const Progress&)> on_progress;
  /// Called once, on a thread of the executor's that may block, after the last on_progress. Once wait() has answered,
  /// it has returned, and neither of the two is called or held any more; so it must not wait for what waits for the
  /// job. From its call on wait_for() no longer says that the job goes on; inside it both answer at once.
  std::function<void()> on_end = {};
  /// Called on the job's own threads, perhaps on several at once, with each turn of a segment. It must not wait. Where
  /// it is not set, it costs nothing.
  std::function<void(const TraceEvent&)> on_trace = {};
  /// The memory of another job, of which this one is a part and takes budget_bytes, however few: what both hold counts
  /// once. None: a budget of its own.
  std::shared_ptr<Budget> budget = {};
};

namespace detail {

/// All that a job is. Kept alive by its handle and by each task of it.
class JobCore : public std::enable_shared_from_this<JobCore> {
 public:
  JobCore(Pipeline pipeline, JobOptions options)
      : pipeline_(std::move(pipeline)), options_(std::move(options)), start_ns_(now_ns()) {
    if (!options_.executor) options_.executor = Executor::default_pool();
    (void)out_of_memory(), (void)cancelled(), (void)suspended();  // made while there is some
  }

  // Reasons of stop(). To tell of them takes no memory.
  static const Status& cancelled();
  static const Status& suspended();

  /// Plans, reserves and runs. A failure here ends the job before anything has happened.
  void start();
  /// As start(), on a thread of the executor's that may block: a source may have to ask a network what it reads.
  void start_later();
  void pause(bool on);
  /// The first reason wins; the job winds up and reports it.
  /// With `keep`, what a later job can go on with stays at the destination.
  void stop(Status reason, bool keep = false);
  Progress progress() const;
  /// Waits at most `timeout`; none if the job has not ended by then.
  std::optional<Result<Receipt>> wait(std::optional<std::chrono::nanoseconds> timeout);
  /// Calls it once wait() answers at once: now, or later on whichever thread ended the job. It must not wait.
  void when_ended(std::function<void()> listener);

 private:
  struct Runner {
    Plan::Segment stages;
    Sampling sampling;
    Inlet inlet;
    std::deque<TransformNode> nodes;
    Feed* feed = &inlet;  // the last of these
    Outlet outlet;
    Chunk held;  // pulled, but not yet taken by the outlet
    bool input_ended = false;
    bool aborted = false;
    bool wind_up_threw = false;
    std::atomic<bool> ended{false};
    std::atomic<bool> unwanted{false};  // a later segment has all it wants
    std::uint64_t waiting_since = 0;
    bool waits_for_output = false;

    enum class State : std::uint8_t { idle, queued, running, rerun };
    std::atomic<State> state{State::idle};
  };

  static const Status& out_of_memory();
  static Status thrown() noexcept;
  Status prepare();
  Status open_stages();
  void connect(const Plan& plan);
  Stage& stage(std::size_t index) const;
  void wake(std::size_t segment);
  void wake_all();
  bool post(std::size_t segment) noexcept;
  void run(std::size_t segment);
  Step step(Runner& runner);
  Step threw(Runner& runner) noexcept;
  Step move_data(Runner& runner);
  Step wait_for_input(Runner& runner);
  Step finish_output(Runner& runner);
  Step wind_up(Runner& runner);
  void note_wait(Runner& runner, bool for_output);
  void trace(TraceEvent::What what) const;
  void trace_turn(const Runner& runner, Step outcome, std::uint64_t begin_ns) const;
  void segment_ended(std::size_t segment);
  Status seal(Receipt& receipt);
  static Status check_same_bytes(const Facts& source, Receipt& receipt);
  Result<Receipt> outcome();
  void complete(Result<Receipt> result) noexcept;
  void tell_end();
  void report_later() noexcept;
  void post_report() noexcept;
  void report();
  void measure(Progress& progress) const;

  static constexpr int kChunksPerRun = 64;  // then others get their turn, unless it all was over in
  static constexpr std::uint64_t kShortRunNs = 1'000'000;

  Pipeline pipeline_;
  JobOptions options_;
  const std::uint64_t start_ns_;
  const std::shared_ptr<JobClock> clock_ = std::make_shared<JobClock>();
  Plan plan_;
  std::shared_ptr<Budget> budget_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::vector<std::unique_ptr<ChunkRing>> rings_;
  std::vector<std::unique_ptr<Runner>> runners_;
  std::vector<std::unique_ptr<StageCounters>> counters_;
  std::vector<std::string> names_;
  std::atomic<std::size_t> live_segments_{0};
  std::atomic<bool> cut_short_{false};  // a stage had enough before the source's end
  std::atomic<bool> started_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> keep_{false};  // set before stopping_
  std::atomic<bool> paused_{false};

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable ended_;
  Status reason_;
  std::optional<Receipt> receipt_;
  std::vector<std::function<void()>> listeners_;  // to the end; see when_ended()
  std::optional<Result<Receipt>> outcome_;  // what result_ is to be, once the callbacks are about to have heard of it
  std::optional<Result<Receipt>> result_;
  bool told_ = false;        // on_end has returned
  std::thread::id telling_;  // the thread that is inside on_end
  Progress last_;            // of the sink, once it is gone
  mutable RateMeter meter_;
  bool prepared_ = false;  // stages are open, and what is told of them is there
  bool sink_alive_ = true;
  std::shared_ptr<JobCore> keep_alive_;  // from the start to the end, so that winding up outlives a dropped handle
  std::mutex report_mutex_;              // one on_progress at a time; taken before mutex_
};

}  // namespace detail

/// A handle on a running pipeline; move-only. All calls are thread-safe. Dropping it cancels the job and does not wait.
class Job {
 public:
  explicit Job(std::shared_ptr<detail::JobCore> core) : core_(std::move(core)) {}
  Job(Job&&) noexcept = default;
  Job& operator=(Job&& other) noexcept {
    if (core_ && core_ != other.core_) cancel();
    core_ = std::move(other.core_);
    return *this;
  }
  ~Job() {
    if (core_) cancel();
  }

  /// Waits for the end. The receipt, or why there is none; the same answer each time.
  Result<Receipt> wait() { return *core_->wait({}); }
  /// As wait(), but none if the job has not ended within `timeout`.
  std::optional<Result<Receipt>> wait_for(std::chrono::nanoseconds timeout) { return core_->wait(timeout); }
  /// Takes nothing more from the source and starts no new request; what is under way ends.
  void pause() { core_->pause(true); }
  void resume() { core_->pause(false); }
  /// Stops, removes what was begun, and lets wait() report Kind::cancelled.
  void cancel() { core_->stop(detail::JobCore::cancelled()); }
  /// As cancel(), but an upload with a ledger stays at the store, and the same call goes on with it, in any process.
  void suspend() { core_->stop(detail::JobCore::suspended(), true); }
  Progress progress() const { return core_->progress(); }

 private:
  std::shared_ptr<detail::JobCore> core_;
};

/// Starts a pipeline. It never fails by itself: a pipeline that cannot work, or that the budget cannot hold, is a job
/// that has already ended with the reason, having touched nothing.
inline Job start(Pipeline pipeline, JobOptions options = {}) {
  auto core = std::make_shared<detail::JobCore>(std::move(pipeline), std::move(options));
  core->start();
  return Job(std::move(core));
}

}  // namespace weir

#include "weir/core/job_impl.hpp"      // IWYU pragma: export
#include "weir/core/job_progress.hpp"  // IWYU pragma: export
