#include <utility>

#include "abi/pull.hpp"
#include "abi/push.hpp"

namespace weir::abi {

PullObject::PullObject(const HandleOptions& options) : handle_(options) {
  handle_.notify([told = signal] { told->raise(); });
}

Status PullObject::claim() {
  if (attached_.exchange(true)) return Status(Kind::invalid_argument, "the pull handle was given to a job before");
  return {};
}

Answer PullObject::alone(const std::function<Answer()>& with) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? with() : busy(kType);
}

Answer PullObject::fetch() {
  if (freed_) return Answer(WEIR_E_HANDLE, "the pull handle was freed meanwhile");
  if (!held_.empty()) return {};
  if (!attached_) return Answer(WEIR_E_STATE, "the pull handle was given to no job yet");
  auto next = handle_.try_read();
  if (!next) return next.status();
  if (next->empty()) return Answer(WEIR_END);
  held_ = std::move(*next);
  return {};
}

void PullObject::free() {
  freed_ = true;
  signal->raise();
}

}  // namespace weir::abi
