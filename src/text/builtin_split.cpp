// split by name: its places are templates that the key goes into.
#include <functional>

#include "text/builtin.hpp"
#include "text/csv_field.hpp"
#include "text/place_template.hpp"
#include "weir/stages/split.hpp"

namespace weir {

namespace {

StageParameter split_parameter(const char* name, ParameterType type, const char* help, const char* fallback = "") {
  return {name, type, help, fallback};
}

/// One character, or "tab".
Result<char> separator_of(const StageArguments& given) {
  const std::string text = given.text("separator").value_or(",");
  if (text == "tab") return '\t';
  if (text.size() == 1 && text != "\"") return text[0];
  return Status(Kind::invalid_argument, "a separator is one character other than '\"', or tab");
}

Result<std::unique_ptr<Sink>> made_sink(std::unique_ptr<detail::Divider> divider, detail::Split::Make make,
                                        const SplitOptions& options) {
  return std::unique_ptr<Sink>(std::make_unique<detail::Split>(std::move(divider), std::move(make), options));
}

Result<std::unique_ptr<Sink>> make_split(const StageArguments& given, const EndpointOptions& endpoint) {
  const auto field = given.integer("field");
  const auto size = given.size("size");
  if (field.has_value() == size.has_value())
    return Status(Kind::invalid_argument, "split is by field=N or by size=SIZE");
  WEIR_ASSIGN(const PlaceTemplate place,
              PlaceTemplate::read(given.text("to").value_or(""), field ? "{key}" : "{number}", endpoint));
  SplitOptions options;
  options.most_open = static_cast<std::size_t>(given.integer("open").value_or(0));
  options.header = given.flag("header");
  // Places that cannot be meant are told now, and what they need is known before the start.
  WEIR_ASSIGN(To sample, place.make("1"));
  detail::Branch branch(std::move(sample));
  branch.plan({});
  WEIR_TRY(branch.planned());
  options.sink_bytes = branch.least_bytes();
  if (size) {
    auto numbered = [place](const std::string& number) { return place.make(fmt::format("{:0>5}", number)); };
    return made_sink(std::make_unique<detail::DivideBySize>(*size), numbered, options);
  }
  WEIR_ASSIGN(const char separator, separator_of(given));
  auto key_of = [number = static_cast<std::size_t>(*field), separator](std::string_view line) {
    return csv_field(line, number, separator);
  };
  return made_sink(
      std::make_unique<detail::DivideByKey<decltype(key_of)>>(key_of),
      [place](const std::string& key) { return place.make(key); }, options);
}

}  // namespace

void add_split_stage(StageRegistry& registry) {
  StageParameter to = split_parameter(
      "to", ParameterType::text, "stages and a place, with {key} or {number} in its name: 'zstd | s3://b/{key}.zst'");
  to.required = to.bare = true;
  StageParameter field =
      split_parameter("field", ParameterType::integer, "by the line's so many-th field, from 1; behind `lines`");
  field.least = 1;
  field.most = 1'000'000;
  StageParameter open = split_parameter("open", ParameterType::integer,
                                        "places at once; as many as the memory holds, 16 at most, if not given");
  open.least = 1;
  open.most = 1024;
  StageType type{
      "split",
      "spread over many places, by a field of each line or by size",
      {to, field, split_parameter("size", ParameterType::size, "so many bytes each, behind `lines` of whole lines"),
       split_parameter("separator", ParameterType::text, "of fields: a character, or tab", ","),
       split_parameter("header", ParameterType::flag, "the first line is at the front of each"), open},
      {}};
  type.make_sink = make_split;
  (void)registry.add(std::move(type));
}

}  // namespace weir
