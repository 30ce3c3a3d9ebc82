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
  std::string from = "-";
  std::string through;
  std::string to = "-";
};

Asked asked_by(Spec spec) {
  const auto is_place = [](const SpecStage& stage) {
    return StageRegistry::builtin().find(stage.name.value) == nullptr;
  };
  Asked asked;
  if (is_place(spec.stages.front())) {
    asked.from = spec.stages.front().name.value;
    spec.stages.erase(spec.stages.begin());
  }
  if (!spec.stages.empty() && is_place(spec.stages.back())) {
    asked.to = spec.stages.back().name.value;
    spec.stages.pop_back();
  }
  asked.through = spec.text();
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
  parsing.endpoint.s3 = options.s3;
  parsing.endpoint.http = options.http;
  // Errors of the text point into it as it was typed; nothing is opened by this.
  auto pipeline = parse(text, parsing);
  if (!pipeline) return report(pipeline.status(), options.json, options.colour);
  if (options.explain) return run_explain(*pipeline, options);
  Asked asked = asked_by(*parse_spec(text));
  options.through = std::move(asked.through);
  // Results on standard output are what was asked for, and nothing beside them.
  if (asked.to == "-" && options.progress == ProgressMode::automatic) options.progress = ProgressMode::none;
  return transfer(asked.from, asked.to, options, options.progress != ProgressMode::none);
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
