#include "weir/transfer/copy_many.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "platform/platform.hpp"
#include "store/concerns_all.hpp"
#include "transfer/copy_ahead.hpp"
#include "transfer/copy_one.hpp"
#include "weir/core/units.hpp"

namespace weir {
namespace transfer {
namespace {

constexpr std::uint32_t kMostFiles = 256;

std::uint64_t now_ns() { return static_cast<std::uint64_t>(platform::platform().monotonic_ns()); }

}  // namespace

/// Thread-safe. One thread walks, a few workers take the items until there are none; the last of all ends the whole.
class CopyCore : public std::enable_shared_from_this<CopyCore> {
 public:
  CopyCore(std::vector<std::string> sources, std::string destination, CopyOptions options)
      : options_(std::move(options)),
        record_(options_),
        walk_(options_, std::move(sources), std::move(destination), record_),
        shares_(options_.budget_bytes),
        hosted_(options_.executor != nullptr),
        started_ns_(now_ns()) {
    if (!options_.executor) options_.executor = Executor::default_pool();
  }

  void start() {
    workers_pool_->post_blocking([self = shared_from_this()] { self->begin(); });
  }
  void cancel(bool keep);
  CopyProgress progress() const;
  std::optional<Result<CopySummary>> wait(std::optional<std::chrono::nanoseconds> timeout);
  void rest();

 private:
  Status check_options() const;
  void begin();
  void work();
  void note(const CopyTask& task, const CopyItem& item, std::uint64_t copied_before);
  bool is_common(const CopyTask& task, const Error& error, std::uint64_t copied_before) const;
  void stop(bool keep);
  static void stop(Job& job, bool keep) { keep ? job.suspend() : job.cancel(); }
  void running(const CopyTask* task, Job* job);
  void copying(const CopyTask* task, Store::Cancel cancel);
  void end();
  void measure(CopyProgress& progress) const;

  CopyOptions options_;
  CopyRecord record_;
  CopyWalk walk_;
  CopyAhead ahead_;
  CopyShares shares_;
  const bool hosted_;  ///< on an executor of the host's
  /// Threads of their own: those that wait for a job must not take the place of those that do its work.
  std::shared_ptr<Executor> workers_pool_ = Executor::make_pool(1);
  const std::uint64_t started_ns_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> keep_{false};  ///< what can be gone on with; set before stopping_
  std::mutex item_mutex_;          ///< one on_item at a time

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable ended_;
  CopySummary summary_;
  std::map<const CopyTask*, Job*> jobs_;
  std::map<const CopyTask*, Store::Cancel> copies_;  ///< those that stores make
  std::uint64_t under_way_ = 0;
  std::uint64_t bytes_ended_ = 0;  ///< sizes of items that have ended
  std::uint32_t threads_ = 0;
  Status common_;                  ///< not ok: why none of the rest is tried
  std::string left_;               ///< advice of the first item that was stopped: what it may have left behind
  mutable RateMeter read_meter_;   ///< of what was read
  mutable RateMeter done_meter_;   ///< of CopyProgress::bytes_done
  mutable RateMeter items_meter_;  ///< of items that have ended
  std::optional<Result<CopySummary>> result_;
};

Status CopyCore::check_options() const {
  if (options_.files == 0 || options_.files > kMostFiles)
    return Status(Kind::invalid_argument,
                  fmt::format("{} files at once is no number from 1 to {}", options_.files, kMostFiles))
        .during("copy");
  if (options_.budget_bytes >= kMinBudgetBytes) return {};
  Error error;
  error.kind = Kind::budget_too_small;
  error.operation = "copy";
  error.cause = fmt::format("a budget of {} is below the least of {}", format_size(options_.budget_bytes),
                            format_size(kMinBudgetBytes));
  error.advice = "Give it a budget of at least 8 MiB.";
  error.needed_bytes = kMinBudgetBytes;
  return Status(std::move(error));
}

void CopyCore::begin() {
  Status status = check_options();
  if (status.ok()) status = walk_.begin();
  if (!status.ok()) {
    record_.end(false);
    options_.on_item = nullptr;
    std::lock_guard lock(mutex_);
    result_ = std::move(status);
    ended_.notify_all();
    return;
  }
  {
    std::lock_guard lock(mutex_);
    threads_ = options_.files + 1;
  }
  workers_pool_->post_blocking([self = shared_from_this()] {
    self->ahead_.walk(self->walk_);
    self->end();
  });
  for (std::uint32_t i = 0; i < options_.files; ++i) {
    workers_pool_->post_blocking([self = shared_from_this()] { self->work(); });
  }
}

void CopyCore::work() {
  const auto own = hosted_ ? nullptr : std::make_shared<CallerExecutor>();
  const CopySurroundings around{
      options_,
      walk_.destination(),
      shares_,
      record_,
      own,
      walk_.names_one(),
      [this] { return stopping_.load(); },
      [this](const CopyTask* task, Job* job) { running(task, job); },
      [this](const CopyTask* task, Store::Cancel cancel) { copying(task, std::move(cancel)); }};
  while (const std::optional<CopyTask> task = ahead_.take()) {
    std::uint64_t copied_before = 0;
    {
      std::lock_guard lock(mutex_);
      ++under_way_;
      copied_before = summary_.copied;
    }
    const CopyItem item = copy_one(*task, around);
    note(*task, item, copied_before);
  }
  if (own) own->retire();
  end();
}

/// Whether every other item would fail in the same way. `copied_before`: how many were copied when this one began.
bool CopyCore::is_common(const CopyTask& task, const Error& error, std::uint64_t copied_before) const {
  if (error.kind == Kind::no_space) return true;
  // Nothing was taken yet, and what was asked for is the same for all.
  const bool of_options = !options_.endpoint.object.is_default() && store::may_concern_options(error);
  if (of_options && task.source && summary_.copied == 0) return true;
  if (!store::concerns_all(error) || !task.source || summary_.copied != copied_before) return false;
  // A bucket that is not there may be that of one source among several.
  return error.kind != Kind::not_found || task.source->from.local != nullptr || walk_.sources() == 1;
}

void CopyCore::note(const CopyTask& task, const CopyItem& item, std::uint64_t copied_before) {
  // What was stopped has neither failed nor been done; the whole says that it was cancelled.
  const bool stopped = item.status.kind() == Kind::cancelled && stopping_;
  {
    std::lock_guard lock(mutex_);
    --under_way_;
    bytes_ended_ += task.object.size;
    summary_.retries += item.receipt.retries;
    if (stopped) {
      if (left_.empty()) left_ = item.status.error().advice;
      return;
    }
    if (item.outcome == CopyOutcome::failed) {
      if (!common_.ok()) return;  // the same once more
      if (is_common(task, item.status.error(), copied_before)) {
        ++summary_.failed;
        common_ = summary_.first_failure = item.status;
        return stop(common_.kind() != Kind::no_space);
      }
    }
    switch (item.outcome) {
      case CopyOutcome::copied:
        ++summary_.copied;
        summary_.bytes_copied += item.bytes;
        break;
      case CopyOutcome::kept:
        ++summary_.kept;
        break;
      case CopyOutcome::planned:
        ++summary_.planned;
        break;
      case CopyOutcome::skipped:
        ++summary_.skipped;
        break;
      case CopyOutcome::failed:
        if (summary_.failed++ == 0) summary_.first_failure = item.status;
        break;
    }
  }
  if (!options_.on_item) return;
  std::lock_guard lock(item_mutex_);
  options_.on_item(item);
}

void CopyCore::running(const CopyTask* task, Job* job) {
  std::lock_guard lock(mutex_);
  if (job == nullptr) {
    jobs_.erase(task);
    return;
  }
  jobs_[task] = job;
  if (stopping_) stop(*job, keep_);
}

void CopyCore::copying(const CopyTask* task, Store::Cancel cancel) {
  std::lock_guard lock(mutex_);
  if (!cancel) {
    copies_.erase(task);
    return;
  }
  if (stopping_) cancel();
  copies_[task] = std::move(cancel);
}

void CopyCore::end() {
  std::unique_lock lock(mutex_);
  if (--threads_ > 0) return;
  const bool stopped_early = stopping_;
  const bool whole = !stopped_early && summary_.failed == 0;
  lock.unlock();  // it may wait for a disk
  record_.end(whole);
  options_.on_item = nullptr;  // what it holds goes before anyone hears of the end
  lock.lock();
  summary_.duration_ns = now_ns() - started_ns_;
  if (!common_.ok()) {
    if (!walk_.names_one()) common_.add_advice("The rest would fail in the same way and was not tried.");
    if (summary_.copied > 0) common_.add_advice(fmt::format("{} were copied before, and stay.", summary_.copied));
    result_ = common_;
  } else if (stopped_early) {
    Status stopped(Kind::cancelled, fmt::format("stopped when {} were copied", summary_.copied));
    stopped.during("finish the copy");
    if (!left_.empty()) stopped.advise(left_);
    result_ = std::move(stopped);
  } else {
    result_ = summary_;
  }
  ended_.notify_all();
}

void CopyCore::cancel(bool keep) {
  std::lock_guard lock(mutex_);
  stop(keep);
}

/// With the mutex held.
void CopyCore::stop(bool keep) {
  if (!stopping_) keep_ = keep;
  stopping_ = true;
  ahead_.stop();
  for (const auto& [task, job] : jobs_) stop(*job, keep_);
  for (const auto& [task, cancel] : copies_) cancel();
}

/// The rate that is shown is of bytes that move; what is left is told from how fast items are done with, since those
/// that are kept cost little.
void CopyCore::measure(CopyProgress& progress) const {
  read_meter_.update(progress.bytes_read, progress.duration_ns);
  done_meter_.update(progress.bytes_done, progress.duration_ns);
  items_meter_.update(progress.items(), progress.duration_ns);
  progress.bytes_per_second = read_meter_.bytes_per_second();
  if (result_) return;
  progress.stalled_seconds =
      std::min({read_meter_.stalled_seconds(), done_meter_.stalled_seconds(), items_meter_.stalled_seconds()});
  if (!progress.all_found || !walk_.all_sized()) return;
  const bool only_empty_ones = progress.bytes_done >= progress.bytes_found;
  progress.eta_seconds =
      only_empty_ones ? items_meter_.eta_seconds(progress.found) : done_meter_.eta_seconds(progress.bytes_found);
}

CopyProgress CopyCore::progress() const {
  CopyProgress progress;
  progress.all_found = walk_.all_found();  // first: what is found then is all
  progress.found = walk_.found();
  progress.bytes_found = walk_.bytes_found();
  std::lock_guard lock(mutex_);
  static_cast<CopySummary&>(progress) = summary_;
  progress.under_way = under_way_;
  progress.bytes_read = summary_.bytes_copied;
  progress.bytes_done = bytes_ended_;
  for (const auto& [task, job] : jobs_) {
    const Progress part = job->progress();
    progress.bytes_read += part.bytes_read;
    progress.bytes_done += std::min(part.bytes_read, task->object.size);
    progress.retries += part.retries;
  }
  if (!result_) progress.duration_ns = now_ns() - started_ns_;
  measure(progress);
  return progress;
}

std::optional<Result<CopySummary>> CopyCore::wait(std::optional<std::chrono::nanoseconds> timeout) {
  std::unique_lock lock(mutex_);
  const auto ended = [&] { return result_.has_value(); };
  if (timeout) {
    ended_.wait_for(lock, *timeout, ended);
  } else {
    ended_.wait(lock, ended);
  }
  return result_;
}

/// Has the threads of what has ended end too, here: a program that goes next leaves none behind in the middle of that.
void CopyCore::rest() {
  std::shared_ptr<Executor> ending;
  std::lock_guard lock(mutex_);
  if (result_) ending.swap(workers_pool_);
}

}  // namespace transfer

const char* to_string(CopyOutcome outcome) noexcept {
  constexpr const char* kNames[] = {"copied", "kept", "planned", "failed", "skipped"};
  return kNames[static_cast<std::size_t>(outcome)];
}

CopyRun::CopyRun(std::shared_ptr<transfer::CopyCore> core) : core_(std::move(core)) {}
CopyRun::CopyRun(CopyRun&&) noexcept = default;
CopyRun& CopyRun::operator=(CopyRun&& other) noexcept {
  if (core_ && core_ != other.core_) core_->cancel(false);
  core_ = std::move(other.core_);
  return *this;
}
CopyRun::~CopyRun() {
  if (core_) core_->cancel(false);
}

Result<CopySummary> CopyRun::wait() {
  auto result = *core_->wait({});
  core_->rest();
  return result;
}
std::optional<Result<CopySummary>> CopyRun::wait_for(std::chrono::nanoseconds timeout) {
  auto result = core_->wait(timeout);
  core_->rest();
  return result;
}
void CopyRun::cancel() { core_->cancel(false); }
void CopyRun::suspend() { core_->cancel(true); }
CopyProgress CopyRun::progress() const { return core_->progress(); }

CopyRun start_copy(std::vector<std::string> sources, std::string destination, CopyOptions options) {
  auto core = std::make_shared<transfer::CopyCore>(std::move(sources), std::move(destination), std::move(options));
  core->start();
  return CopyRun(std::move(core));
}

Result<CopySummary> copy_many(std::vector<std::string> sources, std::string destination, CopyOptions options) {
  return start_copy(std::move(sources), std::move(destination), std::move(options)).wait();
}

}  // namespace weir
