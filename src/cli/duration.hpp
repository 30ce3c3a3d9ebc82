// Spans of time as people type them.
#pragma once

#include <chrono>
#include <string>

#include "weir/core/status.hpp"

namespace weir::cli {

/// "90", "90s", "15m", "1h", "7d". invalid_argument, which names the option.
Result<std::chrono::seconds> duration_of(const char* option, const std::string& typed);

}  // namespace weir::cli
