#include "net/paced_body.hpp"

#include <algorithm>
#include <utility>

#include "platform/platform.hpp"

namespace weir::net {
namespace {

using std::chrono::nanoseconds;

nanoseconds monotonic_now() { return nanoseconds(platform::platform().monotonic_ns()); }

class PacedBody final : public Body {
 public:
  PacedBody(std::shared_ptr<Body> body, std::shared_ptr<Flow> flow, std::shared_ptr<Executor> executor)
      : body_(std::move(body)), flow_(std::move(flow)), executor_(std::move(executor)) {}

  std::uint64_t size() const override { return body_->size(); }
  Status rewind() override {
    flow_->again();
    return body_->rewind();
  }
  void attach(std::function<void()> wake) override {
    wake_ = wake;
    body_->attach(std::move(wake));
  }
  Result<std::size_t> read(std::span<std::byte> into) override {
    const std::size_t slice = flow_->slice_bytes();
    const bool free = slice == SIZE_MAX && granted_ == 0;
    if (!free) {
      if (!may_move(std::min(slice, into.size()))) return Status::pending();
      into = into.first(std::min(into.size(), granted_));
    }
    Result<std::size_t> got = body_->read(into);
    if (!got) return got;
    if (!free) granted_ -= std::min(granted_, *got);
    flow_->moved(*got);
    return got;
  }

 private:
  /// Whether granted_ bytes may move now; else the wake comes when they may.
  bool may_move(std::size_t bytes) {
    if (granted_ == 0 && bytes > 0) {
      const nanoseconds wait = flow_->reserve(RateLimiter::Way::out, bytes);
      granted_ = bytes;
      due_ = monotonic_now() + wait;
      if (wait > nanoseconds(0)) {
        executor_->post_after(wait, wake_);
        return false;
      }
    }
    return monotonic_now() >= due_;
  }

  const std::shared_ptr<Body> body_;
  const std::shared_ptr<Flow> flow_;
  const std::shared_ptr<Executor> executor_;
  std::function<void()> wake_ = [] {};
  std::size_t granted_ = 0;  ///< bytes that are in the book and have not moved
  nanoseconds due_{0};       ///< when they may
};

}  // namespace

std::shared_ptr<Body> paced(std::shared_ptr<Body> body, std::shared_ptr<Flow> flow,
                            std::shared_ptr<Executor> executor) {
  if (!body || !flow) return body;
  return std::make_shared<PacedBody>(std::move(body), std::move(flow), std::move(executor));
}

}  // namespace weir::net
