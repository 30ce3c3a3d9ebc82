#include <charconv>

#include "store/ranged_answer.hpp"
#include "store/s3_metadata.hpp"
#include "store/s3_wire.hpp"
#include "store/s3_xml.hpp"

namespace weir {

Result<std::shared_ptr<S3Client>> S3Client::make(const S3Options& options) {
  WEIR_ASSIGN(s3::Settings settings, s3::resolve(options));
  auto http = options.http ? options.http : net::Client::make(settings.http);
  return std::shared_ptr<S3Client>(s3::Wire::make(std::move(settings), std::move(http)));
}

namespace s3 {
namespace {

constexpr std::size_t kMaxListingBytes = 16 * 1024 * 1024;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

WireRequest head_request(const S3Location& location) {
  WireRequest request;
  request.operation = "look at " + location.url();
  request.method = "HEAD";
  request.bucket = location.bucket;
  request.key = location.key;
  request.headers = {{"x-amz-checksum-mode", "ENABLED"}};
  request.payload_hash = net::sha256_hex("");
  return request;
}

S3ObjectInfo object_info(const S3Location& location, const net::Response& response) {
  S3ObjectInfo info;
  info.location = location;
  info.size = number(response.header("content-length"));
  info.etag = plain_etag(response.header("etag"));
  info.crc64nvme = parse_crc64nvme(response.header("x-amz-checksum-crc64nvme"));
  info.content_type = response.header("content-type");
  info.content_encoding = store::stored_coding(response.header("content-encoding"));
  info.cache_control = response.header("cache-control");
  info.content_disposition = response.header("content-disposition");
  info.storage_class = response.header("x-amz-storage-class");
  info.version = response.header("x-amz-version-id");
  if (info.version == "null") info.version.clear();
  info.modified_unix = parse_http_time(std::string(response.header("last-modified")));
  constexpr std::string_view kPrefix = "x-amz-meta-";
  for (const auto& [name, value] : response.headers) {
    if (name.starts_with(kPrefix)) info.metadata[name.substr(kPrefix.size())] = decode_words(value);
  }
  return info;
}

Result<S3ObjectInfo> checked_object_info(const S3Location& location, const net::Response& response) {
  if (response.header("etag").empty() || response.header("content-length").empty()) {
    return Status(Kind::protocol, "the store's answer has no ETag or no length").during("look at " + location.url());
  }
  return object_info(location, response);
}

Result<S3ObjectInfo> Wire::head(const S3Location& location) {
  WEIR_TRY(location.check_object());
  WEIR_ASSIGN(const net::Response response, call(head_request(location)));
  return checked_object_info(location, response);
}

Result<Listing> Wire::list(const std::string& bucket, const ListOptions& options) {
  WireRequest request;
  request.operation = fmt::format("list s3://{}/{}", bucket, options.prefix);
  request.bucket = bucket;
  request.payload_hash = net::sha256_hex("");
  request.max_body_bytes = kMaxListingBytes;
  // Keys come percent-encoded: XML 1.0 has no way to write most control characters.
  request.query = {{"list-type", "2"}, {"encoding-type", "url"}};
  if (!options.prefix.empty()) request.query.emplace_back("prefix", options.prefix);
  if (!options.delimiter.empty()) request.query.emplace_back("delimiter", options.delimiter);
  if (!options.token.empty()) request.query.emplace_back("continuation-token", options.token);
  if (options.limit != 0) request.query.emplace_back("max-keys", std::to_string(options.limit));
  WEIR_ASSIGN(const S3Location place, S3Location::parse("s3://" + bucket));
  WEIR_ASSIGN(const net::Response response, call(request));
  auto listing = parse_listing(response.body);
  if (!listing) return listing.status().during(request.operation);
  if (!options.token.empty() && listing->next_token == options.token) {
    return Status(Kind::protocol, "the store answered the same page token again, the listing would never end")
        .during(request.operation);
  }
  return listing;
}

Status Wire::remove(const S3Location& location) {
  WEIR_TRY(location.check_object());
  WireRequest request;
  request.operation = "remove " + location.url();
  request.method = "DELETE";
  request.bucket = location.bucket;
  request.key = location.key;
  request.payload_hash = net::sha256_hex("");
  const Status status = call(request).status();
  return status.error().service_code == "NoSuchKey" ? Status() : status;
}

Result<std::string> Wire::presign(const std::string& method, const S3Location& location, std::chrono::seconds valid) {
  constexpr std::chrono::seconds kWeek{7 * 24 * 3600};
  WEIR_TRY(location.check_object());
  if (!settings_.customer_key.empty()) {
    return Status(Kind::unsupported, "a URL cannot carry an SSE-C key").during("presign " + location.url());
  }
  if (valid < std::chrono::seconds(1) || valid > kWeek) {
    return Status(Kind::invalid_argument, "a presigned URL is valid for 1 second to 7 days")
        .during("presign " + location.url());
  }
  if (!settings_.credentials) {
    return Status(Kind::access_denied, "a URL cannot be signed without keys").during("presign " + location.url());
  }
  auto credentials = settings_.credentials->get();
  if (!credentials) return credentials.status().during("presign " + location.url());
  const std::string region = region_of(location.bucket);
  const Place place = place_of(settings_, region, location.bucket, location.key);
  const net::SigningRequest request{method, place.authority, place.path, {}, {}, net::kUnsignedPayload};
  const net::SigningScope scope{*std::move(credentials), region, now_seconds()};
  return place.scheme + "://" + place.authority + place.path + "?" + net::presign_query(request, scope, valid.count());
}

}  // namespace s3
}  // namespace weir
