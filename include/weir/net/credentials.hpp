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
};

/// Always the same keys.
std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials);

/// As the AWS tools look: with `profile` empty AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN first,
/// then the profile (`profile`, else AWS_PROFILE, else "default") of the files that AWS_SHARED_CREDENTIALS_FILE and
/// AWS_CONFIG_FILE name (~/.aws/credentials and ~/.aws/config). Files are read at each call.
std::shared_ptr<CredentialsProvider> default_credentials(std::string profile = {});

/// `setting` of the profile in those files ("region", "s3.addressing_style"); empty if it is not set.
Result<std::string> profile_setting(const std::string& profile, const std::string& setting);

}  // namespace weir
