// PushObject: what a host writes into, at its own pace.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "abi/handles.hpp"
#include "abi/signal.hpp"
#include "weir/stages/handles.hpp"

namespace weir::abi {

/// HandleOptions of weir_handle_options.
Answer read_handle_options(const weir_handle_options* given, HandleOptions& into);
/// WEIR_E_STATE: another thread is inside a call on the handle.
Answer busy(const char* type);

class PushObject final : public Object {
 public:
  static constexpr const char* kType = "push handle";
  explicit PushObject(const HandleOptions& options);
  const char* type() const noexcept override { return kType; }

  /// For the one pipeline that it feeds. invalid_argument where it has one.
  Status claim();
  /// After claim(): as if it had not been.
  void disclaim() noexcept { attached_ = false; }
  /// After claim(), once.
  std::unique_ptr<Source> source() { return handle_.source(); }

  /// Calls `with` alone; WEIR_E_STATE where another thread is inside.
  Answer alone(const std::function<Answer(PushHandle&)>& with);
  /// Puts `chunk`; pending where there is no room, and WEIR_E_STATE where there never will be any.
  Answer put(PushHandle& handle, const Chunk& chunk);
  /// Pending where what was refused last would be refused again.
  Answer room(const PushHandle& handle) const;
  /// Why a stream ends of which a write was taken in part.
  const Status& half_written() const noexcept { return half_written_; }
  /// Who waits inside ends.
  void free();

  const std::shared_ptr<Signal> signal = std::make_shared<Signal>();
  /// No smaller pieces are made to fill the last bit of room.
  static constexpr std::size_t kLeastPiece = 4096;
  // Inside alone():
  std::size_t wanted_bytes = kLeastPiece;  ///< that room() is to have
  std::size_t lease_bytes = 0;             ///< of the lease that is out; 0: none is

 private:
  std::mutex mutex_;  // one thread inside
  PushHandle handle_;
  const Status half_written_ = Status(Kind::io, "a write of the host's failed when a part of it had been taken");
  std::atomic<bool> attached_{false};
  std::atomic<bool> freed_{false};
};

}  // namespace weir::abi
