// What of a file or object a GET gets: conditions (RFC 9110, 13) and one range (14).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/http_head.hpp"

namespace weir::server {

/// What is asked for, as it is now.
struct Representation {
  std::uint64_t bytes = 0;
  std::string etag;  ///< with its quotes; strong, unless it begins with W/; empty: none
  std::optional<std::int64_t> modified_s = std::nullopt;  ///< since 1970
};

/// What it gets: 200, 206, 304, 412 or 416.
struct Selection {
  int status = 200;
  std::uint64_t offset = 0;  ///< of 200 and 206
  std::uint64_t bytes = 0;
};

/// For GET and HEAD. A request for several ranges gets the whole (14.2 lets a server pass Range over): nobody
/// multiplies what is sent by asking for many.
Selection select(const RequestHead& head, const Representation& what);

}  // namespace weir::server
