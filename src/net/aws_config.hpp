// What the environment and one profile say together, as the AWS tools weigh them: the option, then the environment,
// then the profile.
#pragma once

#include <string>

#include "net/aws_profile.hpp"
#include "net/http.hpp"
#include "weir/net/credentials.hpp"

namespace weir::net {

/// Immutable after load_aws_config().
struct AwsConfig {
  std::string profile;         ///< its name, never empty
  bool profile_given = false;  ///< by an option: the environment's own keys do not count then
  bool profile_named = false;  ///< by an option or the environment: it must exist
  std::string region;          ///< empty where nothing says
  std::string ca_bundle;       ///< file or directory; empty: the system's
  AwsFiles files;

  /// access_denied where the profile was named but is in neither file.
  Status check_profile() const;
  /// Of any profile; empty where it is not there.
  const ProfileSettings& settings_of(const std::string& name) const;
  const ProfileSettings& settings() const { return settings_of(profile); }
  /// Of this profile; empty where it is not set.
  std::string setting(const std::string& name) const;
  /// The environment's variable, else the profile's setting.
  std::string setting(const char* variable, const std::string& name) const;
  /// Where `service` ("s3", "sts", "sso", "sso_oidc") is said to be: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, the
  /// profile's section of services, its endpoint_url. Empty: at AWS. invalid_argument where the profile names a section
  /// of services that is not there.
  Result<std::string> endpoint_url(const std::string& service) const;
  ClientOptions http() const;
};

/// The profile that is asked for by option or environment; empty: by neither.
std::string named_profile(const CredentialsSearch& search);
Result<AwsConfig> load_aws_config(const CredentialsSearch& search);

/// Of the hosts in this region: "amazonaws.com".
std::string dns_suffix(const std::string& region);

}  // namespace weir::net
