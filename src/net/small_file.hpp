// Small files that tools of the host leave for each other: profiles, tokens.
#pragma once

#include <optional>
#include <string>

#include "weir/core/status.hpp"

namespace weir::net {

/// The whole file, or nothing where there is none. limit above 1 MiB. `what` completes "cannot read the …": "AWS
/// profile file"; the content is never shown.
Result<std::optional<std::string>> read_small_file(const std::string& path, const std::string& what);

/// Puts `text` in the place of the file, whole or not at all, readable by its owner alone. Its folder must be there.
Status replace_private_file(const std::string& path, const std::string& text, const std::string& what);

/// HOME, without '/' at its end; empty where it is not set.
std::string home_folder();

/// "~/x" below HOME; anything else as it is.
std::string expand_home(const std::string& path);

}  // namespace weir::net
