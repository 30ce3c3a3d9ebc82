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

using ProfileSettings = std::map<std::string, std::string>;

/// Section → setting → value. Names of settings are in lower case; a nested one is named "s3.addressing_style".
using ProfileFile = std::map<std::string, ProfileSettings>;

/// `name` is for messages. A line that is neither section nor setting is invalid_argument, with its number; its text is
/// not shown, it may be a secret.
Result<ProfileFile> parse_profile_file(std::string_view text, const std::string& name);

/// Both files, by the names of what their sections are.
struct AwsFiles {
  /// The sections "profile x" of config and "x" of credentials are one profile "x", where credentials win.
  ProfileFile profiles;
  ProfileFile config;       ///< the profiles of the config file alone
  ProfileFile credentials;  ///< those of the credentials file alone
  ProfileFile sso_sessions;
  ProfileFile services;
};

/// What the environment names, or those below HOME. A missing file is an empty one.
Result<AwsFiles> load_aws_files();

}  // namespace weir::net
