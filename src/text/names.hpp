// What may name a stage or a parameter.
#pragma once

#include <algorithm>
#include <string_view>

namespace weir {

inline bool is_name(std::string_view text) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

}  // namespace weir
