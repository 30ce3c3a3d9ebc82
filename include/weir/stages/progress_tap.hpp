// progress_tap(): tells the host how many bytes have come by, at a place in the middle of a pipeline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

class ProgressTap final : public Transform {
 public:
  ProgressTap(std::function<void(std::uint64_t)> told, std::chrono::nanoseconds every)
      : told_(std::move(told)), every_(every) {}
  std::string name() const override { return "progress_tap"; }
  bool tap() const override { return true; }
  Status process(Chunk&& chunk, Emit& out) override {
    bytes_ += chunk.size();
    out(std::move(chunk));
    return std::chrono::steady_clock::now() - last_ >= every_ ? report() : Status();
  }
  Status finish(Emit&) override { return report(); }

 private:
  Status report() {
    last_ = std::chrono::steady_clock::now();
    return guarded_call<Status>("tell of progress", [this] { return told_(bytes_), Status(); });
  }

  const std::function<void(std::uint64_t)> told_;
  const std::chrono::nanoseconds every_;
  std::uint64_t bytes_ = 0;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace detail

/// Calls `told(bytes_so_far)` when bytes come by, not more often than `every`, and once at the end of the stream; on
/// whichever thread runs the stage, one call at a time. It must not wait; what it throws ends the job.
inline std::unique_ptr<Transform> progress_tap(std::function<void(std::uint64_t bytes_so_far)> told,
                                               std::chrono::nanoseconds every = std::chrono::milliseconds(100)) {
  return std::make_unique<detail::ProgressTap>(std::move(told), every);
}

}  // namespace weir
