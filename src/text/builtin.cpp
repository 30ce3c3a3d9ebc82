// The stages of this library, by name.
#include "text/builtin.hpp"

#include "weir/stages/concat.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/parallel.hpp"
#include "weir/stages/tee.hpp"
#include "weir/text/parse.hpp"
#include "weir/text/registry.hpp"

namespace weir {

namespace {

StageType lines_type() {
  StageParameter longest{
      "longest", ParameterType::size, "a longer line is an error; twice this is set aside", "1MiB", 1, 1 << 30};
  return {
      "lines", "cut at line ends, for stages that work on lines", {longest}, [](const StageArguments& given) -> Made {
        return Through(lines({.longest_bytes = static_cast<std::size_t>(given.size("longest").value_or(kMiB))}));
      }};
}

StageType grep_type() {
  StageParameter text{"text", ParameterType::text, "as it stands, unless it is to be a regular expression", ""};
  text.required = text.bare = true;
  StageParameter invert{"invert", ParameterType::flag, "the lines that do not", ""};
  StageParameter regex{"regex", ParameterType::flag, "the text is one, as RE2 and nearly as grep -E reads it", ""};
  return {"grep", "the lines that contain a text", {text, invert, regex}, [](const StageArguments& given) -> Made {
            const GrepOptions options{.invert = given.flag("invert"), .regex = given.flag("regex")};
            const std::string wanted = given.text("text").value_or("");
            WEIR_TRY(check_grep(wanted, options));
            return Through(grep(wanted, options));
          }};
}

/// take and skip: of lines or of bytes.
StageType first_type(const char* name, const char* help, std::unique_ptr<Transform> (*of_lines)(std::uint64_t),
                     std::unique_ptr<Transform> (*of_bytes)(std::uint64_t)) {
  StageParameter line_count{"lines", ParameterType::integer, "so many lines", "", 0};
  StageParameter byte_count{"bytes", ParameterType::size, "so many bytes", ""};
  return {name, help, {line_count, byte_count}, [=](const StageArguments& given) -> Made {
            const auto count = given.integer("lines");
            const auto bytes = given.size("bytes");
            if (count.has_value() == bytes.has_value())
              return Status(Kind::invalid_argument, fmt::format("{} is of lines=N or of bytes=SIZE", name));
            return Through(count ? of_lines(static_cast<std::uint64_t>(*count)) : of_bytes(*bytes));
          }};
}

StageType count_type() {
  return {"count", "how many lines there were, and nothing else", {}, [](const StageArguments&) -> Made {
            return Through(count_lines());
          }};
}

StageType parallel_type() {
  StageParameter stages{"stages", ParameterType::text, "as in a pipeline; each must work on every chunk by itself", ""};
  stages.required = stages.bare = true;
  StageParameter workers{"workers", ParameterType::integer, "at once; as many as there are threads if not given", "", 1,
                         1024};
  return {"parallel",
          "stages that work on several chunks at once, in order",
          {stages, workers},
          [](const StageArguments& given) -> Made {
            const std::string text = given.text("stages").value_or("");
            WEIR_TRY(parse_through(text).status());
            ParallelOptions options;
            options.max_workers = static_cast<std::size_t>(given.integer("workers").value_or(0));
            return Through(parallel([text] { return parse_through(text).value(); }, options));
          }};
}

StageParameter places(const char* help) {
  StageParameter parameter{"place", ParameterType::text, help, ""};
  parameter.required = parameter.bare = parameter.many = true;
  return parameter;
}

StageType tee_type() {
  StageParameter drop{"drop-failed", ParameterType::flag, "leave a place behind that fails, while another is left", ""};
  StageType type{"tee", "the same bytes to several places", {places("as at the end of a pipeline"), drop}, {}};
  type.make_sink = [](const StageArguments& given, const EndpointOptions& options) -> Result<std::unique_ptr<Sink>> {
    std::vector<To> branches;
    for (const std::string& place : given.texts("place")) {
      WEIR_ASSIGN(auto sink, open_sink(place, options));
      branches.emplace_back(std::move(sink));
    }
    return tee(std::move(branches), {.drop_failed = given.flag("drop-failed")});
  };
  return type;
}

StageType concat_type() {
  StageType type{"concat", "several places, one behind the other", {places("as at the beginning of a pipeline")}, {}};
  type.make_source = [](const StageArguments& given,
                        const EndpointOptions& options) -> Result<std::unique_ptr<Source>> {
    std::vector<std::unique_ptr<Source>> sources;
    for (const std::string& place : given.texts("place")) {
      WEIR_ASSIGN(auto source, open_source(place, options));
      sources.push_back(std::move(source));
    }
    return concat(std::move(sources));
  };
  return type;
}

StageRegistry make_builtin() {
  StageRegistry registry;
  const auto add = [&](StageType type) { (void)registry.add(std::move(type)); };
  add_codec_stages(registry);
  add_flow_stages(registry);
  add_split_stage(registry);
  add(lines_type());
  add(grep_type());
  add(count_type());
  add(parallel_type());
  add(tee_type());
  add(concat_type());
  add(first_type("take", "the first lines or bytes; no more is read", take_lines, take_bytes));
  add(first_type("skip", "all but the first lines or bytes", skip_lines, skip_bytes));
  return registry;
}

}  // namespace

const StageRegistry& StageRegistry::builtin() {
  static const StageRegistry kBuiltin = make_builtin();
  return kBuiltin;
}

}  // namespace weir
