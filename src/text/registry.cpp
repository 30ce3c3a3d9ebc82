#include "weir/text/registry.hpp"

#include <algorithm>
#include <charconv>

#include "text/names.hpp"
#include "weir/core/units.hpp"

namespace weir {

namespace {

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

std::string form_of(const StageParameter& parameter) {
  if (parameter.type == ParameterType::flag) return parameter.name;
  const char* kind = parameter.type == ParameterType::integer    ? "N"
                     : parameter.type == ParameterType::size     ? "SIZE"
                     : parameter.type == ParameterType::duration ? "TIME"
                                                                 : "TEXT";
  if (parameter.bare) return upper(parameter.name) + (parameter.many ? "..." : "");
  return parameter.name + "=" + (parameter.fallback.empty() ? kind : parameter.fallback);
}

}  // namespace

std::optional<std::string> StageArguments::text(std::string_view name) const {
  const auto it = given_.find(name);
  return it == given_.end() ? std::nullopt : std::optional(it->second);
}

std::optional<std::int64_t> StageArguments::integer(std::string_view name) const {
  const auto given = text(name);
  if (!given) return {};
  std::int64_t value = 0;
  std::from_chars(given->data(), given->data() + given->size(), value);
  return value;
}

std::optional<std::uint64_t> StageArguments::size(std::string_view name) const {
  const auto given = text(name);
  if (!given) return {};
  const auto bytes = parse_size(*given);
  return bytes ? std::optional(*bytes) : std::nullopt;
}

std::optional<std::chrono::nanoseconds> StageArguments::duration(std::string_view name) const {
  const auto given = text(name);
  if (!given) return {};
  const auto time = parse_duration(*given);
  return time ? std::optional(*time) : std::nullopt;
}

std::vector<std::string> StageArguments::texts(std::string_view name) const {
  std::vector<std::string> values;
  for (auto [it, end] = given_.equal_range(name); it != end; ++it) values.push_back(it->second);
  return values;
}

bool StageArguments::flag(std::string_view name) const { return text(name) == "yes"; }

namespace {

Status no_stage(const StageType& type, std::string why) {
  return Status(Kind::invalid_argument, std::move(why)).during(fmt::format("register the stage \"{}\"", type.name));
}

}  // namespace

Status StageRegistry::check(const StageType& type) {
  const auto bad = [&](std::string why) { return no_stage(type, std::move(why)); };
  if (!is_name(type.name)) return bad("a name has small letters, digits, '_' and '-'");
  if (int(bool(type.make)) + int(bool(type.make_source)) + int(bool(type.make_sink)) != 1)
    return bad("it has one function that makes it: a source, a transform or a sink");
  for (auto it = type.parameters.begin(); it != type.parameters.end(); ++it) {
    if (!is_name(it->name)) return bad(fmt::format("\"{}\" is no name for a parameter", it->name));
    const auto same = [&](const StageParameter& other) { return other.name == it->name; };
    if (std::any_of(it + 1, type.parameters.end(), same))
      return bad(fmt::format("it has two parameters \"{}\"", it->name));
  }
  return {};
}

Status StageRegistry::add(StageType type) {
  if (find(type.name) != nullptr) return no_stage(type, "there is one of that name");
  return replace(std::move(type));
}

Status StageRegistry::replace(StageType type) {
  WEIR_TRY(check(type));
  std::string name = type.name;
  types_.insert_or_assign(std::move(name), std::move(type));
  return {};
}

const StageType* StageRegistry::find(std::string_view name) const {
  const auto it = types_.find(name);
  return it == types_.end() ? nullptr : &it->second;
}

std::string written_form(const StageType& type) {
  std::string form = type.name;
  for (const StageParameter& parameter : type.parameters)
    form += parameter.required ? " " + form_of(parameter) : " [" + form_of(parameter) + "]";
  return form;
}

std::string parameter_help(const StageParameter& parameter) {
  static constexpr const char* kKinds[] = {"=N", "=SIZE", "=TEXT", "", "=TIME"};
  std::vector<std::string> notes;
  const auto bound = [&](std::int64_t value) {
    return parameter.type == ParameterType::size ? format_size(static_cast<double>(value)) : fmt::format("{}", value);
  };
  if (parameter.least != INT64_MIN) notes.push_back("from " + bound(parameter.least));
  if (parameter.most != INT64_MAX) notes.push_back("up to " + bound(parameter.most));
  if (!parameter.fallback.empty()) notes.push_back("default " + parameter.fallback);
  if (parameter.required) notes.emplace_back("must be given");
  if (parameter.bare) notes.emplace_back("the name may be left out");
  if (parameter.many) notes.emplace_back("may be given several times");
  return fmt::format("  {:18} {}{}\n", parameter.name + kKinds[static_cast<std::size_t>(parameter.type)],
                     parameter.help, notes.empty() ? "" : fmt::format(" ({})", fmt::join(notes, ", ")));
}

}  // namespace weir
