#include <cstring>
#include <utility>

#include "abi/push.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

Answer read_handle_options(const weir_handle_options* given, HandleOptions& into) {
  weir_handle_options options;
  WEIR_ABI_TRY(read_struct(given, "weir_handle_options", options));
  if (options.most_bytes > SIZE_MAX / 2) return Answer(WEIR_E_INVALID_ARGUMENT, "most_bytes is more than can be");
  if (options.most_bytes != 0) into.most_bytes = static_cast<std::size_t>(options.most_bytes);
  if (options.has_exact_bytes != 0) into.exact_bytes = options.exact_bytes;
  return {};
}

Answer busy(const char* type) {
  return Answer(WEIR_E_STATE, fmt::format("another thread is inside a call on this {}", type));
}

PushObject::PushObject(const HandleOptions& options) : handle_(options) {
  handle_.notify([told = signal] { told->raise(); });
}

Status PushObject::claim() {
  if (attached_.exchange(true)) return Status(Kind::invalid_argument, "the push handle was given to a job before");
  return {};
}

Answer PushObject::alone(const std::function<Answer(PushHandle&)>& with) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  return lock ? with(handle_) : busy(kType);
}

Answer PushObject::put(PushHandle& handle, const Chunk& chunk) {
  if (freed_) return Answer(WEIR_E_HANDLE, "the push handle was freed meanwhile");
  Answer answer = handle.try_write(chunk);
  wanted_bytes = answer.code == WEIR_PENDING ? chunk.size() : kLeastPiece;
  if (answer.code == WEIR_PENDING && !attached_)
    return Answer(WEIR_E_STATE, "the push handle is full, and was given to no job yet");
  return answer;
}

Answer PushObject::room(const PushHandle& handle) const {
  if (freed_) return Answer(WEIR_E_HANDLE, "the push handle was freed meanwhile");
  if (handle.room(wanted_bytes)) return {};
  if (!attached_) return Answer(WEIR_E_STATE, "the push handle is full, and was given to no job yet");
  return Answer(WEIR_PENDING);
}

void PushObject::free() {
  freed_ = true;
  signal->raise();
}

}  // namespace weir::abi
