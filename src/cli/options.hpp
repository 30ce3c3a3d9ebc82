// The command line as values: what was asked for, checked as far as that needs no look at the outside world.
//
// Each long option is also read from the environment (--part-size: WEIR_PART_SIZE); the command line wins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/store/http.hpp"
#include "weir/store/s3.hpp"
#include "weir/transfer/copy_many.hpp"

namespace weir::cli {

enum class ProgressMode : std::uint8_t { automatic, bar, plain, json, none };
enum class ColourMode : std::uint8_t { automatic, always, never };

/// Of serve, as they were typed.
struct ServeOptions {
  std::string listen, to, spool, tokens, origins, max_size, expire;
  bool interim_responses = false;
};

struct Options {
  // All commands.
  bool json = false;
  bool quiet = false;
  ColourMode colour = ColourMode::automatic;
  // What talks to S3.
  S3Options s3;
  // cp, cat.
  HttpOptions http;
  std::string through;
  bool explain = false;               ///< run
  std::size_t memory_bytes = 0;       ///< 0: the library's default
  std::uint64_t part_size_bytes = 0;  ///< 0: chosen
  std::uint32_t concurrency = 0;      ///< 0: adapts
  std::uint64_t limit_rate = 0;       ///< bytes a second; 0: no limit
  ProgressMode progress = ProgressMode::automatic;
  ObjectOptions object;   ///< cp: of the destination
  std::string state_dir;  ///< cp, jobs, rm, serve; empty: the user's
  bool no_resume = false;
  std::vector<std::string> arguments;  ///< as they were typed, the command first
  // jobs, rm.
  std::string older_than;
  bool incomplete = false;  ///< rm: not objects, but uploads that nobody has finished
  ServeOptions serve;
  // presign.
  std::string method = "GET";
  std::string expires = "1h";
  // ls, rm, cp: many objects.
  bool recursive = false;
  std::vector<FilterRule> filters;  ///< in the order in which they were typed
  bool dry_run = false;
  bool verbose = false;  ///< cp: a line for each file
  CopyUpdate update = CopyUpdate::none;
};

struct CommandLine {
  std::string command;  ///< "cp"; "help" and "version" also for --help and --version
  std::vector<std::string> operands;
  Options options;
  std::string help;  ///< with "help": the text
};

/// Errors are invalid_argument, with the nearest command or option where one is near, and budget_too_small. Prints
/// nothing.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

/// Whether `--json` is asked for, also where the rest cannot be understood.
bool wants_json(const std::vector<std::string>& arguments);

}  // namespace weir::cli
