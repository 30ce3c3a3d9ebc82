#include "commands.hpp"
#include "exit_codes.hpp"
#include "output.hpp"
#include "reporter.hpp"
#include "terminal.hpp"
#include "transfer.hpp"

namespace weir::cli {

int report(const Status& status, bool json, ColourMode colour) {
  const int code = exit_code(status.kind());
  if (json) Output().print_line(error_event(status.error(), code));
  say(error_text(status.error(), wants_colour(colour, is_terminal(2), process_environment)));
  return code;
}

int finish(const Status& output, const Options& options) {
  if (output.ok()) return kExitOk;
  if (output.kind() == Kind::broken_pipe) return kExitBrokenPipe;
  return report(output, false, options.colour);
}

Result<StorePlace> open_place(const std::string& url, const Options& options, const std::string& operation) {
  auto place = open_store(url, endpoint_options(options));
  if (!place) return place.status().during(operation);
  return place;
}

}  // namespace weir::cli
