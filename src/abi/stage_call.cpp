// What a host's function may call while it runs: weir_stage_...().
#include "abi/stage_call.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "abi/entry.hpp"
#include "abi/handles.hpp"
#include "abi/host_transform.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

class WakerObject final : public Object {
 public:
  static constexpr const char* kType = "waker";
  explicit WakerObject(std::function<void()> of_stage) : wake(std::move(of_stage)) {}
  const char* type() const noexcept override { return kType; }
  const std::function<void()> wake;
};

/// As run(). What a host does not look at still counts when its function returns: bytes would be missing.
template <class Call>
weir_status hand_on(weir_stage_call* call, Call&& how) noexcept {
  const weir_status status = run(nullptr, std::forward<Call>(how));
  if (status != WEIR_OK && call != nullptr && call->out != nullptr && call->failed == WEIR_OK) call->failed = status;
  return status;
}

}  // namespace

}  // namespace weir::abi

weir::Status weir_stage_call::ends(int32_t answer) const {
  using weir::Kind;
  using weir::Status;
  if (answer == WEIR_PENDING && wake != nullptr && failed == WEIR_OK) {
    return woken_later ? Status::pending() : Status(Kind::io, "it answers WEIR_PENDING, and took no waker");
  }
  const bool pending = answer == WEIR_PENDING && wake != nullptr;
  if (answer != 0 && !pending) {
    return Status(Kind::io, cause.empty() ? fmt::format("the host's function says {}", answer) : cause);
  }
  if (failed == WEIR_OK) return {};
  if (failed == WEIR_E_NOMEM) return Status(Kind::no_memory, "the system had no memory for what it handed on");
  return Status(Kind::io, fmt::format("the host's function returned 0, and what it handed on was refused: {}",
                                      weir_status_name(failed)));
}

weir_status weir_stage_set(weir_stage_call* call, const weir_transform* transform) {
  using namespace weir::abi;
  return run(nullptr, [&]() -> Answer {
    const bool making = call != nullptr && call->type != nullptr;
    std::unique_ptr<weir::Transform> made;
    Answer read = read_transform(transform, making ? *call->type : std::string(), made);
    if (!making) return Answer(WEIR_E_HANDLE, "this is no call of make");
    WEIR_ABI_TRY(std::move(read));
    call->made = std::move(made);
    return {};
  });
}

weir_status weir_stage_emit(weir_stage_call* call, const void* data, size_t size) {
  using namespace weir::abi;
  return hand_on(call, [&]() -> Answer {
    if (call == nullptr || call->out == nullptr) return Answer(WEIR_E_HANDLE, "this is no call of process or finish");
    if (data == nullptr && size != 0) return Answer(WEIR_E_INVALID_ARGUMENT, "the data is NULL");
    const auto* bytes = static_cast<const std::byte*>(data);
    for (std::size_t at = 0; at < size; at += weir::kSliceBytes) {
      (*call->out)(weir::Chunk::copy_of({bytes + at, std::min(size - at, weir::kSliceBytes)}));
    }
    return {};
  });
}

weir_status weir_stage_emit_slice(weir_stage_call* call, size_t offset, size_t size) {
  using namespace weir::abi;
  return hand_on(call, [&]() -> Answer {
    if (call == nullptr || call->input == nullptr) return Answer(WEIR_E_HANDLE, "this is no call of process");
    if (offset > call->input->size() || size > call->input->size() - offset)
      return Answer(WEIR_E_INVALID_ARGUMENT, "there is less than that in the piece");
    if (size > 0) (*call->out)(call->input->slice(offset, size));
    return {};
  });
}

weir_status weir_stage_set_state(weir_stage_call* call, const void* state, size_t size) {
  using namespace weir::abi;
  return run(nullptr, [&]() -> Answer {
    if (call == nullptr || call->state == nullptr) return Answer(WEIR_E_HANDLE, "this is no call of snapshot");
    if (state == nullptr && size != 0) return Answer(WEIR_E_INVALID_ARGUMENT, "the state is NULL");
    call->state->emplace(static_cast<const char*>(state), size);
    return {};
  });
}

weir_status weir_stage_waker(weir_stage_call* call, weir_waker** waker) {
  using namespace weir::abi;
  return run(nullptr, [&]() -> Answer {
    if (waker == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the waker is NULL");
    *waker = nullptr;
    if (call == nullptr || call->wake == nullptr)
      return Answer(WEIR_E_HANDLE, "this is no call of process or finish of a stage that answers later");
    *waker = static_cast<weir_waker*>(HandleTable::of_process().add(std::make_shared<WakerObject>(*call->wake)));
    call->woken_later = true;
    return {};
  });
}

void weir_waker_wake(weir_waker* waker) {
  using namespace weir::abi;
  run_free([&] {
    if (const auto object = HandleTable::of_process().remove<WakerObject>(waker)) object->wake();
  });
}

void weir_stage_fail(weir_stage_call* call, const char* cause) {
  using namespace weir::abi;
  if (call == nullptr) return;
  run_free([&] { (void)read_optional_text(cause, "the cause", call->cause); });
}
