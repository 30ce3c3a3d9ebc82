#include "text/stage_reader.hpp"

#include <charconv>
#include <limits>

#include "weir/core/units.hpp"
#include "weir/text/terminal_text.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir {

namespace {

std::optional<std::int64_t> integer_in(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

const StageParameter* find_parameter(const StageType& type, std::string_view name) {
  for (const StageParameter& parameter : type.parameters) {
    if (parameter.name == name) return &parameter;
  }
  return nullptr;
}

/// "zstd takes level, workers."
std::string takes(const StageType& type, std::vector<std::string_view>& names) {
  for (const StageParameter& parameter : type.parameters) names.push_back(parameter.name);
  return names.empty() ? type.name + " takes no parameters."
                       : fmt::format("{} takes {}.", type.name, fmt::join(names, ", "));
}

}  // namespace

std::vector<std::string_view> stage_names(const StageRegistry& registry) {
  std::vector<std::string_view> names;
  for (const auto& [name, type] : registry.types()) names.push_back(name);
  return names;
}

std::string all_stages(const StageRegistry& registry) {
  return fmt::format("Stages are {}.", fmt::join(stage_names(registry), ", "));
}

Status StageReader::wrong(const SpecWord& word, const std::string& why, const std::string& advice) const {
  return pointed_out(operation_, text_, word.at, text_.substr(word.at, word.size), why, advice);
}

Status StageReader::wrong_value(const SpecWord& word, const std::string& why) const {
  const std::size_t size = word.size - (word.value_at - word.at);
  return pointed_out(operation_, text_, word.value_at, text_.substr(word.value_at, size), why, {});
}

Status StageReader::check_value(const SpecWord& word, const StageType& type, const StageParameter& parameter) const {
  switch (parameter.type) {
    case ParameterType::integer: {
      const auto value = integer_in(word.value);
      if (value && *value >= parameter.least && *value <= parameter.most) return {};
      std::string range;
      if (parameter.least != INT64_MIN) range += fmt::format(" from {}", parameter.least);
      if (parameter.most != INT64_MAX) range += fmt::format(" to {}", parameter.most);
      return wrong_value(word, fmt::format("\"{}\" is no {}{}", word.value, parameter.name, range));
    }
    case ParameterType::size: {
      const auto bytes = parse_size(word.value);
      if (!bytes) return wrong_value(word, bytes.error().cause);
      const auto value = static_cast<std::int64_t>(std::min<std::uint64_t>(*bytes, INT64_MAX));
      if (value >= parameter.least && value <= parameter.most) return {};
      return wrong_value(word, fmt::format("{} of {} is from {} to {}", parameter.name, type.name,
                                           format_size(static_cast<double>(parameter.least)),
                                           format_size(static_cast<double>(parameter.most))));
    }
    case ParameterType::flag:
      if (word.value == "yes" || word.value == "no") return {};
      return wrong_value(word, fmt::format("{} is yes or no, not \"{}\"", parameter.name, word.value));
    case ParameterType::duration: {
      const auto time = parse_duration(word.value);
      return time ? Status() : wrong_value(word, time.error().cause);
    }
    case ParameterType::text:
      return {};
  }
  return {};
}

Result<StageArguments> StageReader::arguments(const SpecStage& stage, const StageType& type) const {
  StageArguments arguments;
  for (const SpecWord& word : stage.parameters) {
    const StageParameter* parameter = nullptr;
    SpecWord given = word;
    if (!word.name.empty()) {
      parameter = find_parameter(type, word.name);
      if (parameter == nullptr) {
        std::vector<std::string_view> names;
        const std::string has = takes(type, names);
        return wrong({{}, word.name, word.at, word.name.size(), word.at},
                     fmt::format("{} has no parameter \"{}\"", type.name, word.name),
                     has + did_you_mean(word.name, names));
      }
    } else if (const StageParameter* flag = find_parameter(type, word.value);
               flag != nullptr && flag->type == ParameterType::flag) {
      parameter = flag;
      given.value = "yes";
    } else {
      for (const StageParameter& one : type.parameters) {
        if (one.bare && (one.many || arguments.given_.find(one.name) == arguments.given_.end())) {
          parameter = &one;
          break;
        }
      }
      if (parameter == nullptr) {
        std::vector<std::string_view> names;
        const std::string has = takes(type, names);
        return wrong(word, fmt::format("\"{}\" is no parameter of {}", word.value, type.name),
                     has + " Write them as name=value, and '|' between stages." + did_you_mean(word.value, names));
      }
    }
    WEIR_TRY(check_value(given, type, *parameter));
    if (!parameter->many && arguments.given_.find(parameter->name) != arguments.given_.end())
      return wrong(word, fmt::format("\"{}\" is given twice", parameter->name));
    arguments.given_.emplace(parameter->name, given.value);
  }
  for (const StageParameter& parameter : type.parameters) {
    if (parameter.required && arguments.given_.find(parameter.name) == arguments.given_.end())
      return wrong(stage.name, fmt::format("{} needs its {}", type.name, parameter.name),
                   fmt::format("It is written {}.", written_form(type)));
  }
  return arguments;
}

Result<Through> StageReader::transform(const SpecStage& stage, const StageRegistry& registry) const {
  const StageType* type = registry.find(stage.name.value);
  if (type == nullptr)
    return wrong(stage.name, fmt::format("there is no stage \"{}\"", stage.name.value),
                 all_stages(registry) + did_you_mean(stage.name.value, stage_names(registry)));
  if (!type->make)
    return wrong(stage.name, fmt::format("{} is a {}, and stands at the {}", type->name,
                                         type->make_sink ? "sink" : "source", type->make_sink ? "end" : "beginning"));
  WEIR_ASSIGN(const StageArguments given, arguments(stage, *type));
  return told(type->make(given), stage);
}

Result<std::unique_ptr<Source>> StageReader::source(const SpecStage& stage, const StageType& type,
                                                    const EndpointOptions& options) const {
  WEIR_ASSIGN(const StageArguments given, arguments(stage, type));
  return told(type.make_source(given, options), stage);
}

Result<std::unique_ptr<Sink>> StageReader::sink(const SpecStage& stage, const StageType& type,
                                                const EndpointOptions& options) const {
  WEIR_ASSIGN(const StageArguments given, arguments(stage, type));
  return told(type.make_sink(given, options), stage);
}

}  // namespace weir
