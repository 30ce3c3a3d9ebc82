// Points in time as services write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace weir::net {

/// "Tue, 24 Nov 2026 16:00:00 GMT" (RFC 9110 section 5.6.7) as Unix seconds; 0 for anything else.
std::int64_t parse_http_time(const std::string& text);

/// ISO 8601 with a date and a time: "2026-11-24T16:00:00.5Z", "2026-11-24T16:00:00+01:00", "… 16:00:00UTC"; without a
/// zone it is UTC. Unix milliseconds.
std::optional<std::int64_t> parse_iso_time(const std::string& text);

/// "2026-11-24T16:00:00Z"
std::string iso_time(std::int64_t unix_seconds);

}  // namespace weir::net
