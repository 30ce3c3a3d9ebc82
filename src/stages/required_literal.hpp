// What stands in every match of a regular expression, letter for letter: to be looked for before the expression is.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// The longest such text that is easy to see; often there is none: empty. `pattern` must be one that RE2 takes.
std::string required_literal(std::string_view pattern);

}  // namespace weir
