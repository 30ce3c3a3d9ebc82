// One transfer, from its names to the exit code.
#pragma once

#include <string>

#include "options.hpp"
#include "weir/core/pipeline.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::cli {

/// The options as the library takes them.
EndpointOptions endpoint_options(const Options& options);

/// Where the bytes of `source` go if `destination` is what was typed: a directory or a prefix gets the source's name.
/// Errors: invalid_argument where the source has no name, or where both are the same file or object.
Result<std::string> resolve_destination(const std::string& source, const std::string& destination);

/// Copies, reports, and says what the process ends with.
int transfer(const std::string& source, const std::string& destination, const Options& options, bool final_line);

}  // namespace weir::cli
