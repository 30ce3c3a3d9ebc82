// The AWS Security Token Service (API version 2011-06-15): keys of a role for other keys, or for a web identity's
// token.
#pragma once

#include "net/credentials_http.hpp"
#include "net/sigv4.hpp"

namespace weir::net {

struct StsPlace {
  std::string url;
  std::string region;  ///< that requests are signed for
  ClientOptions http;
};

/// AWS_ENDPOINT_URL_STS and so on, else the region's endpoint (with sts_regional_endpoints=legacy the global one, where
/// that is what it meant).
Result<StsPlace> sts_place(const AwsConfig& config);

/// Calls `form` ("Action", "AssumeRole", …; the version is added), signed with `signer` if there is one. Where the
/// service says that our clock is wrong it is asked once more by its own.
Result<TimedCredentials> call_sts(const StsPlace& place, Query form, const Credentials* signer);

/// The name of a session that nobody named: "weir-session-1795536000".
std::string session_name();

}  // namespace weir::net
