#include <charconv>

#include "commands.hpp"
#include "json_events.hpp"
#include "output.hpp"

namespace weir::cli {

namespace {

/// "90", "90s", "15m", "1h", "7d".
Result<std::chrono::seconds> duration_of(const std::string& typed) {
  std::uint64_t count = 0;
  const char* const end = typed.data() + typed.size();
  const auto [stop, error] = std::from_chars(typed.data(), end, count);
  const std::string unit(stop, end);
  const std::uint64_t factor = unit.empty() || unit == "s" ? 1
                               : unit == "m"               ? 60
                               : unit == "h"               ? 3600
                               : unit == "d"               ? 86400
                                                           : 0;
  constexpr std::uint64_t kMost = 1'000'000'000;  // far from overflow; what is allowed is the store's word
  if (error == std::errc() && factor != 0 && count <= kMost) {
    return std::chrono::seconds(static_cast<std::int64_t>(count * factor));
  }
  return Status(Kind::invalid_argument, fmt::format("\"{}\" is no time like 90s, 15m, 1h or 7d", typed))
      .during("read --expires");
}

}  // namespace

int run_presign(const CommandLine& line) {
  const std::string& url = line.operands[0];
  const Options& options = line.options;
  const auto fail = [&](const Status& status) { return report(status, options.json, options.colour); };
  if (options.method != "GET" && options.method != "PUT") {
    return fail(Status(Kind::invalid_argument, fmt::format("\"{}\" is none of GET, PUT", options.method))
                    .during("read --method"));
  }
  const auto valid = duration_of(options.expires);
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
