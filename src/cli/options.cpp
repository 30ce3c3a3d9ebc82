#include "options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>

#include "exit_codes.hpp"
#include "many_options.hpp"
#include "object_options.hpp"
#include "weir/core/budget.hpp"
#include "weir/core/units.hpp"
#include "weir/text/registry.hpp"
#include "weir/text/terminal_text.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir::cli {

namespace {

struct CommandInfo {
  std::string_view name;
  const char* operands;
  const char* summary;
  bool store;     ///< takes the options of S3
  bool transfer;  ///< takes the options of transfers
};

constexpr CommandInfo kCommands[] = {
    {"cp", "SRC... DST", "copy files, pipes and objects, through transforms", true, true},
    {"cat", "SRC", "write an object or file to standard output", true, true},
    {"run", "'FROM | STAGE | TO'", "run a pipeline; without FROM or TO, from standard input or to standard output",
     true, true},
    {"stages", "[NAME]", "what may stand between FROM and TO", false, false},
    {"ls", "s3://BUCKET[/PREFIX]", "list objects", true, false},
    {"head", "s3://BUCKET/KEY", "print what the store knows of an object", true, false},
    {"presign", "s3://BUCKET/KEY", "print a URL that lets anyone read or write an object", true, false},
    {"verify", "FILE s3://BUCKET/KEY", "compare a file with an object", true, false},
    {"rm", "s3://BUCKET/KEY...", "remove objects", true, false},
    {"jobs", "[list | show ID | resume ID | abort ID...]",
     "uploads and downloads that were not finished: go on with them, or remove them", false, false},
    {"serve", "", "take uploads over HTTP, and give them back", true, false},
    {"version", "", "print versions and features", false, false},
    {"help", "[COMMAND]", "print help", false, false},
};

const CommandInfo* find_command(std::string_view name) {
  const auto found = std::find_if(std::begin(kCommands), std::end(kCommands), [&](auto& c) { return c.name == name; });
  return found == std::end(kCommands) ? nullptr : found;
}

Status usage_error(const std::string& operation, const std::string& cause, const std::string& advice) {
  return Status(Kind::invalid_argument, cause).during(operation).advise(advice);
}

/// Options as they were typed.
struct Raw {
  std::string colour, progress, memory, part_size, concurrency, limit_rate;
  bool no_progress = false;
  RawObjectOptions object;
  RawManyOptions many;
};

std::string environment_name(std::string_view option) {
  std::string name = "WEIR_";
  for (const char c : option) name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

/// CLI11's formatter knows positionals; operands are ours.
class HelpFormatter final : public CLI::Formatter {
 public:
  explicit HelpFormatter(const CommandInfo& command) : command_(command) { column_width(34); }
  std::string make_usage(const CLI::App*, std::string) const override {
    return fmt::format("Usage: weir {} [OPTIONS] {}\n", command_.name, command_.operands);
  }

 private:
  const CommandInfo& command_;
};

/// The options of `command`, bound to `options` and `raw`.
std::unique_ptr<CLI::App> make_parser(const CommandInfo& command, Options& options, Raw& raw) {
  auto app = std::make_unique<CLI::App>(fmt::format("weir {}: {}.", command.name, command.summary));
  app->formatter(std::make_shared<HelpFormatter>(command));
  app->allow_extras();
  app->set_help_flag("-h,--help", "print this help");
  const auto value = [&](const char* name, std::string& into, const char* type, const std::string& help) {
    const std::string environment = environment_name(name);
    app->add_option(std::string("--") + name, into, help)
        ->type_name(type)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->envname(environment);
  };
  const auto flag = [&](const char* names, const char* name, bool& into, const std::string& help) {
    app->add_flag(names, into, help)->envname(environment_name(name));
  };
  flag("--json", "json", options.json, "print one JSON object a line (docs/cli-events.schema.json)");
  flag("-q,--quiet", "quiet", options.quiet, "print nothing but errors and results");
  value("color", raw.colour, "WHEN", "auto, always or never");
  add_many_options(*app, many_options_of(command.name), options, raw.many);
  if (command.store) {
    value("endpoint-url", options.s3.endpoint_url, "URL", "the S3 service; else as the AWS tools choose it");
    value("region", options.s3.region, "NAME", "of the bucket");
    value("profile", options.s3.profile, "NAME", "of the AWS configuration files");
    flag("--no-sign-request", "no-sign-request", options.s3.no_sign_request, "send no keys: for what anyone may read");
    add_service_options(value, options.s3, raw.object);
  }
  if (command.name == "cp") add_object_options(*app, value, options.object, raw.object);
  if (command.transfer) add_http_options(*app, raw.object);
  if (command.store || command.transfer) {
    value("ca-bundle", options.http.ca_bundle, "FILE",
          "authorities that https:// is trusted by; default: AWS_CA_BUNDLE for S3, else the system's");
  }
  const bool resumes = command.name == "cp" || command.name == "run";
  if (resumes || command.name == "jobs" || command.name == "rm" || command.name == "serve") {
    value("state-dir", options.state_dir, "DIR",
          "where unfinished copies and uploads are recorded; default: ~/.local/state/weir");
  }
  if (command.name == "rm") {
    flag("--incomplete", "incomplete", options.incomplete,
         "no objects, but uploads that nobody has finished: what a kill, or another program, has left");
    value("older-than", options.older_than, "TIME",
          "with --incomplete: only what was begun before 90m, 12h, 7d; default 24h");
    flag("--no-resume", "no-resume", options.no_resume,
         "with --incomplete: also those that 'weir jobs' lists, which could be gone on with");
  }
  if (resumes) {
    flag("--no-resume", "no-resume", options.no_resume,
         "begin anew, remove what an earlier run has left, and leave nothing to go on with");
  }
  if (command.name == "serve") {
    value("listen", options.serve.listen, "ADDRESS", "default 127.0.0.1:8080; port 0: any that is free");
    value("to", options.serve.to, "DIR|URL",
          "where finished uploads come to lie, each under its id: DIR, s3://bucket/incoming/");
    value("through", options.through, "STAGES", "what they pass on their way there: 'zstd level=3'");
    value("spool", options.serve.spool, "DIR",
          "where uploads to a store lie until they are there; default: below --state-dir");
    value("tokens", options.serve.tokens, "FILE", "who may ask: a bearer token on each line, and perhaps whose it is");
    value("allow-origin", options.serve.origins, "ORIGIN,...",
          "of web pages that may ask: https://app.example.com, or *");
    value("max-size", options.serve.max_size, "SIZE", "of one upload; default 5TiB");
    flag("--interim-responses", "interim-responses", options.serve.interim_responses,
         "tell a new upload's place before its body has come (104); not behind nginx");
    value("expire", options.serve.expire, "TIME", "unfinished uploads go after 90m, 12h, 7d; default 7d");
  }
  if (command.name == "jobs") {
    value("older-than", options.older_than, "TIME", "list, abort: only what nothing was sent of for 90m, 12h, 7d");
  }
  if (command.name == "presign") {
    value("method", options.method, "METHOD", "GET or PUT; default GET");
    value("expires", options.expires, "TIME", "90s, 15m, 1h, up to 7d; default 1h");
  }
  if (command.name == "run") {
    flag("--explain", "explain", options.explain, "tell how it would run, and do nothing");
  } else if (command.transfer) {
    value("through", options.through, "STAGES", "transforms, as in 'sha256 | zstd level=3'");
  }
  if (command.transfer) {
    value("memory", raw.memory, "SIZE", "most memory to hold, from 8MiB; default 64MiB");
    value("part-size", raw.part_size, "SIZE", "of each part of an upload; default: chosen");
    value("concurrency", raw.concurrency, "N", "parts under way at once; adapts by default");
    value("limit-rate", raw.limit_rate, "SIZE", "most bytes a second, up and down each: 150MiB");
    value("progress", raw.progress, "FORM", "auto, bar, plain, json or none; on standard error");
    flag("--no-progress", "no-progress", raw.no_progress, "as --progress=none");
  }
  return app;
}

std::string help_of(const CommandInfo& command) {
  Options options;
  Raw raw;
  std::string text = make_parser(command, options, raw)->help();
  if (command.transfer) {
    text +=
        "\nSRC is a file, - (standard input), s3://BUCKET/KEY, vercel://STORE/PATH, an http(s):// URL or\n"
        "gen:SIZE. DST is a file, a directory, -, s3://BUCKET/KEY or s3://BUCKET/PREFIX/, vercel://STORE/PATH or\n"
        "vercel://STORE/FOLDER/, an http(s):// URL (one PUT), or null:.\n\nStages:\n";
    for (const auto& [name, type] : StageRegistry::builtin().types())
      text += fmt::format("  {:46} {}\n", written_form(type), type.help);
    text += "\nSizes are written 8MiB, 1.5GiB, 10MB (decimal) or 4096.\n";
  }
  return text + "\n" + kExitCodeHelp;
}

std::string help_of_all() {
  std::string text =
      "weir: stream any amount of data from any source, through any transforms, into any store,\n"
      "in bounded memory, with proof.\n\nUsage: weir COMMAND [OPTIONS] ...\n\nCommands:\n";
  for (const CommandInfo& command : kCommands) {
    text += fmt::format("  {:8} {:22} {}\n", command.name, command.operands, command.summary);
  }
  return text + "\n'weir help COMMAND' tells the options of a command.\n\n" + kExitCodeHelp;
}

template <class Mode>
Status choose(const char* option, const std::string& typed, const std::vector<std::pair<std::string_view, Mode>>& from,
              Mode& into) {
  if (typed.empty()) return {};
  std::vector<std::string_view> names;
  for (const auto& [name, mode] : from) {
    if (name == typed) {
      into = mode;
      return {};
    }
    names.push_back(name);
  }
  const std::string advice = did_you_mean(typed, names);
  return usage_error(fmt::format("read --{}", option),
                     fmt::format("\"{}\" is none of {}", typed, fmt::join(names, ", ")),
                     advice.empty() ? advice : advice.substr(1));
}

Result<std::uint64_t> size_of(const char* option, const std::string& typed) {
  auto size = parse_size(typed);
  if (!size) return size.status().during(fmt::format("read --{}", option));
  return size;
}

Status interpret(const Raw& raw, Options& options) {
  constexpr std::uint32_t kMostConcurrency = 1024;
  WEIR_TRY(choose<ColourMode>(
      "color", raw.colour,
      {{"auto", ColourMode::automatic}, {"always", ColourMode::always}, {"never", ColourMode::never}}, options.colour));
  WEIR_TRY(choose<ProgressMode>("progress", raw.progress,
                                {{"auto", ProgressMode::automatic},
                                 {"bar", ProgressMode::bar},
                                 {"plain", ProgressMode::plain},
                                 {"json", ProgressMode::json},
                                 {"none", ProgressMode::none}},
                                options.progress));
  if (raw.no_progress) options.progress = ProgressMode::none;
  if (!raw.memory.empty()) {
    WEIR_ASSIGN(options.memory_bytes, size_of("memory", raw.memory));
    if (options.memory_bytes < kMinBudgetBytes) {
      Error error;
      error.kind = Kind::budget_too_small;
      error.operation = "read --memory";
      error.cause =
          fmt::format("{} is below the least of {}", format_size(options.memory_bytes), format_size(kMinBudgetBytes));
      error.needed_bytes = kMinBudgetBytes;
      return Status(std::move(error));
    }
  }
  if (!raw.part_size.empty()) {
    WEIR_ASSIGN(options.part_size_bytes, size_of("part-size", raw.part_size));
  }
  if (!raw.concurrency.empty()) {
    const char* const end = raw.concurrency.data() + raw.concurrency.size();
    const auto [stop, error] = std::from_chars(raw.concurrency.data(), end, options.concurrency);
    if (error != std::errc() || stop != end || options.concurrency == 0 || options.concurrency > kMostConcurrency) {
      return usage_error("read --concurrency",
                         fmt::format("\"{}\" is no number from 1 to {}", raw.concurrency, kMostConcurrency), {});
    }
  }
  if (!raw.limit_rate.empty()) {
    WEIR_ASSIGN(options.limit_rate, size_of("limit-rate", raw.limit_rate));
    if (options.limit_rate == 0) {
      return usage_error("read --limit-rate", "at 0 bytes a second nothing would move", "Leave it out for no limit.");
    }
  }
  return interpret_object(raw.object, options.object, options.s3);
}

/// For an option that no command or another has.
Status unknown_option(const CommandInfo& command, const CLI::App& parser, const std::string& typed) {
  const std::string name = typed.substr(0, typed.find('='));
  std::vector<std::string> long_names;
  for (const CLI::Option* option : parser.get_options()) {
    for (const std::string& long_name : option->get_lnames()) long_names.push_back("--" + long_name);
  }
  const std::vector<std::string_view> candidates(long_names.begin(), long_names.end());
  std::string advice = did_you_mean(name, candidates);
  if (!advice.empty()) advice = advice.substr(1) + " ";
  return usage_error("run weir " + std::string(command.name), fmt::format("there is no option {}", name),
                     advice + fmt::format("'weir help {}' lists the options; a name that begins with '-' goes behind "
                                          "'--' or is written ./-name.",
                                          command.name));
}

/// What others call it, or else what is near.
std::string instead_of(const std::string& name, const std::vector<std::string_view>& names) {
  if (name == "sync") return " What differs is copied by: weir cp -r --update SRC DST";
  if (name == "mv" || name == "move") return " Copy first: weir cp -r --update SRC DST, then remove: weir rm -r SRC";
  return did_you_mean(name, names);
}

Result<CommandLine> parse_options(const CommandInfo& command, const std::vector<std::string>& arguments) {
  CommandLine line;
  line.command = command.name;
  const auto separator = std::find(arguments.begin(), arguments.end(), "--");
  Raw raw;
  const auto parser = make_parser(command, line.options, raw);
  try {
    parser->parse(std::vector<std::string>(std::make_reverse_iterator(separator), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    line.command = "help";
    line.help = help_of(command);
    return line;
  } catch (const CLI::ParseError& error) {
    return usage_error("run weir " + std::string(command.name), error.what(),
                       fmt::format("'weir help {}' tells the options.", command.name));
  }
  for (const std::string& extra : parser->remaining()) {
    // "- | zstd | -" is a pipeline that begins with the standard input.
    const bool pipeline = extra.starts_with("- ") || extra.starts_with("-|");
    if (extra.size() > 1 && extra[0] == '-' && !pipeline) return unknown_option(command, *parser, extra);
    line.operands.push_back(extra);
  }
  if (separator != arguments.end()) line.operands.insert(line.operands.end(), separator + 1, arguments.end());
  line.options.arguments = {line.command};
  line.options.arguments.insert(line.options.arguments.end(), arguments.begin(), arguments.end());
  WEIR_TRY(interpret_many(*parser, raw.many, line.options));
  if (!raw.many.update.empty()) WEIR_TRY(check_update_word(arguments));
  WEIR_TRY(interpret(raw, line.options));
  return line;
}

Status check_operands(const CommandInfo& command, const CommandLine& line) {
  const std::size_t given = line.operands.size();
  const std::size_t least = command.name == "cp" || command.name == "verify" ? 2
                            : command.store && command.name != "serve"       ? 1
                                                                             : 0;
  const std::size_t most = command.name == "rm" || command.name == "cp" || command.name == "jobs" ? SIZE_MAX
                           : command.name == "help" || command.name == "stages"                   ? 1
                                                                                                  : least;
  if (std::any_of(line.operands.begin(), line.operands.end(), [](auto& operand) { return operand.empty(); })) {
    return usage_error("run weir " + line.command, "a name is empty", "Is a shell variable unset?");
  }
  if (given >= least && given <= most) return {};
  return usage_error("run weir " + line.command,
                     given < least ? fmt::format("it takes {}, and {} given", command.operands,
                                                 given == 0 ? "nothing is" : "only one name is")
                                   : fmt::format("\"{}\" is one name too many", line.operands[most]),
                     fmt::format("Usage: weir {} [OPTIONS] {}", command.name, command.operands));
}

}  // namespace

bool wants_json(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::find(arguments.begin(), end, "--json") != end;
}

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  if (arguments.empty()) {
    return usage_error("run weir", "no command is given", "'weir help' lists the commands.");
  }
  std::string name = arguments[0];
  if (name == "-h" || name == "--help") name = "help";
  if (name == "-V" || name == "--version") name = "version";
  const CommandInfo* const command = find_command(name);
  if (command == nullptr) {
    std::vector<std::string_view> names;
    for (const CommandInfo& known : kCommands) names.push_back(known.name);
    if (name.starts_with('-')) {
      return usage_error("run weir", fmt::format("{} stands where a command is expected", name),
                         "Options go behind the command: weir cp [OPTIONS] SRC DST.");
    }
    return usage_error("run weir", fmt::format("there is no command \"{}\"", name),
                       fmt::format("Commands are {}.{}", fmt::join(names, ", "), instead_of(name, names)));
  }
  WEIR_ASSIGN(line, parse_options(*command, {arguments.begin() + 1, arguments.end()}));
  if (!line.help.empty()) return line;
  WEIR_TRY(check_operands(*command, line));
  if (line.command == "rm" && !line.options.incomplete && !line.options.older_than.empty()) {
    return usage_error("run weir rm", "--older-than is about unfinished uploads, and objects were named",
                       "Nothing was removed. Say --incomplete too, or leave it out.");
  }
  if (line.command == "help") {
    const CommandInfo* const about = line.operands.empty() ? nullptr : find_command(line.operands[0]);
    if (about == nullptr && !line.operands.empty()) return parse_command_line({line.operands[0]});
    line.help = about == nullptr ? help_of_all() : help_of(*about);
  }
  return line;
}

}  // namespace weir::cli
