// S3Options made whole from the environment and the profile, and where requests go.
#pragma once

#include <string>

#include "net/http.hpp"
#include "store/s3_profiles.hpp"
#include "weir/store/s3.hpp"

namespace weir::s3 {

/// Immutable after resolve().
struct Settings {
  bool aws = true;        ///< no endpoint of one's own
  std::string scheme;     ///< of the endpoint
  std::string authority;  ///< host[:port]; at AWS empty, it depends on the region
  std::string base_path;  ///< without '/' at its end
  std::string region;
  S3Addressing addressing = S3Addressing::automatic;
  const Provider* provider = nullptr;  ///< of static life
  Proof proof = Proof::trailer;        ///< to begin with
  bool may_weaken = true;              ///< where the store refuses it
  bool verify_downloads = true;        ///< what is read is to be compared with the store's checksum
  net::Headers customer_key;           ///< SSE-C headers; empty without
  std::function<void(const std::string&)> on_notice;
  int attempts = 5;
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds stall_timeout{};
  std::shared_ptr<CredentialsProvider> credentials;  ///< null: requests are not signed
  net::ClientOptions http;
};

Result<Settings> resolve(const S3Options& options);

/// What the Host header and the path of a request are. `path` is percent-encoded.
struct Place {
  std::string scheme, authority, path;
};
Place place_of(const Settings& settings, const std::string& region, const std::string& bucket, const std::string& key);

}  // namespace weir::s3
