// Text on terminals: how wide it is, how it is cut, and how it is kept from steering the terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/status.hpp"

namespace weir {

/// Control characters, invalid UTF-8 and, with `ascii`, all that is not ASCII become '?'. `keep_lines` lets '\n' pass.
std::string printable(std::string_view text, bool ascii = false, bool keep_lines = false);

/// Columns that printable UTF-8 takes: 2 for wide East Asian characters and emoji, 0 for what combines.
std::size_t display_width(std::string_view text);

/// At most `columns` wide, cut in the middle with an ellipsis ("~" with `ascii`), so that beginning and extension stay.
/// Never cuts between a character and what combines with it.
std::string fit(std::string_view text, std::size_t columns, bool ascii);

/// What is wrong with `piece` of a `text` that was typed, at byte `at` of it: column, the text, and a mark under the
/// piece. `operation` completes "cannot …". Errors: invalid_argument.
Status pointed_out(const std::string& operation, std::string_view text, std::size_t at, std::string_view piece,
                   const std::string& why, const std::string& advice);

/// " Did you mean \"x\"?", or empty where nothing is near.
std::string did_you_mean(std::string_view typed, const std::vector<std::string_view>& candidates);

}  // namespace weir
