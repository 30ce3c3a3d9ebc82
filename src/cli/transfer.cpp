#include "transfer.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>

#include "exit_codes.hpp"
#include "notices.hpp"
#include "object_options.hpp"
#include "reporter.hpp"
#include "resume_line.hpp"
#include "signals.hpp"
#include "weir/core/job.hpp"
#include "weir/core/units.hpp"
#include "weir/text/parse.hpp"
#include "weir/transfer/limit_rate.hpp"

namespace weir::cli {

namespace {

using Clock = std::chrono::steady_clock;

/// Waits for the end, and tells how it goes. None if a cancelled job did not end in time.
std::optional<Result<Receipt>> watch(Job& job, SignalScope& signals, Reporter& reporter) {
  std::optional<Clock::time_point> give_up;
  for (;;) {
    if (auto result = job.wait_for(kTick)) return result;
    const Progress progress = job.progress();
    reporter.update(progress);
    if (signals.take_status_request()) reporter.status_now(progress);
    if (!give_up && signals.received() != 0) {
      reporter.stopping(signals.received());
      give_up = Clock::now() + kPatience;
    }
    if (!give_up && reporter.output_status().kind() == Kind::broken_pipe) {
      job.cancel();  // nobody hears us any more
      give_up = Clock::now() + kPatience;
    }
    if (give_up && Clock::now() > *give_up) return {};
  }
}

/// What a cancelled transfer leaves, for people.
/// `result`: null if it did not end by itself.
Error stopped_error(const Progress& last, EndKind sink, const Result<Receipt>* result, const Options& options) {
  const bool clean = result != nullptr;
  const std::string left = clean ? result->error().advice : std::string();
  Error error;
  error.kind = Kind::cancelled;
  error.operation = "finish";
  error.cause = "stopped at " + format_size(last.bytes_read);
  if (!clean) {
    error.advice = "Cleaning up took too long: parts of an upload or a temporary file may be left.";
  } else if (result->error().kept_bytes != 0) {
    error.kept_bytes = result->error().kept_bytes;
    error.advice = fmt::format("{} are safe {}. Go on with:  {}", format_size(error.kept_bytes),
                               sink == EndKind::file ? "on the disk" : "at the store",
                               holds_secret(options.arguments) ? "the same command" : shell_line(options.arguments));
  } else if (!left.empty()) {
    error.advice = left;
  } else if (sink == EndKind::standard) {
    error.advice = "What was written until then is only a part.";
  } else {
    error.advice = "The destination is as it was. Run the same command to begin anew.";
  }
  return error;
}

/// The end of a transfer that was not a success.
int report_failure(Reporter& reporter, const Error& error, int code, const Progress& last, EndKind sink) {
  if (code == kExitBrokenPipe && sink == EndKind::standard) return code;  // quiet, as SIGPIPE would be
  reporter.failed(error, code, last);
  return code;
}

/// Runs what is composed to its end; the exit code.
int perform(Pipeline pipeline, Reporter& reporter, const EndpointOptions& endpoint, const std::string& source,
            EndKind sink, const Options& options) {
  JobOptions job_options;
  if (options.memory_bytes != 0) job_options.budget_bytes = options.memory_bytes;
  std::optional<Job> started;  // outlives the scope that may cancel it
  SignalScope signals;
  Job& job = started.emplace(start(std::move(pipeline), job_options));
  signals.attach([&job] { job.suspend(); });
  reporter.started(job.progress());
  const auto result = watch(job, signals, reporter);
  if (endpoint.upload.ledger) (void)endpoint.upload.ledger->flush();
  const Progress last = job.progress();
  if (result && result->ok()) {
    reporter.done(**result, last);
    if (const Status written = reporter.output_status(); !written.ok()) {
      const int code = exit_code(written.kind());
      if (code != kExitBrokenPipe) say(error_text(written.error(), false));
      return code;
    }
    return kExitOk;
  }
  const bool cancelled = !result || result->error().kind == Kind::cancelled;
  if (!cancelled) {
    const Error error = explain_missing(result->status(), source, endpoint).error();
    return report_failure(reporter, error, exit_code(error.kind), last, sink);
  }
  const int signal = signals.received();
  const int code = signal == 0 ? kExitBrokenPipe : 128 + signal;
  if (signal != 0) reporter.failed(stopped_error(last, sink, result ? &*result : nullptr, options), code, last);
  if (!result) ::_exit(code);  // threads that do not end cannot be waited for
  return code;
}

}  // namespace

Result<Pipeline> compose(const std::string& source, const std::string& destination, const Options& options,
                         EndpointOptions& endpoint) {
  WEIR_TRY(share_headers(source, destination, endpoint));
  WEIR_TRY(check_object_options(endpoint.object, destination));
  // Read at the rate, it is written at the rate.
  const EndKind sink = end_kind(destination);
  if (is_network(end_kind(source)) && !is_network(sink)) endpoint.upload.limiter = nullptr;
  WEIR_ASSIGN(Through through, parse_through(options.through, StageRegistry::builtin(), "read --through"));
  WEIR_ASSIGN(auto from, open_source(source, endpoint));
  WEIR_ASSIGN(auto to, open_sink(destination, endpoint));
  if (endpoint.upload.limiter && (sink == EndKind::standard || sink == EndKind::null)) {
    through = Through(limit_rate(endpoint.upload.limiter)) | std::move(through);  // neither end does it
  }
  return From(std::move(from)) | std::move(through) | To(std::move(to));
}

EndpointOptions endpoint_options(const Options& options) {
  EndpointOptions endpoint;
  endpoint.s3 = options.s3;
  endpoint.s3.on_notice = add_notice;
  endpoint.object = options.object;
  endpoint.http = options.http;
  endpoint.s3.ca_bundle = endpoint.vercel.ca_bundle = options.http.ca_bundle;
  if (!options.arguments.empty() && (options.arguments[0] == "cp" || options.arguments[0] == "run") &&
      !options.dry_run) {
    endpoint.upload.ledger = Ledger::on_demand({options.state_dir, add_notice});
    endpoint.upload.resume = !options.no_resume;
    endpoint.upload.on_notice = add_notice;
    endpoint.upload.resume_hint = hint_of(options.arguments);
  }
  endpoint.upload.part_bytes = options.part_size_bytes;
  endpoint.upload.concurrency = options.concurrency;
  endpoint.download.concurrency = options.concurrency;
  if (options.limit_rate != 0) {
    endpoint.upload.limiter = endpoint.download.limiter = RateLimiter::make(options.limit_rate);
  }
  return endpoint;
}

int transfer(const std::string& source, const std::string& destination, const Options& options, bool final_line) {
  const auto resolved = resolve_destination(source, destination);
  const std::string target = resolved ? *resolved : destination;
  const EndKind sink = end_kind(target);
  Reporter reporter(options,
                    {{shown_name(source), shown_name(target), options.through}, end_kind(source), sink, final_line});
  EndpointOptions endpoint = endpoint_options(options);
  endpoint.make_directories = is_new_directory(destination);
  reporter.watch(endpoint.download.limiter);
  auto pipeline = resolved ? compose(source, target, options, endpoint) : Result<Pipeline>(resolved.status());
  // Before the source is asked, and in words about the name that was typed.
  if (pipeline && sink == EndKind::file) {
    if (Status place = check_destination(target, false, endpoint); !place.ok()) pipeline = std::move(place);
  }
  if (pipeline && is_store(sink)) {
    if (Status absent = check_absent(target, endpoint); !absent.ok()) pipeline = std::move(absent);
  }
  if (!pipeline) {
    const int code = exit_code(pipeline.error().kind);
    return report_failure(reporter, pipeline.error(), code, {}, sink);
  }
  return perform(std::move(*pipeline), reporter, endpoint, source, sink, options);
}

int run_pipeline(Pipeline pipeline, const TransferNames& names, const EndpointOptions& endpoint,
                 const Options& options) {
  Reporter reporter(options, {names, EndKind::generated, EndKind::null, true});
  reporter.watch(endpoint.download.limiter);
  return perform(std::move(pipeline), reporter, endpoint, {}, EndKind::null, options);
}

}  // namespace weir::cli
