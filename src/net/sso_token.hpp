// The token that `aws sso login` leaves below ~/.aws/sso/cache.
#pragma once

#include "net/credentials_http.hpp"

namespace weir::net {

struct SsoSession {
  std::string profile;  ///< for messages
  std::string name;     ///< of the section sso-session; empty in the older form, whose tokens cannot be refreshed
  std::string start_url;
  std::string region;
  std::string oidc_url;  ///< where tokens are refreshed
  ClientOptions http;
};

/// Reads it, and where it ends within 15 minutes and may be refreshed does so (RFC 6749 section 6) and puts it back. A
/// token that has ended is access_denied, with the command that gets a new one as advice.
Result<std::string> sso_access_token(const SsoSession& session);

/// ~/.aws/sso/cache/SHA1.json, of the session's name or start URL.
std::string sso_token_path(const SsoSession& session);

}  // namespace weir::net
