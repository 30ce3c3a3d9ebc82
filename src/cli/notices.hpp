// What the library has to say beside results and errors, until someone can print it. Thread-safe.
#pragma once

#include <string>
#include <vector>

namespace weir::cli {

void add_notice(const std::string& line);
/// Those that were not taken yet.
std::vector<std::string> take_notices();

}  // namespace weir::cli
