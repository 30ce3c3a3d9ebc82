// Dates of HTTP (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::server {

/// Seconds since 1970; nothing where it is no such date. The forms that were obsolete in 1999 are none.
std::optional<std::int64_t> read_http_date(std::string_view text);
std::string http_date(std::int64_t unix_s);

}  // namespace weir::server
