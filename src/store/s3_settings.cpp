#include "store/s3_settings.hpp"

#include <algorithm>

#include "net/aws_config.hpp"
#include "net/base64.hpp"
#include "net/md5.hpp"
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

/// The region becomes part of a host name and of a header.
Status check_region(const std::string& region) {
  const bool fits =
      region.size() <= 64 && std::all_of(region.begin(), region.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      });
  return fits ? Status() : Status(Kind::invalid_argument, fmt::format("\"{}\" is no name of a region", region));
}

S3Addressing addressing_of(const S3Options& options, const net::AwsConfig& config) {
  if (options.addressing != S3Addressing::automatic) return options.addressing;
  const std::string style = config.setting("s3.addressing_style");
  if (style == "path") return S3Addressing::path;
  return style == "virtual" ? S3Addressing::virtual_host : S3Addressing::automatic;
}

Status set_provider(const S3Options& options, Settings& settings) {
  if (!options.s3_profile.empty()) {
    WEIR_ASSIGN(settings.provider, provider_of_name(options.s3_profile));
    return {};
  }
  const std::string& authority = settings.authority;
  settings.provider = &provider_of_host(authority.substr(0, authority.find_last_of(':')));
  return {};
}

bool only_when_required(const net::AwsConfig& config, const char* variable, const char* name) {
  return net::lower(config.setting(variable, name)) == "when_required";
}

void set_proof(const S3Options& options, const net::AwsConfig& config, Settings& settings) {
  S3Checksum wanted = options.checksum;
  const bool automatic = wanted == S3Checksum::automatic;
  if (automatic && only_when_required(config, "AWS_REQUEST_CHECKSUM_CALCULATION", "request_checksum_calculation")) {
    wanted = S3Checksum::none;
  }
  settings.verify_downloads =
      automatic ? !only_when_required(config, "AWS_RESPONSE_CHECKSUM_VALIDATION", "response_checksum_validation")
                : wanted != S3Checksum::none;
  settings.may_weaken = automatic;
  settings.proof = settings.provider->proof;
  if (wanted == S3Checksum::crc64nvme) settings.proof = std::max(settings.proof, Proof::header);
  if (wanted == S3Checksum::md5) settings.proof = Proof::md5;
  if (wanted == S3Checksum::none) settings.proof = Proof::none;
  if (options.trailer == S3Trailer::never) settings.proof = std::min(settings.proof, Proof::header);
}

bool is_this_machine(const std::string& authority) {
  return authority.starts_with("127.") || authority.starts_with("[::1]") || authority == "localhost" ||
         authority.starts_with("localhost:");
}

Status set_customer_key(const std::string& key, Settings& settings) {
  constexpr std::size_t kKeyBytes = 32;
  if (key.empty()) return {};
  if (key.size() != kKeyBytes) {
    return Status(Kind::invalid_argument, fmt::format("it has {} bytes, not {}", key.size(), kKeyBytes))
        .during("use the SSE-C key");
  }
  if (settings.scheme != "https" && !is_this_machine(settings.authority)) {
    return Status(Kind::invalid_argument, "it would go through the network unencrypted")
        .during("use the SSE-C key")
        .advise("Use an endpoint with https://.");
  }
  WEIR_ASSIGN(const std::string md5, net::md5_base64(key));
  settings.customer_key = {{"x-amz-server-side-encryption-customer-algorithm", "AES256"},
                           {"x-amz-server-side-encryption-customer-key", net::base64(key)},
                           {"x-amz-server-side-encryption-customer-key-md5", md5}};
  return {};
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
  const CredentialsSearch search{options.profile, options.region, options.ca_bundle};
  WEIR_ASSIGN(const net::AwsConfig config, net::load_aws_config(search));
  std::string endpoint = options.endpoint_url;
  if (endpoint.empty()) {
    WEIR_ASSIGN(endpoint, config.endpoint_url("s3"));
  }
  WEIR_TRY(set_endpoint(endpoint, settings));
  settings.region = config.region.empty() ? "us-east-1" : config.region;
  WEIR_TRY(check_region(settings.region));
  settings.addressing = addressing_of(options, config);
  WEIR_TRY(set_provider(options, settings));
  set_proof(options, config, settings);
  WEIR_TRY(set_customer_key(options.sse_customer_key, settings));
  settings.on_notice = options.on_notice;
  settings.attempts = std::max(1, options.attempts);
  settings.connect_timeout = options.connect_timeout;
  settings.stall_timeout = options.stall_timeout;
  if (!options.no_sign_request) {
    settings.credentials = options.credentials ? options.credentials : default_credentials(search);
  }
  settings.http.ca_bundle = config.ca_bundle;
  settings.http.max_connections_per_host = std::max<std::size_t>(1, options.max_connections);
  return settings;
}

Place place_of(const Settings& settings, const std::string& region, const std::string& bucket, const std::string& key) {
  Place place{settings.scheme, settings.authority, settings.base_path};
  if (settings.aws) {
    place.authority = fmt::format("s3.{}.{}", region, net::dns_suffix(region));
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

}  // namespace weir::s3
