// The state directory and the files in it: made for this user alone, and refused where others could have written.
#pragma once

#include <string>

#include "weir/core/status.hpp"

namespace weir::ledger {

/// `state_dir`, or where XDG says that state belongs. invalid_argument without $HOME.
Result<std::string> state_dir_of(const std::string& state_dir);
/// Makes what is missing (0700) and gives the directory's real path. access_denied for a link, another's directory, or
/// one that group or others can write.
Result<std::string> prepare_state_dir(const std::string& path);
/// Makes a file of mode 0600 where there is none. access_denied for a link, another's file, or one that group or others
/// can write.
Status prepare_state_file(const std::string& path);

}  // namespace weir::ledger
