#include "weir/text/parse.hpp"

#include "text/stage_reader.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir {

namespace {

const std::string kOperation = "read the pipeline";

/// What is in the making, and out of what.
struct Building {
  const StageReader& reader;
  const StageRegistry& registry;
  const ParseOptions& options;
};

Status no_place(const SpecStage& stage, const Building& building, const char* what) {
  return building.reader.wrong(stage.name, fmt::format("\"{}\" is no {}", stage.name.value, what),
                               "A pipeline goes from a place to a place: FROM | STAGE | TO.");
}

/// A place stands for itself; what looks like a stage that there is not, does not.
Status check_place(const SpecStage& stage, const Building& building) {
  if (stage.parameters.empty()) return {};
  return building.reader.wrong(stage.parameters.front(), "a place takes no parameters",
                               fmt::format("\"{}\" is taken for a place. ", stage.name.value) +
                                   all_stages(building.registry) +
                                   did_you_mean(stage.name.value, stage_names(building.registry)));
}

/// `used`: whether `stage` was it, and no stand-in.
Result<std::unique_ptr<Source>> source_of(const SpecStage& stage, const Building& building, bool& used) {
  const StageType* type = building.registry.find(stage.name.value);
  used = type == nullptr || type->make_source != nullptr;
  if (type == nullptr) {
    WEIR_TRY(check_place(stage, building));
    return building.reader.told(open_source(stage.name.value, building.options.endpoint), stage);
  }
  if (type->make_source) {
    if (building.options.endpoint.download.of_part())
      return building.reader.wrong(stage.name,
                                   fmt::format("\"{}\" is no file or object, to read a part of", type->name));
    return building.reader.source(stage, *type, building.options.endpoint);
  }
  if (building.options.source_if_none.empty()) return no_place(stage, building, "source");
  return open_source(building.options.source_if_none, building.options.endpoint);
}

Result<std::unique_ptr<Sink>> sink_of(const SpecStage& stage, const Building& building, bool& used) {
  const StageType* type = building.registry.find(stage.name.value);
  used = type == nullptr || type->make_sink != nullptr;
  if (type == nullptr) {
    WEIR_TRY(check_place(stage, building));
    return building.reader.told(open_sink(stage.name.value, building.options.endpoint), stage);
  }
  if (type->make_sink) return building.reader.sink(stage, *type, building.options.endpoint);
  if (building.options.sink_if_none.empty()) return no_place(stage, building, "sink");
  return open_sink(building.options.sink_if_none, building.options.endpoint);
}

}  // namespace

Result<Pipeline> build(const Spec& spec, std::string_view text, const ParseOptions& options) {
  const StageRegistry& registry = options.registry != nullptr ? *options.registry : StageRegistry::builtin();
  const StageReader reader(text, kOperation);
  const Building building{reader, registry, options};
  if (spec.stages.empty())
    return Status(Kind::invalid_argument, "it is empty").during(kOperation).advise("Write FROM | STAGE | TO.");
  Pipeline pipeline;
  bool begins = false;
  bool ends = false;
  WEIR_ASSIGN(pipeline.source, source_of(spec.stages.front(), building, begins));
  if (spec.stages.size() == 1 && begins && options.sink_if_none.empty())
    return reader.wrong(spec.stages.front().name, "it has one place, and goes from one to another", "Write FROM | TO.");
  if (spec.stages.size() == 1 && begins) {
    WEIR_ASSIGN(pipeline.sink, open_sink(options.sink_if_none, options.endpoint));
  } else {
    WEIR_ASSIGN(pipeline.sink, sink_of(spec.stages.back(), building, ends));
  }
  Through through;
  for (std::size_t i = begins ? 1 : 0; i < spec.stages.size() - (ends ? 1 : 0); ++i) {
    WEIR_ASSIGN(Through made, reader.transform(spec.stages[i], registry));
    through.append(std::move(made));
  }
  pipeline.transforms = std::move(through.transforms);
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
    WEIR_ASSIGN(Through made, reader.transform(stage, registry));
    through.append(std::move(made));
  }
  return through;
}

}  // namespace weir
