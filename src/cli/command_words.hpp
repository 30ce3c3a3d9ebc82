// The library's advice speaks of calls and options of C++; who runs the command hears of its options.
#pragma once

#include "weir/core/status.hpp"

namespace weir::cli {

/// The error with advice in the command's words, where the library's are others, and with some where it has none: one
/// table, by what the error is. Never by its text. Pure.
Error in_command_words(Error error);

/// "weir: cannot …" with what follows indented, and a line end. Sizes as people read them. No control characters.
std::string error_text(const Error& error, bool colour);

}  // namespace weir::cli
