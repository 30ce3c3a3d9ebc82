#include "weir/transfer/copy_many.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "platform/platform.hpp"
#include "transfer/copy_one.hpp"

namespace weir {
namespace transfer {
namespace {

constexpr std::uint32_t kMostFiles = 256;

std::uint64_t now_ns() { return static_cast<std::uint64_t>(platform::platform().monotonic_ns()); }

}  // namespace

/// Thread-safe. A few workers take items from the walk until there are none; the last one ends the whole.
class CopyCore : public std::enable_shared_from_this<CopyCore> {
 public:
  CopyCore(std::vector<std::string> sources, std::string destination, CopyOptions options)
      : options_(std::move(options)),
        walk_(options_, std::move(sources), std::move(destination)),
        shares_(options_.budget_bytes),
        hosted_(options_.executor != nullptr),
        started_ns_(now_ns()) {
    if (!options_.executor) options_.executor = Executor::default_pool();
  }

  void start() {
    workers_pool_->post_blocking([self = shared_from_this()] { self->begin(); });
  }
  void cancel();
  CopyProgress progress() const;
  std::optional<Result<CopySummary>> wait(std::optional<std::chrono::nanoseconds> timeout);
  void rest();

 private:
  Status check_options() const;
  void begin();
  void work();
  std::optional<CopyTask> take();
  void note(const CopyItem& item);
  void running(const CopyTask* task, Job* job);
  void end();

  CopyOptions options_;
  std::mutex walk_mutex_;  ///< held while a listing is asked for its next page
  CopyWalk walk_;
  CopyShares shares_;
  const bool hosted_;  ///< on an executor of the host's
  /// Threads of their own: those that wait for a job must not take the place of those that do its work.
  std::shared_ptr<Executor> workers_pool_ = Executor::make_pool(1);
  const std::uint64_t started_ns_;
  std::atomic<bool> stopping_{false};
  std::mutex item_mutex_;  ///< one on_item at a time

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable ended_;
  CopySummary summary_;
  std::map<const CopyTask*, Job*> jobs_;
  std::uint64_t under_way_ = 0;
  std::uint32_t workers_ = 0;
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
  error.cause = fmt::format("a budget of {} bytes is below the least of {}", options_.budget_bytes, kMinBudgetBytes);
  error.advice = "Give it a budget of at least 8 MiB.";
  error.needed_bytes = kMinBudgetBytes;
  return Status(std::move(error));
}

void CopyCore::begin() {
  Status status = check_options();
  if (status.ok()) status = walk_.begin();
  if (!status.ok()) {
    std::lock_guard lock(mutex_);
    result_ = std::move(status);
    ended_.notify_all();
    return;
  }
  {
    std::lock_guard lock(mutex_);
    workers_ = options_.files;
  }
  for (std::uint32_t i = 0; i < options_.files; ++i) {
    workers_pool_->post_blocking([self = shared_from_this()] { self->work(); });
  }
}

std::optional<CopyTask> CopyCore::take() {
  std::lock_guard lock(walk_mutex_);
  if (stopping_) return {};
  return walk_.next();
}

void CopyCore::work() {
  const auto own = hosted_ ? nullptr : std::make_shared<CallerExecutor>();
  const CopySurroundings around{options_,
                                walk_.destination(),
                                shares_,
                                own,
                                [this] { return stopping_.load(); },
                                [this](const CopyTask* task, Job* job) { running(task, job); }};
  while (const std::optional<CopyTask> task = take()) {
    {
      std::lock_guard lock(mutex_);
      ++under_way_;
    }
    const CopyItem item = copy_one(*task, around);
    note(item);
  }
  if (own) own->retire();
  end();
}

void CopyCore::note(const CopyItem& item) {
  // What was stopped has neither failed nor been done; the whole says that it was cancelled.
  const bool stopped = item.status.kind() == Kind::cancelled && stopping_;
  {
    std::lock_guard lock(mutex_);
    --under_way_;
    summary_.retries += item.receipt.retries;
    if (stopped) return;
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
  if (stopping_) job->cancel();
}

void CopyCore::end() {
  std::lock_guard lock(mutex_);
  if (--workers_ > 0) return;
  summary_.duration_ns = now_ns() - started_ns_;
  if (stopping_) {
    result_ =
        Status(Kind::cancelled, fmt::format("stopped when {} were copied", summary_.copied)).during("finish the copy");
  } else {
    result_ = summary_;
  }
  ended_.notify_all();
}

void CopyCore::cancel() {
  stopping_ = true;
  std::lock_guard lock(mutex_);
  for (const auto& [task, job] : jobs_) job->cancel();
}

CopyProgress CopyCore::progress() const {
  CopyProgress progress;
  progress.found = walk_.found();
  progress.bytes_found = walk_.bytes_found();
  progress.all_found = walk_.all_found();
  std::lock_guard lock(mutex_);
  static_cast<CopySummary&>(progress) = summary_;
  progress.under_way = under_way_;
  progress.bytes_read = summary_.bytes_copied;
  for (const auto& [task, job] : jobs_) {
    const Progress part = job->progress();
    progress.bytes_read += part.bytes_read;
    progress.retries += part.retries;
  }
  if (!result_) progress.duration_ns = now_ns() - started_ns_;
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
  constexpr const char* kNames[] = {"copied", "kept", "planned", "failed"};
  return kNames[static_cast<std::size_t>(outcome)];
}

CopyRun::CopyRun(std::shared_ptr<transfer::CopyCore> core) : core_(std::move(core)) {}
CopyRun::CopyRun(CopyRun&&) noexcept = default;
CopyRun& CopyRun::operator=(CopyRun&& other) noexcept {
  if (core_ && core_ != other.core_) core_->cancel();
  core_ = std::move(other.core_);
  return *this;
}
CopyRun::~CopyRun() {
  if (core_) core_->cancel();
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
void CopyRun::cancel() { core_->cancel(); }
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
