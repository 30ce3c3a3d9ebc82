#include "abi/host_transform.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

#include "abi/host.hpp"
#include "abi/stage_call.hpp"
#include "abi/structs.hpp"
#include "weir/core/pipeline.hpp"

namespace weir::abi {

namespace {

/// In front of each: an empty state is one too, and what is recorded empty is none.
const std::string kHasState = "1";

/// What the functions are called by, and with. Their texts are ours.
struct HostFunctions {
  std::string name;
  std::optional<std::string> recipe;
  weir_transform table;
  std::shared_ptr<Host> host;
};

/// A plain transform, as Through takes it.
class HostStage {
 public:
  explicit HostStage(HostFunctions functions) : functions_(std::move(functions)) {}
  std::string name() const { return functions_.name; }
  /// Nobody knows what a host's function does, unless it says so.
  bool blocking() const { return functions_.table.answers_later == 0; }
  std::optional<std::string> recipe() const { return functions_.recipe; }
  Status open(Context& context) {
    wake_ = context.wake;
    return {};
  }
  Status process(const Chunk& chunk, Emit& out) {
    if (!chunk.empty()) piece_ = chunk;
    if (piece_.empty()) return {};
    weir_stage_call call;
    call.input = &piece_;
    Status status = streams(call, out, [&] {
      return functions_.table.process(functions_.host->get(), piece_.data(), piece_.size(), &call);
    });
    if (!status.is_pending()) piece_ = Chunk();
    return std::move(status).during("process a piece of the stream");
  }
  Status finish(Emit& out) {
    if (functions_.table.finish == nullptr) return {};
    weir_stage_call call;
    return streams(call, out, [&] { return functions_.table.finish(functions_.host->get(), &call); })
        .during("finish the stream");
  }

 protected:
  /// pending, and not called, while it is not woken: a segment has other reasons to run too.
  template <class Function>
  Status streams(weir_stage_call& call, Emit& out, Function&& function) {
    if (woken_ && !woken_->load(std::memory_order_acquire)) return Status::pending();
    woken_.reset();
    const auto woken = blocking() ? nullptr : std::make_shared<std::atomic<bool>>(false);
    const std::function<void()> wake = [woken, wake = wake_] {
      woken->store(true, std::memory_order_release);
      wake();
    };
    call.out = &out;
    if (woken) call.wake = &wake;
    const CallbackScope inside;
    Status status = call.ends(function());
    if (status.is_pending()) woken_ = woken;
    return status;
  }
  const HostFunctions functions_;

 private:
  std::function<void()> wake_;
  std::shared_ptr<std::atomic<bool>> woken_;  // set while it waits to be woken
  Chunk piece_;                               // given, and not yet taken
};

/// One that can say its state.
class HostStageWithState final : public HostStage {
 public:
  using HostStage::HostStage;
  std::string recipe() const { return functions_.recipe.value_or(""); }
  std::string snapshot() const {
    weir_stage_call call;
    std::optional<std::string> state;
    call.state = &state;
    const CallbackScope inside;
    const Status status = call.ends(functions_.table.snapshot(functions_.host->get(), &call));
    if (!status.ok()) throw std::runtime_error(status.error().cause);
    if (!state) throw std::runtime_error("it told no state");
    return kHasState + *state;
  }
  Status restore(std::string_view state) {
    weir_stage_call call;
    const CallbackScope inside;
    if (!state.starts_with(kHasState)) return Status(Kind::corrupt, "it is no state of a host's stage");
    state.remove_prefix(kHasState.size());
    return call.ends(functions_.table.restore(functions_.host->get(), state.data(), state.size(), &call))
        .during("restore a stage of the host's");
  }
};

}  // namespace

Answer read_transform(const weir_transform* given, const std::string& name, std::unique_ptr<Transform>& into) {
  if (given == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the transform is NULL");
  HostFunctions functions;
  functions.name = name;
  WEIR_ABI_TRY(read_struct(given, "weir_transform", functions.table));
  functions.host = take_host(functions.table);
  const weir_transform& table = functions.table;
  if (table.process == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "weir_transform.process is NULL");
  if ((table.snapshot == nullptr) != (table.restore == nullptr))
    return Answer(WEIR_E_INVALID_ARGUMENT, "of weir_transform.snapshot and restore one is NULL");
  if (table.recipe != nullptr) {
    WEIR_ABI_TRY(read_text(table.recipe, "the recipe", functions.recipe.emplace()));
    if (functions.recipe->find('\n') != std::string::npos)
      return Answer(WEIR_E_INVALID_ARGUMENT, "weir_transform.recipe is of more than one line");
  }
  if (table.snapshot != nullptr && !functions.recipe)
    return Answer(WEIR_E_INVALID_ARGUMENT, "weir_transform.recipe is NULL, and snapshot is not");
  if (table.snapshot != nullptr) {
    into = detail::adapted(HostStageWithState(std::move(functions)));
  } else {
    into = detail::adapted(HostStage(std::move(functions)));
  }
  return {};
}

}  // namespace weir::abi
