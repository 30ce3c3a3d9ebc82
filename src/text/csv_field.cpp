#include "text/csv_field.hpp"

namespace weir {

namespace {

/// Takes the first field off the front of `rest`, and the separator behind it; `more`: there was one.
Result<std::string> cut_field(std::string_view& rest, char separator, bool& more) {
  std::string field;
  if (rest.starts_with('"')) {
    std::size_t at = 1;
    for (;; ++at) {
      if (at >= rest.size()) return Status(Kind::invalid_argument, "a quoted field has no end on its line");
      if (rest[at] == '"' && (at + 1 >= rest.size() || rest[at + 1] != '"')) break;
      if (rest[at] == '"') ++at;
      field += rest[at];
    }
    rest.remove_prefix(at + 1);
    if (!rest.empty() && rest.front() != separator)
      return Status(Kind::invalid_argument, "something follows the end of a quoted field");
  } else {
    field = rest.substr(0, rest.find(separator));
    rest.remove_prefix(field.size());
  }
  more = !rest.empty();
  if (more) rest.remove_prefix(1);
  return field;
}

}  // namespace

Result<std::string> csv_field(std::string_view line, std::size_t number, char separator) {
  bool more = true;
  for (std::size_t i = 1;; ++i) {
    WEIR_ASSIGN(std::string field, cut_field(line, separator, more));
    if (i == number) return field;
    if (!more) return Status(Kind::invalid_argument, fmt::format("the line has {} fields, and no field {}", i, number));
  }
}

}  // namespace weir
