#include "copy_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <optional>

#include "commands.hpp"
#include "exit_codes.hpp"
#include "many_options.hpp"
#include "many_report.hpp"
#include "notices.hpp"
#include "object_options.hpp"
#include "resume_line.hpp"
#include "signals.hpp"
#include "transfer.hpp"

namespace weir::cli {

namespace {

using Clock = std::chrono::steady_clock;

bool is_pattern(const std::string& source) {
  const EndKind kind = end_kind(source);
  if (!Glob::is_pattern(source) || (kind != EndKind::file && !is_store(kind))) return false;
  if (kind == EndKind::file && source.find(':') < source.find('/')) return false;  // no path: a slip in a scheme
  struct stat found {};
  return is_store(kind) || ::lstat(source.c_str(), &found) != 0;
}

/// One object or many, it keeps what it is stored with; and what a service can copy by itself need not come through
/// this machine.
bool goes_between_stores(const CommandLine& line) {
  const std::string& source = line.operands.front();
  const std::string& destination = line.operands.back();
  return is_store(end_kind(source)) && is_store(end_kind(destination)) && line.options.through.empty() &&
         source != destination;
}

bool names_one(const CommandLine& line) {
  return line.operands.size() == 2 && !line.options.recursive && !is_pattern(line.operands.front());
}

CopyOptions copy_options(const CommandLine& line, ManyReport& report) {
  const Options& options = line.options;
  CopyOptions copy;
  copy.endpoint = endpoint_options(options);
  // Of each file, where --concurrency is the number of files.
  if (!names_one(line)) copy.endpoint.download.concurrency = copy.endpoint.upload.concurrency = 0;
  copy.recursive = options.recursive;
  copy.globs = true;
  copy.filters = options.filters;
  copy.update = options.update;
  copy.dry_run = options.dry_run;
  if (options.concurrency != 0) copy.files = options.concurrency;
  if (names_one(line)) copy.files = 1;
  if (options.memory_bytes != 0) copy.budget_bytes = options.memory_bytes;
  report.watch(copy.endpoint.download.limiter);
  copy.on_item = [&report](const CopyItem& item) { report.item(item); };
  return copy;
}

/// Whether the destination is a place for many. A store is asked only in a dry run: else the first copy does.
Status check_place(const CommandLine& line) {
  const std::string& destination = line.operands.back();
  if (end_kind(destination) == EndKind::file) {
    const std::string& first = line.operands.front();
    const bool tree = line.options.recursive && (first.ends_with('/') || is_directory(first));
    const bool many = line.operands.size() > 2 || destination.ends_with('/') || tree;
    return many ? check_destination(destination, true, {}) : Status();
  }
  return line.options.dry_run ? check_destination(destination, true, endpoint_options(line.options)) : Status();
}

Status check(const CommandLine& line) {
  const std::string& destination = line.operands.back();
  WEIR_TRY(check_object_options(line.options.object, destination));
  if (names_one(line) && line.options.object.no_clobber && !line.options.dry_run) {
    const auto resolved = resolve_destination(line.operands.front(), destination);
    if (resolved) WEIR_TRY(check_absent(*resolved, endpoint_options(line.options)));
  }
  if (line.options.through.empty()) return check_place(line);
  return Status(Kind::invalid_argument, "--through is for one file at a time")
      .during("copy many to " + shown_name(destination));
}

/// None if a cancelled copy did not end in time.
std::optional<Result<CopySummary>> watch(CopyRun& run, SignalScope& signals, ManyReport& report) {
  std::optional<Clock::time_point> give_up;
  for (;;) {
    if (auto result = run.wait_for(kTick)) return result;
    const CopyProgress progress = run.progress();
    report.update(progress);
    if (signals.take_status_request()) report.status_now(progress);
    if (!give_up && signals.received() != 0) {
      report.stopping(signals.received());
      give_up = Clock::now() + kPatience;
    }
    if (!give_up && report.output_status().kind() == Kind::broken_pipe) {
      run.cancel();  // nobody hears us any more
      give_up = Clock::now() + kPatience;
    }
    if (give_up && Clock::now() > *give_up) return {};
  }
}

/// What copies the rest.
std::string go_on(const Options& options) {
  if (options.no_resume) return "The same command with --update copies the rest.";
  return "Go on with:  " + (holds_secret(options.arguments) ? "the same command" : shell_line(options.arguments));
}

Error stopped_error(const CopyProgress& last, bool clean, const Options& options) {
  Error error;
  error.kind = Kind::cancelled;
  error.operation = "finish";
  error.cause = fmt::format("stopped when {} of {}{} files were copied", grouped(last.copied), grouped(last.found),
                            last.all_found ? "" : "+");
  error.advice = clean ? "What was copied is whole and stays. " + go_on(options)
                       : "Cleaning up took too long: parts of an upload or temporary files may be left.";
  return error;
}

}  // namespace

bool is_about_many(const CommandLine& line) {
  const Options& options = line.options;
  return line.operands.size() > 2 || options.recursive || !options.filters.empty() ||
         options.update != CopyUpdate::none || goes_between_stores(line) ||
         std::any_of(line.operands.begin(), line.operands.end() - 1, is_pattern);
}

int copy_files(const CommandLine& line) {
  const Options& options = line.options;
  const std::string& destination = line.operands.back();
  ManyReport reporter(options, end_kind(destination), names_one(line));
  if (const std::string hint = include_hint(options); !hint.empty() && !options.quiet) add_notice(hint);
  if (const Status status = check(line); !status.ok()) return report(status, options.json, options.colour);
  std::optional<CopyRun> started;  // outlives the scope that may cancel it
  SignalScope signals;
  CopyRun& run = started.emplace(
      start_copy({line.operands.begin(), line.operands.end() - 1}, destination, copy_options(line, reporter)));
  signals.attach([&run] { run.suspend(); });
  const auto result = watch(run, signals, reporter);
  const CopyProgress last = run.progress();
  if (result && result->ok()) {
    const int code = reporter.failures_code();
    reporter.done(last, code);
    const int written = finish(reporter.output_status(), options);
    return code == kExitOk ? written : code;
  }
  const bool cancelled = !result || result->error().kind == Kind::cancelled;
  if (!cancelled) {
    const int code = exit_code(result->error().kind);
    reporter.failed(result->error(), code, last);
    return code;
  }
  const int signal = signals.received();
  const int code = signal == 0 ? kExitBrokenPipe : 128 + signal;
  if (signal != 0) reporter.failed(stopped_error(last, result.has_value(), options), code, last);
  if (!result) ::_exit(code);  // threads that do not end cannot be waited for
  return code;
}

}  // namespace weir::cli
