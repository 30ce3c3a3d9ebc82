#include "weir/text/parse.hpp"

#include "text/stage_reader.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir {

namespace {

const std::string kOperation = "read the pipeline";

/// What stands at an end: a place, or nothing where a transform does.
Result<std::string> place_at(const SpecStage& stage, const StageReader& reader, const StageRegistry& registry,
                             const std::string& if_none, const char* what) {
  if (registry.find(stage.name.value) != nullptr) {
    if (!if_none.empty()) return std::string();
    return reader.wrong(stage.name, fmt::format("\"{}\" is a transform, and no {}", stage.name.value, what),
                        "A pipeline goes from a place to a place: FROM | STAGE | TO.");
  }
  if (!stage.parameters.empty())
    return reader.wrong(stage.parameters.front(), "a place takes no parameters",
                        fmt::format("\"{}\" is taken for a place. ", stage.name.value) + all_stages(registry) +
                            did_you_mean(stage.name.value, stage_names(registry)));
  return stage.name.value;
}

/// The error of `place`, with its column.
Status at_place(const Status& status, const SpecStage& stage, const StageReader& reader) {
  if (status.kind() != Kind::invalid_argument) return status;
  return reader.wrong(stage.name, status.error().cause, status.error().advice);
}

}  // namespace

Result<Pipeline> build(const Spec& spec, std::string_view text, const ParseOptions& options) {
  const StageRegistry& registry = options.registry != nullptr ? *options.registry : StageRegistry::builtin();
  const StageReader reader(text, kOperation);
  if (spec.stages.empty())
    return Status(Kind::invalid_argument, "it is empty").during(kOperation).advise("Write FROM | STAGE | TO.");
  const SpecStage& front = spec.stages.front();
  const SpecStage& back = spec.stages.back();
  WEIR_ASSIGN(const std::string from_place, place_at(front, reader, registry, options.source_if_none, "source"));
  WEIR_ASSIGN(const std::string to_place, place_at(back, reader, registry, options.sink_if_none, "sink"));
  if (spec.stages.size() == 1 && !from_place.empty())
    return reader.wrong(front.name, "it has one place, and goes from one to another", "Write FROM | TO.");

  Pipeline pipeline;
  auto source = open_source(from_place.empty() ? options.source_if_none : from_place, options.endpoint);
  if (!source) return at_place(source.status(), front, reader);
  pipeline.source = std::move(source).value();
  auto sink = open_sink(to_place.empty() ? options.sink_if_none : to_place, options.endpoint);
  if (!sink) return at_place(sink.status(), back, reader);
  pipeline.sink = std::move(sink).value();
  const std::size_t end = spec.stages.size() - (to_place.empty() ? 0 : 1);
  for (std::size_t i = from_place.empty() ? 0 : 1; i < end; ++i) {
    WEIR_ASSIGN(Through made, reader.make(spec.stages[i], registry));
    for (auto& transform : made.transforms) pipeline.transforms.push_back(std::move(transform));
  }
  return pipeline;
}

Result<Pipeline> parse(std::string_view text, const ParseOptions& options) {
  WEIR_ASSIGN(const Spec spec, parse_spec(text, kOperation));
  return build(spec, text, options);
}

Result<Through> parse_through(std::string_view text, const StageRegistry& registry, const std::string& operation) {
  WEIR_ASSIGN(const Spec spec, parse_spec(text, operation));
  const StageReader reader(text, operation);
  Through through;
  for (const SpecStage& stage : spec.stages) {
    WEIR_ASSIGN(Through made, reader.make(stage, registry));
    through.append(std::move(made));
  }
  return through;
}

}  // namespace weir
