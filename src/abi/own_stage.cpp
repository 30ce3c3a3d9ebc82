// weir_context_add_stage(): stages by name that a host's own functions make.
#include <utility>

#include "abi/context.hpp"
#include "abi/entry.hpp"
#include "abi/host.hpp"
#include "abi/stage_call.hpp"
#include "abi/stages.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

Result<Through> make_stage(const std::string& name, const weir_stage_type& table, Host& host,
                           const StageArguments& arguments) {
  weir_stage_call call;
  call.type = &name;
  const std::string argument = arguments.text("argument").value_or("");
  const CallbackScope inside;
  const Status status = call.ends(table.make(host.get(), argument.c_str(), &call));
  if (!status.ok()) return Status(Kind::invalid_argument, status.error().cause);
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
