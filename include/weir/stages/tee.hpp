// tee(): one stream into several sinks, each through stages of its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/stages/branch.hpp"

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
      branch->plan({.most_bytes = kOnTheWayBytes, .exact_bytes = upstream.exact_bytes, .name = "tee"});
      need.min_bytes += branch->least_bytes();
    }
    need.min_bytes += kOnTheWayBytes;
    need.step_bytes = kShareStep * branches_.size();
    need.max_bytes = need.min_bytes + kMostShare * branches_.size();
    return need;
  }
  Status open(Context& context) override {
    std::size_t spare = context.grant_bytes - kOnTheWayBytes;
    for (const auto& branch : branches_) {
      if (!branch->planned().ok()) return named(branch->planned(), *branch);
      spare -= branch->least_bytes();
    }
    for (const auto& branch : branches_) branch->start(context, branch->least_bytes() + spare / branches_.size());
    return {};
  }
  /// Fails as soon as a branch has, also while nothing comes.
  Status ready() override {
    for (const auto& branch : branches_) WEIR_TRY(look_at(*branch));
    return check_any_left();
  }
  Status write(Chunk&& chunk) override {
    const auto full = [&](const auto& branch) { return !branch->room(chunk.size()); };
    if (std::any_of(branches_.begin(), branches_.end(), full)) return Status::pending();
    for (const auto& branch : branches_) branch->write(chunk);
    bytes_.fetch_add(chunk.size(), std::memory_order_relaxed);
    return {};
  }
  Result<Receipt> close() override {
    bool all = true;
    for (const auto& branch : branches_) {
      branch->close();
      WEIR_TRY(look_at(*branch));
      all = all && branch->result();
    }
    if (!all) return Status::pending();
    WEIR_TRY(check_any_left());
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = bytes_.load(std::memory_order_relaxed);
    receipt.destination = "tee:";
    for (const auto& branch : branches_) receipt.retries += *branch->result() ? (**branch->result()).retries : 0;
    return receipt;
  }
  void abort() override {
    for (const auto& branch : branches_) branch->abort();
  }
  void suspend() override {
    for (const auto& branch : branches_) branch->suspend();
  }
  Status stopped() override {
    const auto stopped = [](const auto& branch) { return branch->stopped(); };
    return std::all_of(branches_.begin(), branches_.end(), stopped) ? Status() : Status::pending();
  }
  void pause(bool on) override {
    for (const auto& branch : branches_) branch->pause(on);
  }
  std::uint64_t confirmed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }
  /// "1.destination" and so on, of each.
  Facts facts() const override {
    Facts facts;
    for (std::size_t i = 0; i < branches_.size(); ++i) branches_[i]->tell(std::to_string(i + 1), facts);
    return facts;
  }

 private:
  static constexpr std::size_t kOnTheWayBytes = 4 * kSliceBytes;
  static constexpr std::size_t kShareStep = kMiB;
  static constexpr std::size_t kMostShare = 1024 * kMiB;  // of a branch, beyond its least

  Status look_at(Branch& branch) const {
    const auto& result = branch.result();
    if (!result || result->ok() || options_.drop_failed) return {};
    return named(result->status(), branch);
  }
  Status check_any_left() const {
    const auto failed = [](const auto& branch) { return branch->result() && !branch->result()->ok(); };
    if (branches_.empty() || !std::all_of(branches_.begin(), branches_.end(), failed)) return {};
    return named(branches_.back()->result()->status(), *branches_.back());
  }
  Status named(Status status, const Branch& branch) const {
    const auto at =
        std::find_if(branches_.begin(), branches_.end(), [&](const auto& one) { return one.get() == &branch; });
    return std::move(status).during(fmt::format("feed branch {} of {}", at - branches_.begin() + 1, branches_.size()));
  }

  const TeeOptions options_;
  std::vector<std::unique_ptr<Branch>> branches_;
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
