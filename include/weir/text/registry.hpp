// Stages by name, for the text form of pipelines: each with its parameters, their types, ranges and meaning.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/pipeline.hpp"
#include "weir/core/status.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir {

enum class ParameterType : std::uint8_t {
  integer,  ///< "-3"
  size,     ///< bytes: "8MiB", "4096"
  text,
  flag,      ///< "yes" or "no"; the name alone is "yes"
  duration,  ///< "500ms", "30s", "15m"
};

/// What a stage may be told.
struct StageParameter {
  std::string name;
  ParameterType type = ParameterType::text;
  std::string help;                ///< one line
  std::string fallback;            ///< what it is where it is not given, for the help
  std::int64_t least = INT64_MIN;  ///< integers and sizes
  std::int64_t most = INT64_MAX;
  bool required = false;
  bool bare = false;  ///< its name may be left out: `grep ERROR` is `grep text=ERROR`
  bool many = false;  ///< text: may be given several times
};

/// The parameters of one stage as they were given, each of its type and within its range. Thread-compatible.
class StageArguments {
 public:
  /// None where it was not given.
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<std::uint64_t> size(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;
  std::optional<std::chrono::nanoseconds> duration(std::string_view name) const;
  bool flag(std::string_view name) const;
  /// All values of one that may be given several times, in order.
  std::vector<std::string> texts(std::string_view name) const;

 private:
  friend class StageReader;
  std::multimap<std::string, std::string, std::less<>> given_;  // equal names in the order they were given
};

/// A stage that has a name. Exactly one of its functions is set; errors of kind invalid_argument are told with the
/// stage's column.
struct StageType {
  std::string name;  ///< letters, digits, '_', '-'
  std::string help;  ///< one line
  std::vector<StageParameter> parameters;
  std::function<Result<Through>(const StageArguments&)> make;
  /// Of sources and sinks. `options` are for the places that it is told of.
  std::function<Result<std::unique_ptr<Source>>(const StageArguments&, const EndpointOptions& options)> make_source =
      {};
  std::function<Result<std::unique_ptr<Sink>>(const StageArguments&, const EndpointOptions& options)> make_sink = {};
};

/// Const calls are thread-safe.
class StageRegistry {
 public:
  /// Empty. A copy of builtin() is what a host adds its own stages to.
  StageRegistry() = default;
  /// The stages of this library.
  static const StageRegistry& builtin();

  /// invalid_argument where the name is taken or is none, or a parameter is named twice.
  Status add(StageType type);
  /// As add(), in place of one that has the name.
  Status replace(StageType type);
  const StageType* find(std::string_view name) const;
  /// By name.
  const std::map<std::string, StageType, std::less<>>& types() const { return types_; }

 private:
  static Status check(const StageType& type);

  std::map<std::string, StageType, std::less<>> types_;
};

/// "zstd [level=3] [workers=N]", "grep TEXT [invert]": how a stage is written.
std::string written_form(const StageType& type);
/// "  level=N       from fast to small (-7 to 19; default 3)", with a line end.
std::string parameter_help(const StageParameter& parameter);

}  // namespace weir
