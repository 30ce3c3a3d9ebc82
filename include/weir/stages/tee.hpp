// tee(): one stream into several sinks, each through stages of its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/job.hpp"
#include "weir/stages/handles.hpp"

namespace weir {

struct TeeOptions {
  /// A branch that fails is left behind, and told of in the receipt's facts; the last one's failure is the job's.
  /// False: the first failure ends all that have not ended yet; what is whole by then stays.
  bool drop_failed = false;
};

namespace detail {

/// Each branch is a job of its own, fed by a handle, in a share of the same memory. What is on its way to several is
/// there once; the slowest holds the others back.
class Tee final : public Sink {
 public:
  Tee(std::vector<To> branches, TeeOptions options) : options_(options) {
    for (To& to : branches) branches_.push_back(std::make_unique<Branch>(std::move(to)));
  }
  std::string name() const override { return "tee"; }
  MemoryNeed memory(const Upstream& upstream) const override {
    MemoryNeed need;
    for (const auto& branch : branches_) {
      branch->in.emplace(
          HandleOptions{.most_bytes = kOnTheWayBytes, .exact_bytes = upstream.exact_bytes, .name = "tee"});
      branch->pipeline.source = branch->in->source();
      // No memory at all is refused with what is needed.
      const Status refused = make_plan(branch->pipeline, 0, 1).status();
      const bool plans = refused.kind() == Kind::budget_too_small;
      branch->least_bytes = plans ? refused.error().needed_bytes : 0;
      if (!plans) branch->planned = refused;
      need.min_bytes += branch->least_bytes;
    }
    need.min_bytes += kOnTheWayBytes;
    need.step_bytes = kShareStep * branches_.size();
    need.max_bytes = need.min_bytes + kMostShare * branches_.size();
    return need;
  }
  Status open(Context& context) override {
    context_ = &context;
    std::size_t spare = context.grant_bytes - kOnTheWayBytes;
    for (const auto& branch : branches_) {
      if (!branch->planned.ok()) return named(branch->planned, *branch);
      spare -= branch->least_bytes;
    }
    for (const auto& branch : branches_) {
      branch->in->notify(context.wake);
      JobOptions options;
      options.budget = context.budget;
      options.budget_bytes = branch->least_bytes + spare / branches_.size();
      options.executor = context.executor;
      options.on_end = context.wake;
      branch->job.emplace(start(std::move(branch->pipeline), std::move(options)));
    }
    return {};
  }
  /// Fails as soon as a branch has, also while nothing comes.
  Status ready() override {
    for (const auto& branch : branches_) WEIR_TRY(look_at(*branch));
    return check_any_left();
  }
  Status write(Chunk chunk) override {
    const auto full = [&](const auto& branch) { return !branch->result && !branch->in->room(chunk.size()); };
    if (std::any_of(branches_.begin(), branches_.end(), full)) return Status::pending();
    for (const auto& branch : branches_) {
      // What it fails with, ready() tells.
      if (!branch->result) (void)branch->in->try_write(chunk);
    }
    bytes_.fetch_add(chunk.size(), std::memory_order_relaxed);
    return {};
  }
  Result<Receipt> close() override {
    bool all = true;
    for (const auto& branch : branches_) {
      if (!std::exchange(branch->closed, true)) branch->in->close();
      WEIR_TRY(look_at(*branch));
      all = all && branch->result;
    }
    if (!all) return Status::pending();
    WEIR_TRY(check_any_left());
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = bytes_.load(std::memory_order_relaxed);
    receipt.destination = "tee:";
    for (const auto& branch : branches_) receipt.retries += *branch->result ? (**branch->result).retries : 0;
    return receipt;
  }
  void abort() override {
    for (const auto& branch : branches_) {
      if (branch->job) branch->job->cancel();
    }
  }
  void suspend() override {
    for (const auto& branch : branches_) {
      if (branch->job) branch->job->suspend();
    }
  }
  Status stopped() override {
    for (const auto& branch : branches_) {
      if (branch->job && !branch->job->wait_for(std::chrono::nanoseconds(0))) return Status::pending();
    }
    return {};
  }
  void pause(bool on) override {
    for (const auto& branch : branches_) {
      if (branch->job) on ? branch->job->pause() : branch->job->resume();
    }
  }
  std::uint64_t confirmed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }
  /// "1.destination", "1.etag", "1.checksum", "1.bytes_stored", or "1.failed", of each.
  Facts facts() const override {
    Facts facts;
    for (std::size_t i = 0; i < branches_.size(); ++i) {
      const std::string number = std::to_string(i + 1) + ".";
      const auto& result = branches_[i]->result;
      if (!result) continue;
      if (!result->ok()) {
        facts[number + "failed"] = result->status().message();
        continue;
      }
      const Receipt& receipt = **result;
      facts[number + "destination"] = receipt.destination;
      facts[number + "bytes_stored"] = std::to_string(receipt.bytes_stored);
      if (!receipt.etag.empty()) facts[number + "etag"] = receipt.etag;
      if (!receipt.checksum.empty()) facts[number + "checksum"] = receipt.checksum;
      for (const auto& [key, value] : receipt.facts) facts[number + key] = value;
    }
    return facts;
  }

 private:
  struct Branch {
    explicit Branch(To to) : pipeline{nullptr, std::move(to.through.transforms), std::move(to.sink)} {}
    Pipeline pipeline;
    std::optional<PushHandle> in;  // goes after the job, which its end fails
    Status planned;
    std::size_t least_bytes = 0;
    bool closed = false;
    std::optional<Result<Receipt>> result;
    std::optional<Job> job;
  };
  static constexpr std::size_t kOnTheWayBytes = 4 * kSliceBytes;
  static constexpr std::size_t kShareStep = kMiB;
  static constexpr std::size_t kMostShare = 1024 * kMiB;  // of a branch, beyond its least

  Status look_at(Branch& branch) {
    if (!branch.result) branch.result = branch.job->wait_for(std::chrono::nanoseconds(0));
    if (!branch.result || branch.result->ok() || options_.drop_failed) return {};
    return named(branch.result->status(), branch);
  }
  Status check_any_left() const {
    const auto failed = [](const auto& branch) { return branch->result && !branch->result->ok(); };
    if (branches_.empty() || !std::all_of(branches_.begin(), branches_.end(), failed)) return {};
    return named(branches_.back()->result->status(), *branches_.back());
  }
  Status named(Status status, const Branch& branch) const {
    const auto at =
        std::find_if(branches_.begin(), branches_.end(), [&](const auto& one) { return one.get() == &branch; });
    return std::move(status).during(fmt::format("feed branch {} of {}", at - branches_.begin() + 1, branches_.size()));
  }

  const TeeOptions options_;
  std::vector<std::unique_ptr<Branch>> branches_;
  Context* context_ = nullptr;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace detail

/// Every branch gets every byte: `file(…) | sha256() | tee(zstd() | to("s3://a/x.zst"), to("s3://b/x"))`. The job is
/// done when all are.
inline std::unique_ptr<Sink> tee(std::vector<To> branches, TeeOptions options = {}) {
  return std::make_unique<detail::Tee>(std::move(branches), options);
}
template <class... Branches>
requires(std::is_convertible_v<Branches&&, To>&&...) std::unique_ptr<Sink> tee(Branches&&... branches) {
  std::vector<To> list;
  (list.push_back(std::forward<Branches>(branches)), ...);
  return tee(std::move(list));
}

}  // namespace weir
