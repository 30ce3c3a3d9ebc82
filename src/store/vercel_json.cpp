#include "store/vercel_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "net/text.hpp"
#include "net/time_text.hpp"

namespace weir::vercel {
namespace {

using Json = nlohmann::json;

Json parsed(std::string_view body) { return Json::parse(body.begin(), body.end(), nullptr, false); }

/// The member, or null.
const Json& member(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

std::string text_of(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_string() ? value.get_ref<const std::string&>() : std::string();
}

/// 0 where it is no time.
std::int64_t unix_seconds(const std::string& text) { return net::parse_iso_time(text).value_or(0) / 1000; }

Status unusable(std::string_view body, const char* what) {
  return Status(Kind::protocol, fmt::format("the store's answer of {} bytes has no usable {}", body.size(), what))
      .with(Retry::transient);
}

std::string dumped(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

ErrorBody parse_error(std::string_view body) {
  const Json json = parsed(body);
  const Json& error = member(json, "error");
  return {text_of(error, "code"), text_of(error, "message")};
}

Result<Blob> parse_blob(std::string_view body) {
  const Json json = parsed(body);
  Blob blob;
  blob.url = text_of(json, "url");
  blob.info.key = text_of(json, "pathname");
  blob.info.etag = net::plain_etag(text_of(json, "etag"));
  blob.info.content_type = text_of(json, "contentType");
  blob.info.content_disposition = text_of(json, "contentDisposition");
  blob.info.cache_control = text_of(json, "cacheControl");
  blob.info.modified_unix = unix_seconds(text_of(json, "uploadedAt"));
  if (const Json& size = member(json, "size"); size.is_number_unsigned()) {
    blob.info.size = size.get<std::uint64_t>();
    blob.has_size = true;
  }
  if (blob.info.key.empty()) return unusable(body, "pathname");
  if (blob.info.etag.empty()) return unusable(body, "etag");
  return blob;
}

Result<Listing> parse_listing(std::string_view body) {
  const Json json = parsed(body);
  const Json& blobs = member(json, "blobs");
  if (!blobs.is_array()) return unusable(body, "blobs");
  Listing listing;
  for (const Json& blob : blobs) {
    const Json& size = member(blob, "size");
    ListedObject object{text_of(blob, "pathname"), 0, net::plain_etag(text_of(blob, "etag")),
                        unix_seconds(text_of(blob, "uploadedAt"))};
    if (object.key.empty() || !size.is_number_unsigned()) return unusable(body, "blobs");
    object.size = size.get<std::uint64_t>();
    listing.objects.push_back(std::move(object));
  }
  if (const Json& folders = member(json, "folders"); folders.is_array()) {
    for (const Json& folder : folders) {
      if (!folder.is_string()) return unusable(body, "folders");
      listing.common_prefixes.push_back(folder.get_ref<const std::string&>());
    }
  }
  const Json& more = member(json, "hasMore");
  if (!more.is_boolean()) return unusable(body, "hasMore");
  if (!more.get<bool>()) return listing;
  listing.next_token = text_of(json, "cursor");
  if (listing.next_token.empty()) return unusable(body, "cursor");
  return listing;
}

UploadId UploadId::of(std::string_view text) {
  const std::size_t blank = std::min(text.find(' '), text.size());
  return {std::string(text.substr(0, blank)), std::string(text.substr(std::min(blank + 1, text.size())))};
}

Result<UploadId> parse_created(std::string_view body) {
  const Json json = parsed(body);
  UploadId upload{text_of(json, "uploadId"), text_of(json, "key")};
  // It goes into a header as it stands, and a blank ends it in our own text.
  const bool fits = std::all_of(upload.id.begin(), upload.id.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (upload.id.empty() || upload.key.empty() || !fits) return unusable(body, "uploadId and key");
  return upload;
}

Result<std::string> parse_etag(std::string_view body) {
  std::string etag = text_of(parsed(body), "etag");
  if (etag.empty()) return unusable(body, "etag");
  return etag;
}

std::string complete_body(const std::vector<PartReceipt>& parts) {
  Json list = Json::array();
  for (const PartReceipt& part : parts) list.push_back({{"partNumber", part.number}, {"etag", part.etag}});
  return dumped(list);
}

std::string delete_body(const std::vector<std::string>& keys) { return dumped({{"urls", keys}}); }

std::string grant_body(const VercelGrant& grant, std::int64_t valid_until_ms) {
  Json json{{"pathname", grant.path}, {"validUntil", valid_until_ms}};
  if (grant.max_bytes != 0) json["maximumSizeInBytes"] = grant.max_bytes;
  if (!grant.content_types.empty()) json["allowedContentTypes"] = grant.content_types;
  json["addRandomSuffix"] = grant.random_suffix;
  json["allowOverwrite"] = grant.overwrite;
  if (grant.cache_seconds != 0) json["cacheControlMaxAge"] = grant.cache_seconds;
  if (!grant.callback_url.empty()) {
    json["onUploadCompleted"] = {{"callbackUrl", grant.callback_url}, {"tokenPayload", grant.callback_payload}};
  }
  return dumped(json);
}

}  // namespace weir::vercel
