// Any HTTP or HTTPS server as the origin of a download, and as the destination of one PUT.
//
// The query of a URL, its user name and password, and the values of headers are secrets: no message holds them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/store/object.hpp"
#include "weir/store/origin.hpp"
#include "weir/store/target.hpp"

namespace weir {

/// What several URLs of the same servers share: connections, and for each server the request rate that it lets through
/// (503 and 429, with Retry-After and without). Thread-safe; kept as long as anyone has it.
class HttpClient;

struct HttpOptions {
  /// Sent with every request to the scheme, host and port that the URL names, and nowhere else: a redirect that leaves
  /// them takes none along. Names and values as HTTP has them.
  std::vector<std::pair<std::string, std::string>> headers;
  /// Basic authentication (RFC 7617), as "user:password@" in the URL; sent as `headers` are. Empty user: none.
  std::string user;
  std::string password;
  /// Followed by what reads; writing follows none. 0: the first one is an error.
  std::uint32_t max_redirects = 10;
  std::string ca_bundle;  ///< file or directory; empty: the system's
  std::size_t max_connections = 64;
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds stall_timeout{30000};  ///< no byte either way
  /// To share with others: its own ca_bundle and max_connections hold then. Null: one for this URL alone.
  std::shared_ptr<HttpClient> client;
};

/// Of `options` only ca_bundle and max_connections.
std::shared_ptr<HttpClient> http_client(const HttpOptions& options = {});

/// What is at `url`, as the origin of a download: see download_from(). invalid_argument for a URL that is none; sends
/// nothing.
///
/// look() asks by HEAD, and by a GET of one byte where that is refused or does not say enough. Reads are pinned: to a
/// strong ETag (If-Match, and every answer's ETag compared); else to Last-Modified, to the second, where it is at least
/// a minute older than the answer that told it (RFC 9110 section 8.8.2.2). What has neither, or is of a server without
/// ranges, is read in one stream; if that is cut it is read again from its start, and goes on only where the bytes up
/// to there have the same checksum as the first time. Then another object of equal length behind that point is not
/// noticed. An object whose length nobody tells is read to its end, which must be marked (RFC 9112 section 6.3): one
/// that ends with its connection is an error, for it cannot be told from one that was cut.
///
/// Bytes come as the server sends them to one who accepts no coding: ObjectInfo::content_encoding says what they are
/// in, and nothing is decoded. What the server says of the whole is compared when the whole was read: a CRC64NVME
/// (x-amz-checksum-crc64nvme), and the first there is of SHA-256, SHA-512 and MD5. These are asked for (RFC 9530,
/// Want-Repr-Digest) and taken from Repr-Digest, from Content-MD5 where it is not that of a part, and from the
/// Content-Digest of a body that is the whole; other algorithms are ignored.
///
/// Redirects: from https never to http, to http and https alone, never to link-local addresses, from the internet never
/// into private networks (the address that was connected to counts), without the headers of HttpOptions beyond the
/// URL's own origin. Errors: access_denied, protocol (a circle, too many, no usable Location).
Result<std::shared_ptr<Origin>> http_origin(std::string_view url, const HttpOptions& options = {});

/// `url` as the destination of one PUT: put_whole() alone; begin() is unsupported. A presigned URL is such a place.
/// invalid_argument for a URL that is none and for options that plain HTTP has no words for (metadata, tags, storage
/// class); sends nothing.
///
/// Of ObjectOptions: content type (by the path's suffix, where the URL has no query that may sign another one),
/// encoding, cache control, disposition and other headers. no_clobber and if_match look first, if they may, and send
/// If-None-Match or If-Match; a server that knows neither may be raced between the two. 200, 201 and 204 are success; a
/// redirect is not followed. inspect() is HEAD; a receipt says checksum_verified only where the server tells the
/// CRC64NVME of what it stored, as S3 does in its answer to PUT.
Result<std::shared_ptr<Target>> http_target(std::string_view url, const HttpOptions& options = {},
                                            ObjectOptions object = {});

/// A source's or destination's name as it may be shown: without the query, user name and password of a URL.
std::string shown_name(std::string_view name);

}  // namespace weir
