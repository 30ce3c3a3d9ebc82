#include "commands.hpp"
#include "exit_codes.hpp"
#include "json_events.hpp"
#include "output.hpp"
#include "text.hpp"

namespace weir::cli {

namespace {

Status remove_object(const std::string& url, const Options& options) {
  WEIR_ASSIGN(const StorePlace place, open_store(url, options, "remove " + url));
  // A prefix that looks like a folder, or a bucket, is never meant by accident.
  if (Status named = place.location.check_object(); !named.ok()) return std::move(named).during("remove " + url);
  return place.client->remove(place.location).during("remove " + url);
}

}  // namespace

/// Names are checked first, so that a slip in the last one does not come after the first is gone. A failure does not
/// keep the others from being removed; the exit code is the first one's.
int run_rm(const CommandLine& line) {
  const Options& options = line.options;
  for (const std::string& url : line.operands) {
    const auto location = S3Location::parse(url);
    Status status = location ? location->check_object() : location.status();
    if (!status.ok()) return report(std::move(status).during("remove " + url), options.json, options.colour);
  }
  Output output;
  int code = kExitOk;
  for (const std::string& url : line.operands) {
    if (const Status status = remove_object(url, options); !status.ok()) {
      const int failed = report(status, options.json, options.colour);
      if (code == kExitOk) code = failed;
    } else if (options.json) {
      output.print_line(removed_event(url));
    } else if (!options.quiet) {
      output.print_line("removed " + printable(url));
    }
  }
  const int written = finish(output.status(), options);
  return code == kExitOk ? written : code;
}

}  // namespace weir::cli
