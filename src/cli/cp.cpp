#include "commands.hpp"
#include "copy_files.hpp"
#include "transfer.hpp"

namespace weir::cli {

int run_cp(const CommandLine& line) {
  if (is_about_many(line)) return copy_files(line);
  if (line.options.dry_run) return dry_run(line.operands[0], line.operands[1], line.options);
  return transfer(line.operands[0], line.operands[1], line.options, /*final_line=*/true);
}

}  // namespace weir::cli
