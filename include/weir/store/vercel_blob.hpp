// Vercel Blob as a Store: the service's HTTP API, version 12, as its official SDK speaks it.
//
// The service has no checksums, no list of parts and no way to remove an unfinished upload. So a receipt of an upload
// says checksum_verified = false (lengths are compared), and an upload that was cancelled or has failed leaves parts
// that only the service itself forgets. What is read is pinned to one ETag.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/store/store.hpp"

namespace weir {

namespace net {
class Client;
}  // namespace net

/// Who may read a blob; a property of the store that every write must repeat.
enum class VercelAccess : std::uint8_t {
  anyone,        ///< "public": by its URL, without a token
  token_holder,  ///< "private"
};

/// What is left empty comes from the environment, then the default.
struct VercelOptions {
  std::string token;     ///< read-write or client token; else BLOB_READ_WRITE_TOKEN
  std::string api_url;   ///< else VERCEL_BLOB_API_URL; else https://vercel.com/api/blob
  std::string store_id;  ///< else the token's own, else BLOB_STORE_ID; with or without "store_"
  VercelAccess access = VercelAccess::anyone;
  std::string ca_bundle;  ///< file or directory; empty: the system's
  std::size_t max_connections = 64;
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds stall_timeout{30000};  ///< no byte either way
  int attempts = 5;                                ///< of the synchronous operations; at least 1
  std::shared_ptr<net::Client> http;               ///< to share connections with others; else one of its own
};

/// "vercel://store/path/name". The path is not encoded: it is the blob's pathname, byte for byte.
struct VercelLocation {
  std::string store;  ///< the store's id, without "store_"
  std::string path;   ///< empty: the store

  /// invalid_argument for another scheme and a missing or malformed store. The path may be empty.
  static Result<VercelLocation> parse(std::string_view url);
  std::string url() const;
};

/// That a blob can have this pathname: 1 to 950 UTF-16 units of UTF-8, without "//", control bytes, a '/' in front, and
/// segments "." and "..", which would make its URL that of another blob. invalid_argument, or limit for the length.
Status check_vercel_path(std::string_view path);

/// The store that the options' token is for; sends nothing. Errors: access_denied without a token, invalid_argument
/// for an API URL that is none and for a token that does not tell its store.
///
/// target(): writes replace what is there, unless ObjectOptions says otherwise, and never add a random suffix. Of
/// ObjectOptions it knows content_type, cache_control ("max-age=SECONDS"), no_clobber, if_match, and headers that begin
/// with "x-" ("x-vercel-blob-access: private"). list(): the delimiter is "/" or nothing.
Result<std::shared_ptr<Store>> vercel_store(const VercelOptions& options = {});
/// As above, and that it is the store of this name: a token of another store is invalid_argument.
Result<std::shared_ptr<Store>> vercel_store(const VercelOptions& options, const std::string& store);

/// What a browser, or whoever gets the client token, may do: upload one pathname. The service enforces it.
struct VercelGrant {
  std::string path;
  std::chrono::seconds valid{3600};
  std::uint64_t max_bytes = 0;             ///< 0: no limit of its own
  std::vector<std::string> content_types;  ///< "image/*"; empty: all
  bool random_suffix = false;
  bool overwrite = false;
  std::int64_t cache_seconds = 0;  ///< 0: the service's
  std::string callback_url;        ///< told when the upload is complete; empty: nobody
  std::string callback_payload;    ///< what it is told beside
};

/// A token for that and nothing else, made of the read-write token; sends nothing. Secret as a password is.
Result<std::string> vercel_client_token(const VercelOptions& options, const VercelGrant& grant);

}  // namespace weir
