// The words of a stage, held against what the stage may be told.
#pragma once

#include <string>
#include <string_view>

#include "weir/text/registry.hpp"
#include "weir/text/spec.hpp"

namespace weir {

/// Of one text.
class StageReader {
 public:
  StageReader(std::string_view text, const std::string& operation) : text_(text), operation_(operation) {}

  // What `stage` describes. Errors: invalid_argument, with the column, also where it is of another shape.

  Result<Through> transform(const SpecStage& stage, const StageRegistry& registry) const;
  Result<std::unique_ptr<Source>> source(const SpecStage& stage, const StageType& type,
                                         const EndpointOptions& options) const;
  Result<std::unique_ptr<Sink>> sink(const SpecStage& stage, const StageType& type,
                                     const EndpointOptions& options) const;
  Status wrong(const SpecWord& word, const std::string& why, const std::string& advice = {}) const;
  /// What a stage or place itself finds wrong with what it was told, with its column.
  template <class T>
  Result<T> told(Result<T> made, const SpecStage& stage) const {
    if (made || made.error().kind != Kind::invalid_argument) return made;
    return wrong(stage.name, made.error().cause, made.error().advice);
  }

 private:
  Result<StageArguments> arguments(const SpecStage& stage, const StageType& type) const;
  Status check_value(const SpecWord& word, const StageType& type, const StageParameter& parameter) const;
  Status wrong_value(const SpecWord& word, const std::string& why) const;

  std::string_view text_;
  const std::string& operation_;
};

/// "Stages are crc32c, zstd."
std::string all_stages(const StageRegistry& registry);
std::vector<std::string_view> stage_names(const StageRegistry& registry);

}  // namespace weir
