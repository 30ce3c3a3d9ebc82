// Fields of a line of CSV (RFC 4180, section 2), but for line ends within quotes: lines were cut before.
#pragma once

#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir {

/// The so many-th, from 1, without its quotes. invalid_argument where the line has fewer, or a quote without an end.
Result<std::string> csv_field(std::string_view line, std::size_t number, char separator);

}  // namespace weir
