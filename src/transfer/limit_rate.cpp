#include "weir/transfer/limit_rate.hpp"

#include <chrono>
#include <utility>

#include "platform/platform.hpp"
#include "weir/net/flow.hpp"

namespace weir {
namespace {

using std::chrono::nanoseconds;

nanoseconds monotonic_now() { return nanoseconds(platform::platform().monotonic_ns()); }

/// One thread at a time, as every stage.
class LimitRate final : public Transform {
 public:
  explicit LimitRate(std::shared_ptr<RateLimiter> limiter) : flow_(std::move(limiter)) {}

  std::string name() const override { return "rate limit"; }
  bool tap() const override { return true; }
  MemoryNeed memory(const Upstream&) const override { return {kSliceBytes, 0, kSliceBytes}; }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) {
      held_ = std::move(chunk);
      const nanoseconds wait = flow_.reserve(RateLimiter::Way::out, held_.size());
      due_ = monotonic_now() + wait;
      if (wait > nanoseconds(0)) context_->executor->post_after(wait, context_->wake);
    }
    return let_go(out);
  }
  Status finish(Emit& out) override { return let_go(out); }

 private:
  Status let_go(Emit& out) {
    if (held_.empty()) return {};
    if (monotonic_now() < due_) return Status::pending();
    out(std::exchange(held_, Chunk()));
    return {};
  }

  Flow flow_;
  Context* context_ = nullptr;
  Chunk held_;
  nanoseconds due_{0};
};

}  // namespace

std::unique_ptr<Transform> limit_rate(std::shared_ptr<RateLimiter> limiter) {
  return std::make_unique<LimitRate>(std::move(limiter));
}

}  // namespace weir
