// Options of commands that are about many objects: --include, --exclude, --update, --dry-run, -r.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "object_options.hpp"
#include "options.hpp"

namespace weir::cli {

/// As they were typed.
struct RawManyOptions {
  std::vector<std::string> include, exclude;
  std::string update;
};

/// Which of them a command has.
struct ManyOptions {
  bool recursive = false, filters = false, update = false;
  const char* recursive_help = "";
};
ManyOptions many_options_of(std::string_view command);

void add_many_options(CLI::App& app, const ManyOptions& which, Options& options, RawManyOptions& raw);
/// Rules in the order in which they were typed.
Status interpret_many(const CLI::App& app, const RawManyOptions& raw, Options& options);
/// `--update checksum` would take "checksum" for a source or destination: refused unless something of that name is
/// there.
Status check_update_word(const std::vector<std::string>& arguments);
/// What is to be said of --include without any --exclude; empty where it leaves something out.
std::string include_hint(const Options& options);

}  // namespace weir::cli
