// The commands. Each does its work, prints its results, and gives the exit code.
#pragma once

#include <memory>
#include <string>

#include "options.hpp"
#include "weir/core/status.hpp"
#include "weir/transfer/open_store.hpp"

namespace weir::cli {

int run_cp(const CommandLine& line);
int run_cat(const CommandLine& line);
int run_run(const CommandLine& line);
int run_stages(const CommandLine& line);
int run_ls(const CommandLine& line);
int run_head(const CommandLine& line);
int run_presign(const CommandLine& line);
int run_verify(const CommandLine& line);
int run_rm(const CommandLine& line);
int run_jobs(const CommandLine& line);
int run_serve(const CommandLine& line);
int run_version(const CommandLine& line);
int run_help(const CommandLine& line);

/// Tells an error outside a transfer, in the form asked for; the exit code.
int report(const Status& status, bool json, ColourMode colour);
/// Ends a command that printed to standard output: what could not be written is an error, but for a reader that left.
int finish(const Status& output, const Options& options);

/// The store that `url` is in. `operation` completes "cannot …".
Result<StorePlace> open_place(const std::string& url, const Options& options, const std::string& operation);

}  // namespace weir::cli
