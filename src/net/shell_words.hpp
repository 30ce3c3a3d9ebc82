// Splits a command line as a POSIX shell would, and does nothing else that a shell does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/core/status.hpp"

namespace weir::net {

/// Blanks separate, '…' keeps all, "…" keeps all but \" and \\, \x is x. Empty words count where they are quoted.
/// invalid_argument where a quotation does not end; the text is not shown.
Result<std::vector<std::string>> shell_words(std::string_view text);

}  // namespace weir::net
