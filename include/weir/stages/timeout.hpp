// timeout(): a stream that falls silent is an error.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weir/core/stage.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/alarm.hpp"

namespace weir {

namespace detail {

class Timeout final : public Transform {
 public:
  explicit Timeout(std::chrono::nanoseconds silence) : silence_(std::min(silence, kLongestTime)) {}
  std::string name() const override { return "timeout"; }
  bool tap() const override { return true; }
  bool watches() const override { return true; }
  bool working() const override { return true; }  // so it is called where nothing comes
  Status open(Context& context) override {
    if (silence_.count() <= 0) return Status(Kind::invalid_argument, "a timeout is longer than no time at all");
    context_ = &context;
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) {
      silent_since_.reset();
      bytes_ += chunk.size();
      out(std::move(chunk));
      return {};
    }
    // Time counts from when something was asked for and did not come, so nobody behind can use it up.
    if (!silent_since_) silent_since_ = context_->clock->now();
    if (!alarm_.due(*context_, *silent_since_ + silence_)) return {};
    const std::string time = format_duration(std::chrono::duration<double>(silence_).count());
    return Status(Kind::timeout, "no data came for " + time).during("wait for data").at(bytes_);
  }

 private:
  const std::chrono::nanoseconds silence_;
  Context* context_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::optional<std::chrono::nanoseconds> silent_since_;
  Alarm alarm_;
};

}  // namespace detail

/// Ends the job with Kind::timeout where, for so long, something was asked for and nothing came. What is behind may
/// take its time, and so may a pause. A source that waits in a call is not interrupted: the sink has stopped by then,
/// and the job ends when that call returns.
inline std::unique_ptr<Transform> timeout(std::chrono::nanoseconds silence) {
  return std::make_unique<detail::Timeout>(silence);
}

}  // namespace weir
