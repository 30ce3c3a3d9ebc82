// AWS Signature Version 4 for S3: the path is encoded once and never normalised (AWS S3 API, "Signature Calculations").
//
// Pure functions, thread-safe. Time is given, so that a caller can follow the server's clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http.hpp"
#include "weir/net/credentials.hpp"

namespace weir::net {

inline constexpr const char* kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr const char* kUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

/// Names and values as they are meant, not encoded. Order and repetition are kept when sent.
using Query = std::vector<std::pair<std::string, std::string>>;

struct SigningRequest {
  std::string method = "GET";
  std::string host;        ///< with the port, if it is not the scheme's own
  std::string path = "/";  ///< percent-encoded, exactly as it is sent
  Query query;
  Headers headers;  ///< all are signed but those that proxies change; without host
  std::string payload_hash = kUnsignedPayload;
};

struct SigningScope {
  Credentials credentials;
  std::string region;
  std::int64_t unix_seconds = 0;
  std::string service = "s3";
};

/// Encoded and sorted: what is signed, and what is sent after the '?'.
std::string canonical_query(const Query& query);
std::string sha256_hex(std::string_view text);
/// "20130524T000000Z"
std::string amz_date(std::int64_t unix_seconds);

/// The headers to send: those of the request, x-amz-date, x-amz-content-sha256, x-amz-security-token, authorization.
Headers sign_headers(const SigningRequest& request, const SigningScope& scope);
/// The headers of a request that nobody signs: its own, and x-amz-content-sha256, which also says how a body is framed.
Headers unsigned_headers(SigningRequest request);
/// The query to send, complete with its signature, for a URL that anyone may use for `expires_seconds`. The payload
/// stays unsigned; whoever uses the URL must send the request's headers along.
std::string presign_query(const SigningRequest& request, const SigningScope& scope, std::int64_t expires_seconds);

/// Frees what OpenSSL keeps for the calling thread. For threads of a pool that may end after OpenSSL's own clean-up at
/// exit, which cannot free it then.
void release_signing_thread();

}  // namespace weir::net
