#include "duration.hpp"

#include <charconv>

namespace weir::cli {

Result<std::chrono::seconds> duration_of(const char* option, const std::string& typed) {
  std::uint64_t count = 0;
  const char* const end = typed.data() + typed.size();
  const auto [stop, error] = std::from_chars(typed.data(), end, count);
  const std::string unit(stop, end);
  const std::uint64_t factor = unit.empty() || unit == "s" ? 1
                               : unit == "m"               ? 60
                               : unit == "h"               ? 3600
                               : unit == "d"               ? 86400
                                                           : 0;
  constexpr std::uint64_t kMost = 1'000'000'000;  // far from overflow; what is allowed is others' word
  if (error == std::errc() && factor != 0 && count <= kMost) {
    return std::chrono::seconds(static_cast<std::int64_t>(count * factor));
  }
  return Status(Kind::invalid_argument, fmt::format("\"{}\" is no time like 90s, 15m, 1h or 7d", typed))
      .during(fmt::format("read --{}", option));
}

}  // namespace weir::cli
