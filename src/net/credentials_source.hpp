// The ways to get keys, one file each (credentials_*.cpp), and how they are found and asked.
//
// What a configuration asks for is found first (cheap, no network), as a KeySource; it is asked when keys are needed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/aws_config.hpp"
#include "weir/net/credentials.hpp"

namespace weir::net {

struct TimedCredentials {
  Credentials keys;
  std::int64_t expires_ms = 0;  ///< Unix time by this machine's clock; 0: never
};

/// Thread rule: fetch() by one thread at a time. May block for as long as its timeouts say.
class KeySource {
 public:
  virtual ~KeySource() = default;
  /// Differs where the settings differ. Holds secrets, is never shown.
  virtual std::string identity() const = 0;
  virtual Result<TimedCredentials> fetch() = 0;
};

/// Null: the configuration does not ask for this way.
using Found = Result<std::shared_ptr<KeySource>>;

/// AWS_ACCESS_KEY_ID and so on.
Found environment_source();
/// aws_access_key_id and so on, of `settings`, which stand in the profile of one file.
Found stored_source(const ProfileFile& file, const std::string& profile);
/// role_arn with source_profile or credential_source. `visited`: the profiles that led here.
Found role_source(const AwsConfig& config, const std::string& profile, std::vector<std::string> visited = {});
/// web_identity_token_file, and if asked AWS_WEB_IDENTITY_TOKEN_FILE, which goes first.
Found web_identity_source(const AwsConfig& config, const std::string& profile, bool environment_too);
/// sso_account_id and sso_role_name, with sso_session or (the older form) sso_start_url.
Found sso_source(const AwsConfig& config, const std::string& profile);
Found process_source(const AwsConfig& config, const std::string& profile);
Found container_source(const AwsConfig& config);
/// Unless AWS_EC2_METADATA_DISABLED=true.
Found instance_source(const AwsConfig& config);

/// What `profile` by itself says, in order, roles left out.
Found profile_source(const AwsConfig& config, const std::string& profile, bool environment_too);
/// The whole search. Never null: where nothing is configured it is an error that says where to put keys.
Found find_source(const AwsConfig& config);

/// `profile "x" needs a, which weir does not do`, with the way out as advice.
Status unsupported_way(const std::string& profile, const std::string& way);
/// invalid_argument: `profile "x" …`.
Status bad_profile(const std::string& profile, const std::string& fault);

}  // namespace weir::net
