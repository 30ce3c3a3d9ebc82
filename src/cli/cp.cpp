#include "commands.hpp"
#include "transfer.hpp"

namespace weir::cli {

int run_cp(const CommandLine& line) {
  return transfer(line.operands[0], line.operands[1], line.options, /*final_line=*/true);
}

}  // namespace weir::cli
