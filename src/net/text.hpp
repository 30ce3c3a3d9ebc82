// Words of HTTP, and where the host may set what we do.
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

namespace weir::net {

/// ASCII letters in lower case, whatever the locale.
inline std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Whether it can be a method or the name of a header: RFC 9110 section 5.6.2, token.
inline bool is_token(std::string_view text) {
  constexpr std::string_view kTokenBytes =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
  return !text.empty() && text.find_first_not_of(kTokenBytes) == std::string_view::npos;
}

/// The first of the environment's variables `names` that is set to more than nothing, or empty.
inline std::string environment(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  }
  return {};
}

}  // namespace weir::net
