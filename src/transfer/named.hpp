// A place as messages name it, and names that stores cannot have.
#pragma once

#include <string>
#include <string_view>

#include "net/text.hpp"
#include "weir/core/status.hpp"
#include "weir/store/http.hpp"

namespace weir::transfer {

/// Without secrets; in quotes where a colon at its end would meet the one of the message: "nul:".
inline std::string named(std::string_view name) {
  std::string shown = shown_name(name);
  return shown.ends_with(':') ? "\"" + shown + "\"" : shown;
}

inline bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = net::utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

inline Status not_utf8() {
  return Status(Kind::invalid_argument, "its name is not UTF-8, as the names of objects are");
}

}  // namespace weir::transfer
