#include "commands.hpp"
#include "exit_codes.hpp"
#include "many_report.hpp"
#include "transfer.hpp"

namespace weir::cli {

namespace {

/// Composing checks names, stages and options; the source says what it would deliver.
Status look(const std::string& source, const std::string& destination, bool makes_directories, const Options& options,
            CopyItem& item) {
  EndpointOptions endpoint = endpoint_options(options);
  endpoint.make_directories = makes_directories;
  WEIR_ASSIGN(const Pipeline pipeline, compose(source, destination, options, endpoint));
  Upstream known;
  WEIR_TRY(pipeline.source->describe(known));
  item.bytes = known.exact_bytes.value_or(0);
  return check_destination(destination, false, endpoint);
}

}  // namespace

int dry_run(const std::string& source, const std::string& destination, const Options& options) {
  const auto resolved = resolve_destination(source, destination);
  const std::string target = resolved ? *resolved : destination;
  ManyReport report(options, end_kind(target));
  CopyItem item;
  item.source = shown_name(source);
  item.destination = shown_name(target);
  const Status status =
      resolved ? look(source, target, is_new_directory(destination), options, item) : resolved.status();
  CopyProgress progress;
  progress.found = 1;
  progress.all_found = true;
  if (!status.ok()) {
    const int code = exit_code(status.kind());
    progress.failed = 1;
    report.failed(status.error(), code, progress);
    return code;
  }
  progress.planned = 1;
  item.outcome = CopyOutcome::planned;
  report.item(item);
  report.done(progress, kExitOk);
  return finish(report.output_status(), options);
}

}  // namespace weir::cli
