// cp of many: several sources, trees, patterns, filters.
#pragma once

#include "options.hpp"

namespace weir::cli {

/// Whether the command line is about more than from one file, object or pipe to another place.
bool is_about_many(const CommandLine& line);
/// Copies, reports, and gives the exit code.
int copy_files(const CommandLine& line);

}  // namespace weir::cli
