#include "commands.hpp"
#include "transfer.hpp"

namespace weir::cli {

/// A copy to standard output that says nothing of itself, unless asked: it mostly stands before a '|'.
int run_cat(const CommandLine& line) {
  Options options = line.options;
  if (options.progress == ProgressMode::automatic) options.progress = ProgressMode::none;
  return transfer(line.operands[0], "-", options, /*final_line=*/options.progress != ProgressMode::none);
}

}  // namespace weir::cli
