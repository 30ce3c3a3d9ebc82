#include "commands.hpp"
#include "duration.hpp"
#include "json_events.hpp"
#include "output.hpp"

namespace weir::cli {

int run_presign(const CommandLine& line) {
  const std::string& url = line.operands[0];
  const Options& options = line.options;
  const auto fail = [&](const Status& status) { return report(status, options.json, options.colour); };
  if (options.method != "GET" && options.method != "PUT") {
    return fail(Status(Kind::invalid_argument, fmt::format("\"{}\" is none of GET, PUT", options.method))
                    .during("read --method"));
  }
  const auto valid = duration_of("expires", options.expires);
  if (!valid) return fail(valid.status());
  const auto place = open_place(url, options, "presign " + url);
  if (!place) return fail(place.status());
  const auto presigned = place->store->presign(options.method, place->key, *valid);
  if (!presigned) return fail(presigned.status().during("presign " + url));
  Output output;
  output.print_line(options.json ? presigned_event(url, options.method, valid->count(), *presigned) : *presigned);
  return finish(output.status(), options);
}

}  // namespace weir::cli
