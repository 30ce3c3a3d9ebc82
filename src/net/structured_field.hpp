// Structured fields (RFC 9651), as far as uploads need them: integers, booleans, and dictionaries of those and of
// bytes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::net {

/// Nothing: it is malformed, and then the field is to be read as if it were not there (RFC 9651, 2).
std::optional<std::int64_t> read_integer_field(std::string_view text);
std::optional<bool> read_boolean_field(std::string_view text);

struct Bytes {
  std::string value;
  auto operator<=>(const Bytes&) const = default;
};
/// Of other types: what nobody here asks for is read over.
struct Other {
  auto operator<=>(const Other&) const = default;
};
using FieldItem = std::variant<std::int64_t, bool, Bytes, Other>;

/// In the order of the field, parameters left out; of several with one key the last counts.
using FieldDictionary = std::vector<std::pair<std::string, FieldItem>>;
std::optional<FieldDictionary> read_dictionary_field(std::string_view text);

}  // namespace weir::net
