#include "commands.hpp"
#include "exit_codes.hpp"
#include "output.hpp"
#include "transfer.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/explain.hpp"
#include "weir/text/parse.hpp"

namespace weir::cli {

namespace {

/// The text as `cp` takes it: from where, through what, to where.
struct Asked {
  TransferNames names{"-", "-", {}};
  bool places = true;  ///< both ends are
};

Asked asked_by(Spec spec) {
  const auto type_of = [](const SpecStage& stage) { return StageRegistry::builtin().find(stage.name.value); };
  Asked asked;
  const StageType* first = type_of(spec.stages.front());
  if (first == nullptr || first->make_source) {
    asked.places = first == nullptr;
    asked.names.source = first == nullptr ? spec.stages.front().name.value : Spec{{spec.stages.front()}}.text();
    spec.stages.erase(spec.stages.begin());
  }
  if (spec.stages.empty()) return asked;
  const StageType* last = type_of(spec.stages.back());
  if (last == nullptr || last->make_sink) {
    asked.places = asked.places && last == nullptr;
    asked.names.destination = last == nullptr ? spec.stages.back().name.value : Spec{{spec.stages.back()}}.text();
    spec.stages.pop_back();
  }
  asked.names.through = spec.text();
  return asked;
}

int run_explain(Pipeline& pipeline, const Options& options) {
  const std::size_t budget = options.memory_bytes != 0 ? options.memory_bytes : kDefaultBudgetBytes;
  const auto text = explain(pipeline, budget, Executor::default_pool()->concurrency());
  if (!text) return report(text.status(), options.json, options.colour);
  Output output;
  output.print(*text);
  return finish(output.status(), options);
}

}  // namespace

int run_run(const CommandLine& line) {
  Options options = line.options;
  const std::string& text = line.operands[0];
  ParseOptions parsing;
  parsing.source_if_none = parsing.sink_if_none = "-";
  parsing.endpoint = endpoint_options(options);
  // Errors of the text point into it as it was typed; nothing is opened by this.
  auto spec = parse_spec(text);
  auto pipeline = spec ? build(*spec, text, parsing) : Result<Pipeline>(spec.status());
  if (!pipeline) return report(pipeline.status(), options.json, options.colour);
  if (options.explain) return run_explain(*pipeline, options);
  Asked asked = asked_by(*std::move(spec));
  options.through = asked.names.through;
  // Results on standard output are what was asked for, and nothing beside them.
  if (asked.names.destination == "-" && options.progress == ProgressMode::automatic)
    options.progress = ProgressMode::none;
  if (!asked.places) return run_pipeline(std::move(*pipeline), asked.names, parsing.endpoint, options);
  return transfer(asked.names.source, asked.names.destination, options, options.progress != ProgressMode::none);
}

int run_stages(const CommandLine& line) {
  const StageRegistry& registry = StageRegistry::builtin();
  Output output;
  const auto show = [&](const StageType& type) {
    output.print(fmt::format("{:44} {}\n", written_form(type), type.help));
  };
  if (line.operands.empty()) {
    for (const auto& [name, type] : registry.types()) show(type);
    return finish(output.status(), line.options);
  }
  const StageType* type = registry.find(line.operands[0]);
  if (type == nullptr) {
    // As a pipeline that names it would say.
    return report(parse_through(line.operands[0], registry, "tell of a stage").status(), line.options.json,
                  line.options.colour);
  }
  show(*type);
  for (const StageParameter& parameter : type->parameters) output.print(parameter_help(parameter));
  return finish(output.status(), line.options);
}

}  // namespace weir::cli
