// A place as messages name it.
#pragma once

#include <string>
#include <string_view>

#include "weir/store/http.hpp"

namespace weir::transfer {

/// Without secrets; in quotes where a colon at its end would meet the one of the message: "nul:".
inline std::string named(std::string_view name) {
  std::string shown = shown_name(name);
  return shown.ends_with(':') ? "\"" + shown + "\"" : shown;
}

}  // namespace weir::transfer
