// What the terminal can do, and what its user wishes.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "options.hpp"

namespace weir::cli {

/// How the environment is asked; null for what is not set.
using GetEnvironment = std::function<const char*(const char*)>;
const char* process_environment(const char* name);

/// LC_ALL, else LC_CTYPE, else LANG says UTF-8.
bool wants_unicode(const GetEnvironment& get);
/// --color, then NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, then whether it is a terminal that is not dumb.
bool wants_colour(ColourMode mode, bool terminal, const GetEnvironment& get);

bool is_terminal(int fd);
/// A terminal that can go back to the start of a line.
bool can_redraw(int fd, const GetEnvironment& get);
/// Columns of the terminal now; else COLUMNS; else 80. At least 1.
std::size_t terminal_columns(int fd, const GetEnvironment& get);

}  // namespace weir::cli
