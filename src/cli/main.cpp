// The weir command: an ordinary user of the library's public interface.

#include <malloc.h>

#include <string>
#include <vector>

#include "commands.hpp"
#include "output.hpp"
#include "signals.hpp"

namespace {

struct Command {
  const char* name;
  int (*run)(const weir::cli::CommandLine&);
};

constexpr Command kCommands[] = {
    {"cp", weir::cli::run_cp},         {"cat", weir::cli::run_cat},         {"run", weir::cli::run_run},
    {"stages", weir::cli::run_stages}, {"ls", weir::cli::run_ls},           {"head", weir::cli::run_head},
    {"rm", weir::cli::run_rm},         {"presign", weir::cli::run_presign}, {"verify", weir::cli::run_verify},
    {"jobs", weir::cli::run_jobs},     {"serve", weir::cli::run_serve},     {"version", weir::cli::run_version},
    {"help", weir::cli::run_help},
};

}  // namespace

int main(int argc, char** argv) {
  using namespace weir::cli;
  guard_standard_descriptors();
  block_signals();
  // One heap for each of many threads would hold more memory than the transfer itself.
  ::mallopt(M_ARENA_MAX, 2);
  // The buffers of requests come and go: given back to the system each time, their pages would be cleared each time.
  ::mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 2 * 1024 * 1024);
  start_signal_thread();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const auto line = parse_command_line(arguments);
  if (!line) return report(line.status(), wants_json(arguments), ColourMode::automatic);
  for (const Command& command : kCommands) {
    if (line->command == command.name) return command.run(*line);
  }
  return report(weir::Status(weir::Kind::internal, "a command that is known does nothing"), false,
                ColourMode::automatic);
}
