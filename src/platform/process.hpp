// Runs another program for what it prints.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "weir/core/status.hpp"

namespace weir::platform {

struct ProcessLimits {
  std::chrono::milliseconds within{60000};
  std::size_t max_output_bytes = 256 * 1024;  ///< of standard output; of standard error the first 4 KiB are kept
};

struct ProcessOutput {
  int exit_code = 0;  ///< 128 + the signal that ended it
  std::string out, err;
};

/// Runs `words[0]`, found in PATH, without a shell, with this process's environment and an empty standard input (ours
/// may be the data of a transfer). Fails where it cannot be started, ends too late (it is killed then) or prints too
/// much. Blocks. Thread-safe.
Result<ProcessOutput> run_process(const std::vector<std::string>& words, const ProcessLimits& limits);

}  // namespace weir::platform
