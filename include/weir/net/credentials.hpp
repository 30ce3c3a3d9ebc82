// Where the keys come from that sign requests to AWS and to services that speak its protocols.
//
// A provider is asked anew for each attempt of each request, so that a long transfer outlives any one set of keys.
#pragma once

#include <memory>
#include <string>

#include "weir/core/status.hpp"

namespace weir {

/// One set of keys. Never printed.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  ///< empty for keys that do not expire
};

/// Thread-safe. Called on a thread that may block.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  /// The keys in force now. Fails with access_denied where there are none, unsupported where the configuration asks for
  /// a way that this build does not know; the message names the profile.
  virtual Result<Credentials> get() = 0;
  /// The store said that `keys` have expired, whatever our clock says: get() must not give them again from memory.
  virtual void refused(const Credentials& keys) { (void)keys; }
};

/// Always the same keys.
std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials);

/// What is left empty comes from the environment, then from the profile.
struct CredentialsSearch {
  std::string profile;    ///< else AWS_DEFAULT_PROFILE, AWS_PROFILE, "default"
  std::string region;     ///< of the services that give keys; else AWS_REGION, AWS_DEFAULT_REGION, the profile's
  std::string ca_bundle;  ///< file or directory; else AWS_CA_BUNDLE, the profile's
};

/// As the AWS tools look, in their order: the environment's keys (unless `profile` is given), the profile's role, web
/// identity, SSO, keys of the credentials file, credential_process, keys of the config file, the container's endpoint,
/// the instance's metadata service. Files and environment are read at each call. Keys that expire are kept and fetched
/// anew in time, by one caller at a time, while the others go on with the old ones. docs/credentials.md has the whole.
std::shared_ptr<CredentialsProvider> default_credentials(CredentialsSearch search);
std::shared_ptr<CredentialsProvider> default_credentials(std::string profile = {});

/// `setting` of the profile in those files ("region", "s3.addressing_style"); empty if it is not set.
Result<std::string> profile_setting(const std::string& profile, const std::string& setting);

}  // namespace weir
