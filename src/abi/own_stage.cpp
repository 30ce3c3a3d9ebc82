// Stages that a host's own functions make.
#include <algorithm>
#include <cstring>
#include <utility>

#include "abi/context.hpp"
#include "abi/entry.hpp"
#include "abi/host.hpp"
#include "abi/stages.hpp"
#include "abi/structs.hpp"

/// Lives as long as the call of the host's function.
struct weir_stage_call {
  std::unique_ptr<weir::Transform> made;  ///< by weir_stage_set()
  const std::string* type = nullptr;      ///< inside `make`: the stage's name
  weir::Emit* out = nullptr;              ///< inside `process` and `finish`
  const weir::Chunk* input = nullptr;     ///< inside `process`
  std::string cause;
};

namespace weir::abi {

namespace {

/// Why a host's function failed.
Status failed_call(const weir_stage_call& call, int32_t answer) {
  return Status(Kind::io, call.cause.empty() ? fmt::format("the host's function says {}", answer) : call.cause);
}

/// Blocking: nobody knows what a host's function does.
class HostTransform final : public Transform {
 public:
  HostTransform(std::string name, const weir_transform& table, std::shared_ptr<Host> host)
      : name_(std::move(name)), process_(table.process), finish_(table.finish), host_(std::move(host)) {}
  std::string name() const override { return name_; }
  bool blocking() const override { return true; }
  Status process(Chunk&& chunk, Emit& out) override {
    if (chunk.empty()) return {};
    weir_stage_call call;
    call.out = &out;
    call.input = &chunk;
    const CallbackScope inside;
    const int32_t answer = process_(host_->get(), chunk.data(), chunk.size(), &call);
    return answer == 0 ? Status() : failed_call(call, answer).during("process a piece of the stream");
  }
  Status finish(Emit& out) override {
    if (finish_ == nullptr) return {};
    weir_stage_call call;
    call.out = &out;
    const CallbackScope inside;
    const int32_t answer = finish_(host_->get(), &call);
    return answer == 0 ? Status() : failed_call(call, answer).during("finish the stream");
  }

 private:
  const std::string name_;
  int32_t (*const process_)(void*, const void*, size_t, weir_stage_call*);
  int32_t (*const finish_)(void*, weir_stage_call*);
  const std::shared_ptr<Host> host_;
};

Result<Through> make_stage(const std::string& name, const weir_stage_type& table, Host& host,
                           const StageArguments& arguments) {
  weir_stage_call call;
  call.type = &name;
  const std::string argument = arguments.text("argument").value_or("");
  const CallbackScope inside;
  const int32_t answer = table.make(host.get(), argument.c_str(), &call);
  if (answer != 0) return Status(Kind::invalid_argument, failed_call(call, answer).error().cause);
  if (!call.made) return Status(Kind::invalid_argument, "the host's function made no stage");
  return Through(std::move(call.made));
}

}  // namespace

Answer read_stage_type(const weir_stage_type* given, StageType& into) {
  if (given == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the type of the stage is NULL");
  weir_stage_type table;
  WEIR_ABI_TRY(read_struct(given, "weir_stage_type", table));
  std::shared_ptr<Host> host = take_host(table);
  if (table.make == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "weir_stage_type.make is NULL");
  WEIR_ABI_TRY(read_text(table.name, "the name of the stage", into.name));
  into.help = "a stage of the host's";
  WEIR_ABI_TRY(read_optional_text(table.help, "the help of the stage", into.help));
  StageParameter argument;
  argument.name = "argument";
  argument.help = "what the stage is told";
  argument.bare = true;
  into.parameters.push_back(std::move(argument));
  into.make = [table, host, name = into.name](const StageArguments& arguments) {
    return make_stage(name, table, *host, arguments);
  };
  return {};
}

}  // namespace weir::abi

weir_status weir_context_add_stage(weir_context* context, const weir_stage_type* type, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    weir::StageType made;
    WEIR_ABI_TRY(read_stage_type(type, made).during("add a stage"));
    std::shared_ptr<SharedContext> shared;
    WEIR_ABI_TRY(find_handle(context, shared).during("add a stage"));
    return shared->add_stage(std::move(made));
  });
}

weir_status weir_stage_set(weir_stage_call* call, const weir_transform* transform) {
  using namespace weir::abi;
  return run(nullptr, [&]() -> Answer {
    if (transform == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the transform is NULL");
    weir_transform table;
    WEIR_ABI_TRY(read_struct(transform, "weir_transform", table));
    std::shared_ptr<Host> host = take_host(table);
    if (call == nullptr || call->type == nullptr) return Answer(WEIR_E_HANDLE, "this is no call of make");
    if (table.process == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "weir_transform.process is NULL");
    call->made = std::make_unique<HostTransform>(*call->type, table, std::move(host));
    return {};
  });
}

weir_status weir_stage_emit(weir_stage_call* call, const void* data, size_t size) {
  using namespace weir::abi;
  return run(nullptr, [&]() -> Answer {
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
  return run(nullptr, [&]() -> Answer {
    if (call == nullptr || call->input == nullptr) return Answer(WEIR_E_HANDLE, "this is no call of process");
    if (offset > call->input->size() || size > call->input->size() - offset)
      return Answer(WEIR_E_INVALID_ARGUMENT, "there is less than that in the piece");
    if (size > 0) (*call->out)(call->input->slice(offset, size));
    return {};
  });
}

void weir_stage_fail(weir_stage_call* call, const char* cause) {
  using namespace weir::abi;
  if (call == nullptr) return;
  run_free([&] { (void)read_optional_text(cause, "the cause", call->cause); });
}
