// PullObject: what a host reads from, at its own pace.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "abi/handles.hpp"
#include "abi/signal.hpp"
#include "weir/stages/handles.hpp"

namespace weir::abi {

class PullObject final : public Object {
 public:
  static constexpr const char* kType = "pull handle";
  explicit PullObject(const HandleOptions& options);
  const char* type() const noexcept override { return kType; }

  /// For the one pipeline that it drains. invalid_argument where it has one.
  Status claim();
  /// After claim(): as if it had not been.
  void disclaim() noexcept { attached_ = false; }
  /// After claim(), once.
  std::unique_ptr<Sink> sink() { return handle_.sink(); }

  /// Calls `with` alone; WEIR_E_STATE where another thread is inside.
  Answer alone(const std::function<Answer()>& with);
  // Inside alone():

  /// Whether there is a chunk(): WEIR_END, pending, or an error where not.
  Answer fetch();
  /// What was fetched and not yet given away.
  Chunk& chunk() noexcept { return held_; }

  /// Who waits inside ends.
  void free();

  const std::shared_ptr<Signal> signal = std::make_shared<Signal>();

 private:
  std::mutex mutex_;  // one thread inside
  PullHandle handle_;
  Chunk held_;
  std::atomic<bool> attached_{false};
  std::atomic<bool> freed_{false};
};

}  // namespace weir::abi
