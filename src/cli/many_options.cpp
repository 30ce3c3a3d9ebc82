#include "many_options.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "weir/text/terminal_text.hpp"

namespace weir::cli {

ManyOptions many_options_of(std::string_view command) {
  if (command == "ls") return {true, false, false, "list below each '/' too"};
  if (command == "rm") return {true, true, false, "remove all that lies below a name"};
  if (command == "cp") return {true, true, true, "copy all that lies below a name"};
  return {};
}

void add_many_options(CLI::App& app, const ManyOptions& which, Options& options, RawManyOptions& raw) {
  if (which.recursive) {
    app.add_flag("-r,--recursive", options.recursive, which.recursive_help)->envname("WEIR_RECURSIVE");
  }
  if (!which.filters) return;
  const auto list = [&](const char* name, std::vector<std::string>& into, const char* help) {
    app.add_option(name, into, help)
        ->type_name("PATTERN")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  list("--include", raw.include, "of many, those of this name; the last of these that matches decides");
  list("--exclude", raw.exclude, "of many, none of this name");
  app.add_flag("--dry-run", options.dry_run, "only say what would be done")->envname("WEIR_DRY_RUN");
  if (which.update) {
    app.add_flag("--update{size-time}", raw.update, "only what differs: by size and time, or --update=checksum")
        ->envname("WEIR_UPDATE");
    app.add_flag("-v,--verbose", options.verbose, "of many, a line for each that is done")->envname("WEIR_VERBOSE");
  }
}

namespace {

/// A set without its end would stand for itself, which nobody means who writes one.
Status check_pattern(const char* option, const std::string& pattern) {
  const std::size_t at = Glob::unclosed_set(pattern);
  if (at == std::string::npos) return {};
  return pointed_out(fmt::format("read --{}", option), pattern, at, "[", "this '[' has no ']'",
                     "A set is written [abc] or [a-z]; the character itself is \\[ .");
}

}  // namespace

Status interpret_many(const CLI::App& app, const RawManyOptions& raw, Options& options) {
  for (const std::string& pattern : raw.include) WEIR_TRY(check_pattern("include", pattern));
  for (const std::string& pattern : raw.exclude) WEIR_TRY(check_pattern("exclude", pattern));
  std::size_t included = 0;
  std::size_t excluded = 0;
  for (const CLI::Option* option : app.parse_order()) {
    const std::string name = option->get_name(false, true);
    if (name == "--include") options.filters.push_back({true, raw.include.at(included++)});
    if (name == "--exclude") options.filters.push_back({false, raw.exclude.at(excluded++)});
  }
  if (raw.update.empty() || raw.update == "false") return {};
  options.update = raw.update == "checksum" ? CopyUpdate::checksum : CopyUpdate::size_and_time;
  if (raw.update == "checksum" || raw.update == "size-time" || raw.update == "true" || raw.update == "1") return {};
  return Status(Kind::invalid_argument, fmt::format("\"{}\" is none of size-time, checksum", raw.update))
      .during("read --update");
}

Status check_update_word(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  for (auto at = std::find(arguments.begin(), end, "--update"); at != end; at = std::find(at + 1, end, "--update")) {
    if (at + 1 == end) break;
    const std::string& word = at[1];
    if (word != "checksum" && word != "time" && word != "size-time") continue;
    struct stat found {};
    if (::lstat(word.c_str(), &found) == 0) continue;
    return Status(Kind::invalid_argument, fmt::format("behind a space, \"{}\" is a name, and nothing has it", word))
        .during("read --update")
        .advise(word == "checksum" ? "Write --update=checksum." : "Write --update, which goes by size and time.");
  }
  return {};
}

std::string include_hint(const Options& options) {
  const bool only_includes =
      !options.filters.empty() &&
      std::all_of(options.filters.begin(), options.filters.end(), [](const FilterRule& rule) { return rule.include; });
  return only_includes ? "--include alone leaves nothing out: --exclude '*' before it leaves out all the rest" : "";
}

}  // namespace weir::cli
