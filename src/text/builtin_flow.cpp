// Stages by name that steer how a stream flows.
#include "text/builtin.hpp"
#include "weir/stages/batch.hpp"
#include "weir/stages/buffered.hpp"
#include "weir/stages/rate_limit.hpp"
#include "weir/stages/timeout.hpp"

namespace weir {

namespace {

StageParameter bare_parameter(const char* name, ParameterType type, const char* help) {
  StageParameter parameter{name, type, help, ""};
  parameter.required = parameter.bare = true;
  return parameter;
}

StageType rate_limit_type() {
  return {"rate_limit",
          "so many bytes a second, steadily",
          {bare_parameter("rate", ParameterType::size, "a second")},
          [](const StageArguments& given) -> Made { return Through(rate_limit(given.size("rate").value_or(1))); }};
}

StageType timeout_type() {
  return {"timeout",
          "an error where for so long nothing comes that was asked for",
          {bare_parameter("time", ParameterType::duration, "of silence, such as 30s; pauses do not count")},
          [](const StageArguments& given) -> Made {
            return Through(timeout(given.duration("time").value_or(std::chrono::nanoseconds(1))));
          }};
}

StageType buffered_type() {
  StageParameter chunks =
      bare_parameter("chunks", ParameterType::integer, "that may wait there; 256 KiB is set aside for each");
  chunks.least = 2;
  chunks.most = 1 << 20;
  return {"buffered",
          "cut here: what is before and what is behind run side by side",
          {chunks},
          [](const StageArguments& given) -> Made {
            return Through(buffered(static_cast<std::size_t>(given.integer("chunks").value_or(2))));
          }};
}

StageType batch_type() {
  StageParameter lines{"lines", ParameterType::integer, "at most, behind `lines`", "", 1};
  StageParameter bytes{"bytes", ParameterType::size, "at most; twice this is set aside", "1MiB", 1, 1 << 30};
  StageParameter within{"within", ParameterType::duration, "then what there is goes, which depends on timing", ""};
  return {"batch",
          "put lines or bytes together for what is right behind",
          {lines, bytes, within},
          [](const StageArguments& given) -> Made {
            BatchOptions options;
            options.lines = static_cast<std::uint64_t>(given.integer("lines").value_or(0));
            options.bytes = static_cast<std::size_t>(given.size("bytes").value_or(options.bytes));
            options.within = given.duration("within").value_or(options.within);
            return Through(batch(options));
          }};
}

}  // namespace

void add_flow_stages(StageRegistry& registry) {
  (void)registry.add(rate_limit_type());
  (void)registry.add(timeout_type());
  (void)registry.add(buffered_type());
  (void)registry.add(batch_type());
}

}  // namespace weir
