// URLs: percent-encoding, splitting and putting together, and the form of one that may be shown.
//
// Splitting is done by libcurl's own parser, so what was checked here is what the client will use. All functions are
// pure and thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir::net {

/// Every byte outside RFC 3986 section 2.3 `unreserved` becomes %XX, upper case; '/' is kept if asked. What S3 signs.
std::string percent_encode(std::string_view bytes, bool keep_slash = false);

/// The bytes that `text` stands for. invalid_argument where '%' is not followed by two hexadecimal digits. '+' is '+'.
Result<std::string> percent_decode(std::string_view text);

/// An absolute http or https URL. The texts are percent-encoded, as they stood in the URL.
struct UrlParts {
  std::string scheme;  ///< lower case
  std::string host;    ///< IPv6 in its brackets
  std::string port;    ///< empty where the URL names none
  std::string path;    ///< begins with '/'; dot segments are kept
  std::string query;   ///< without '?'
  bool operator==(const UrlParts&) const = default;
  /// "host" or "host:port": the Host header's value (the scheme's default port is left out).
  std::string authority() const;
};

/// invalid_argument for everything but http(s)://host[:port][/path][?query]: other schemes, user names and passwords
/// (credentials belong into headers, URLs end up in logs), blanks and control bytes. A fragment is dropped.
Result<UrlParts> split_url(std::string_view url);

/// Where `reference`, a Location, leads from `base` (RFC 3986 section 5). Blanks and bytes beyond ASCII, which servers
/// leave as they are, become %XX. Errors as of split_url().
Result<UrlParts> resolve_url(const UrlParts& base, std::string_view reference);

/// Whether credentials for `a` may go to `b`: same scheme, host and port.
bool same_origin(const UrlParts& a, const UrlParts& b);

/// The URL of `parts`; split_url() of it gives `parts` again.
std::string compose_url(const UrlParts& parts);

/// scheme://host:port/path: what may stand in a message. Nothing of what cannot be parsed is shown.
std::string redact(std::string_view url);

}  // namespace weir::net
