// JobObject: a job, and what it needs of the interface.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "abi/context.hpp"
#include "abi/handles.hpp"
#include "abi/host.hpp"
#include "abi/pull.hpp"
#include "abi/push.hpp"
#include "abi/signal.hpp"
#include "weir/core/job.hpp"

namespace weir::abi {

/// What weir_job_options said.
struct JobSettings {
  std::shared_ptr<SharedContext> context;
  bool has_context = false;        ///< the host named it
  std::uint64_t budget_bytes = 0;  ///< 0: as the context says
  std::shared_ptr<PushObject> push;
  std::shared_ptr<PullObject> pull;
  std::string through;
  ByteRange range;   ///< of what is read
  std::string etag;  ///< that it must have; empty: any
  ObjectOptions object;
  std::uint64_t part_bytes = 0;
  std::uint32_t concurrency = 0;
  bool begin_anew = false;
  JobOptions job;  ///< callbacks, budget and executor

  /// Threads and memory are those of the context, unless the host said otherwise.
  void use(std::shared_ptr<SharedContext> shared);
  bool of_part() const noexcept { return !range.is_all() || !etag.empty(); }
  /// Options for the places that `names` has.
  EndpointOptions endpoint(std::string_view names) const;
  /// The stages that `through` says.
  Result<Through> read_through() const;
};
/// Takes the host of the callbacks, also where it fails.
Answer read_job_options(const weir_job_options* given, JobSettings& into);
/// Of a call that is refused before it reads them: their host goes.
void release_job_options(const weir_job_options* given);

/// Thread-safe.
class JobObject final : public Object {
 public:
  static constexpr const char* kType = "job";
  JobObject(std::shared_ptr<detail::JobCore> core, std::shared_ptr<SharedContext> shared)
      : job(core), context(std::move(shared)), core_(std::move(core)) {}
  const char* type() const noexcept override { return kType; }
  // Once. Before it nothing of the job's has happened, and none of its callbacks comes.

  /// On a thread of the executor's: to begin may take a question to a network.
  void begin() { core_->start_later(); }
  /// By a thread that waits for the end anyhow.
  void begin_here() { core_->start(); }
  /// Readable from its end on. Made at the first call.
  Result<int> descriptor();

  Job job;
  const std::shared_ptr<SharedContext> context;

 private:
  const std::shared_ptr<detail::JobCore> core_;
  std::mutex mutex_;
  std::shared_ptr<Signal> ended_;  // null: nobody asked
};

/// Of a timeout of the host's, not below 0: longer than any host runs, and still a number of nanoseconds.
inline std::chrono::milliseconds time_to_wait(std::int64_t timeout_ms) {
  return std::chrono::milliseconds(std::min(timeout_ms, std::int64_t{1000} * 3600 * 24 * 365 * 10));
}
/// Waits, and records how it ended. None: the time is over. Below 0: no limit.
std::optional<Result<Receipt>> wait_for_end(JobObject& job, std::int64_t timeout_ms);

/// Reads `options`, and gives the host the job that `make` makes.
weir_status give_job(weir_job** job, weir_error* error, const weir_job_options* options,
                     const std::function<Answer(JobSettings, std::shared_ptr<JobObject>&)>& make) noexcept;

// Make the job that is described. On success `into` is the job, to begin() when the host knows of it.

Answer make_pipeline_job(const std::string& text, JobSettings settings, std::shared_ptr<JobObject>& into);
Answer make_copy_job(const std::string& source, const std::string& destination, JobSettings settings,
                     std::shared_ptr<JobObject>& into);
/// Takes the callbacks out of `settings`.
std::shared_ptr<JobObject> make_job(Pipeline pipeline, JobSettings& settings);
/// Gives it a handle, and then begins it.
void begin_job(const std::shared_ptr<JobObject>& made, weir_job** job);

void fill_progress(const Progress& from, weir_progress& into) noexcept;
/// `out` may be null; was checked.
void fill_receipt(const Receipt& from, weir_receipt* out);
/// Of results that may be NULL.
Answer check_receipt(const weir_receipt* out);

}  // namespace weir::abi
