// The profile files of the AWS tools: ~/.aws/config and ~/.aws/credentials.
//
// Reads what editors of every system leave behind: a byte-order mark, CRLF, no newline at the end, settings nested
// below another ("s3 =" and indented lines), sections that come twice (they add up, the later setting wins).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir::net {

/// Section → setting → value. A nested setting is named "s3.addressing_style".
using ProfileFile = std::map<std::string, std::map<std::string, std::string>>;

/// `name` is for messages. A line that is neither section nor setting is invalid_argument, with its number; its text is
/// not shown, it may be a secret.
Result<ProfileFile> parse_profile_file(std::string_view text, const std::string& name);

/// Both files as one: what the environment names, or those below HOME. A missing file is an empty one. The sections
/// "profile x" of config and "x" of credentials are one profile "x", where credentials win.
Result<ProfileFile> load_profiles();

}  // namespace weir::net
