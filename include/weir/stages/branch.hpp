// Branch: a sink, with the stages before it, as a job of its own that another stage feeds.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weir/core/job.hpp"
#include "weir/stages/handles.hpp"

namespace weir::detail {

/// Its memory is a share of the job's that it is a part of. pause() is for any thread, the rest for one at a time.
class Branch {
 public:
  explicit Branch(To to) : pipeline_{nullptr, std::move(to.through.transforms), std::move(to.sink)} {}

  /// How it is fed, once before the start; again replaces it.
  void plan(const HandleOptions& options) {
    in_.emplace(options);
    pipeline_.source = in_->source();
    // No memory at all is refused with what is needed, by a plan with as many cuts as there may be.
    planned_ = make_plan(pipeline_, 0, kThreadsWorthCutting, 0).status();
    least_bytes_ = planned_.kind() == Kind::budget_too_small ? planned_.error().needed_bytes : 0;
    if (least_bytes_ != 0) planned_ = Status();
  }
  /// What it needs to run.
  std::size_t least_bytes() const noexcept { return least_bytes_; }
  /// Why it cannot run in any memory.
  const Status& planned() const noexcept { return planned_; }
  /// `context` is that of the stage that feeds it, which is woken when there is room, and at the end.
  void start(const Context& context, std::size_t budget_bytes) {
    in_->notify(context.wake);
    JobOptions options;
    options.budget = context.budget;
    options.budget_bytes = budget_bytes;
    options.executor = context.executor;
    options.on_end = context.wake;
    job_.emplace(weir::start(std::move(pipeline_), std::move(options)));
  }

  /// Whether write() is for now. True of one that has ended: it wants no more, or failed, as result() tells.
  bool room(std::size_t bytes) { return result() || (!in_->broken() && in_->room(bytes)); }
  /// After room().
  void write(Chunk chunk) {
    if (!result_) (void)in_->try_write(std::move(chunk));
  }
  /// All was written.
  void close() {
    if (!std::exchange(closed_, true)) in_->close();
  }
  /// None while it runs.
  const std::optional<Result<Receipt>>& result() {
    if (!result_ && job_) result_ = job_->wait_for(std::chrono::nanoseconds(0));
    return result_;
  }
  const std::optional<Result<Receipt>>& result() const noexcept { return result_; }  // as it was last seen

  void abort() {
    if (job_) job_->cancel();
  }
  void suspend() {
    if (job_) job_->suspend();
  }
  bool stopped() { return !job_ || result(); }
  void pause(bool on) {
    if (job_) on ? job_->pause() : job_->resume();
  }

  /// "NAME.destination", "NAME.etag", "NAME.checksum", "NAME.bytes_stored", or "NAME.failed", once it has ended.
  void tell(const std::string& name, Facts& facts) const {
    if (!result_) return;
    if (!result_->ok()) {
      facts[name + ".failed"] = result_->status().message();
      return;
    }
    const Receipt& receipt = **result_;
    facts[name + ".destination"] = receipt.destination;
    facts[name + ".bytes_stored"] = std::to_string(receipt.bytes_stored);
    if (!receipt.etag.empty()) facts[name + ".etag"] = receipt.etag;
    if (!receipt.checksum.empty()) facts[name + ".checksum"] = receipt.checksum;
    for (const auto& [key, value] : receipt.facts) facts[name + "." + key] = value;
  }

 private:
  Pipeline pipeline_;
  std::optional<PushHandle> in_;
  std::size_t least_bytes_ = 0;
  Status planned_;
  bool closed_ = false;
  std::optional<Result<Receipt>> result_;
  std::optional<Job> job_;  // goes first: a handle that is dropped would be its failure
};

}  // namespace weir::detail
