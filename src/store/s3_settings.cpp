#include "store/s3_settings.hpp"

#include <algorithm>

#include "net/text.hpp"
#include "net/url.hpp"

namespace weir::s3 {
namespace {

Status set_endpoint(const std::string& url, Settings& settings) {
  settings.aws = url.empty();
  settings.scheme = "https";
  if (settings.aws) return {};
  auto parts = net::split_url(url);
  if (!parts) {
    return parts.status().during("use the S3 endpoint " + net::redact(url)).advise("Give it as https://HOST[:PORT].");
  }
  if (!parts->query.empty()) {
    return Status(Kind::invalid_argument, "an endpoint has no query").during("use the S3 endpoint " + net::redact(url));
  }
  settings.scheme = parts->scheme;
  settings.authority = parts->authority();
  settings.base_path = parts->path;
  while (settings.base_path.ends_with('/')) settings.base_path.pop_back();
  return {};
}

Result<std::string> region_of(const S3Options& options) {
  if (!options.region.empty()) return options.region;
  if (std::string region = net::environment({"AWS_REGION", "AWS_DEFAULT_REGION"}); !region.empty()) return region;
  WEIR_ASSIGN(std::string region, profile_setting(options.profile, "region"));
  return region.empty() ? std::string("us-east-1") : region;
}

/// The region becomes part of a host name and of a header.
Status check_region(const std::string& region) {
  const bool fits =
      region.size() <= 64 && std::all_of(region.begin(), region.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  return fits ? Status() : Status(Kind::invalid_argument, fmt::format("\"{}\" is no name of a region", region));
}

Result<S3Addressing> addressing_of(const S3Options& options) {
  if (options.addressing != S3Addressing::automatic) return options.addressing;
  WEIR_ASSIGN(const std::string style, profile_setting(options.profile, "s3.addressing_style"));
  if (style == "path") return S3Addressing::path;
  return style == "virtual" ? S3Addressing::virtual_host : S3Addressing::automatic;
}

/// A name that TLS certificates of the form *.host cover.
bool fits_a_host(const std::string& bucket) {
  return bucket.size() >= 3 && bucket.size() <= 63 && std::all_of(bucket.begin(), bucket.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

Result<Settings> resolve(const S3Options& options) {
  Settings settings;
  std::string endpoint = options.endpoint_url;
  if (endpoint.empty()) endpoint = net::environment({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  WEIR_TRY(set_endpoint(endpoint, settings));
  WEIR_ASSIGN(settings.region, region_of(options));
  WEIR_TRY(check_region(settings.region));
  WEIR_ASSIGN(settings.addressing, addressing_of(options));
  settings.checksum = options.checksum != S3Checksum::none;
  if (options.checksum == S3Checksum::automatic) {
    settings.checksum = net::environment({"AWS_REQUEST_CHECKSUM_CALCULATION"}) != "when_required";
  }
  settings.trailer = options.trailer == S3Trailer::automatic;
  settings.attempts = std::max(1, options.attempts);
  settings.connect_timeout = options.connect_timeout;
  settings.stall_timeout = options.stall_timeout;
  settings.credentials = options.credentials ? options.credentials : default_credentials(options.profile);
  settings.http.ca_bundle = options.ca_bundle.empty() ? net::environment({"AWS_CA_BUNDLE"}) : options.ca_bundle;
  settings.http.max_connections_per_host = std::max<std::size_t>(1, options.max_connections);
  return settings;
}

Place place_of(const Settings& settings, const std::string& region, const std::string& bucket, const std::string& key) {
  Place place{settings.scheme, settings.authority, settings.base_path};
  if (settings.aws) {
    place.authority = fmt::format("s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
  }
  const bool virtual_host = settings.addressing == S3Addressing::virtual_host ||
                            (settings.addressing == S3Addressing::automatic && settings.aws && fits_a_host(bucket));
  if (virtual_host && !bucket.empty()) {
    place.authority = bucket + "." + place.authority;
  } else if (!bucket.empty()) {
    place.path += "/" + bucket;
  }
  if (!key.empty()) place.path += "/" + net::percent_encode(key, true);
  if (place.path.empty()) place.path = "/";
  return place;
}

Profile profile_of(const Settings& settings) {
  Profile profile;
  profile.name = settings.aws ? "aws" : "s3";
  if (settings.authority.ends_with(".r2.cloudflarestorage.com")) {
    // R2 refuses, only at the end, an upload whose parts differ in size.
    profile.name = "r2";
    profile.equal_parts = true;
    profile.max_object_bytes = 5ull * 1024 * 1024 * kMiB;
  }
  return profile;
}

}  // namespace weir::s3
