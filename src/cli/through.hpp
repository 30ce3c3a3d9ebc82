// `--through`: the text form of transforms, `sha256 | zstd level=3`.
#pragma once

#include <string_view>
#include <vector>

#include "weir/core/pipeline.hpp"
#include "weir/core/status.hpp"

namespace weir::cli {

/// Empty text is no transforms. Errors are invalid_argument; they point at the column (from 1) and name what is near.
Result<Through> parse_through(std::string_view text);

/// The stages that there are.
std::vector<std::string_view> through_names();

/// One stage that may be named, for help.
struct StageHelp {
  const char* form;
  const char* meaning;
};
const std::vector<StageHelp>& through_help();

}  // namespace weir::cli
