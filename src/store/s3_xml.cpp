#include "store/s3_xml.hpp"

#include <algorithm>
#include <charconv>
#include <pugixml.hpp>

#include "net/url.hpp"
#include "weir/codec/checksum.hpp"

namespace weir::s3 {
namespace {

/// The root element `name`, or a protocol error that does not repeat the body.
Result<pugi::xml_node> root(pugi::xml_document& document, std::string_view body, const char* name) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  body.remove_prefix(start == std::string_view::npos ? body.size() : start);
  const auto parsed = document.load_buffer(body.data(), body.size());
  if (pugi::xml_node node = document.child(name); parsed && node) return node;
  Error error;
  error.kind = Kind::protocol;
  error.retry = Retry::transient;
  error.cause = fmt::format("the store's answer of {} bytes is no {}{}", body.size(), name,
                            parsed ? "" : fmt::format(": {} at byte {}", parsed.description(), parsed.offset));
  return Status(std::move(error));
}

Status missing(const char* name, const char* what) {
  return Status(Kind::protocol, fmt::format("the store's {} has no usable {}", name, what)).with(Retry::transient);
}

std::string text_of(const pugi::xml_node& node, const char* name) { return node.child(name).text().get(); }

template <class Number>
bool read_number(const pugi::xml_node& node, const char* name, Number& into) {
  const std::string_view text = node.child(name).text().get();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
  return error == std::errc() && end == text.data() + text.size();
}

/// A name as text, which listings may have percent-encoded.
Result<std::string> name_in(const pugi::xml_node& node, const char* name, bool encoded) {
  std::string text = text_of(node, name);
  if (!encoded) return text;
  std::replace(text.begin(), text.end(), '+', ' ');  // as in forms: a plus itself comes as %2B
  return net::percent_decode(text);
}

bool is_true(const pugi::xml_node& node, const char* name) { return text_of(node, name) == "true"; }

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return result;
}

}  // namespace

ErrorBody parse_error(std::string_view body) {
  pugi::xml_document document;
  const auto node = root(document, body, "Error");
  if (!node) return {};
  return {text_of(*node, "Code"), text_of(*node, "Message"), text_of(*node, "RequestId"), text_of(*node, "Region")};
}

bool is_error(std::string_view body) {
  pugi::xml_document document;
  return root(document, body, "Error").ok();
}

Result<std::string> parse_upload_id(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN(const pugi::xml_node node, root(document, body, "InitiateMultipartUploadResult"));
  std::string id = text_of(node, "UploadId");
  if (id.empty()) return missing("InitiateMultipartUploadResult", "UploadId");
  return id;
}

Result<Completed> parse_completed(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN(const pugi::xml_node node, root(document, body, "CompleteMultipartUploadResult"));
  Completed completed{plain_etag(text_of(node, "ETag")), text_of(node, "ChecksumCRC64NVME")};
  if (completed.etag.empty()) return missing("CompleteMultipartUploadResult", "ETag");
  return completed;
}

std::string complete_body(const std::vector<PartReceipt>& parts, bool with_checksums) {
  // Written by hand: 10,000 parts make 1 MiB, and nothing here but the ETag could need escaping.
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const PartReceipt& part : parts) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag>", part.number, escaped(part.etag));
    if (with_checksums && part.crc64nvme) {
      body += fmt::format("<ChecksumCRC64NVME>{}</ChecksumCRC64NVME>", crc64nvme_base64(*part.crc64nvme));
    }
    body += "</Part>";
  }
  return body + "</CompleteMultipartUpload>";
}

Result<PartsPage> parse_parts(std::string_view body) {
  pugi::xml_document document;
  auto found = root(document, body, "ListPartsResult");
  // Some services name the answer as their interface definition does.
  if (!found && document.child("ListPartsResponse")) found = document.child("ListPartsResponse");
  WEIR_ASSIGN(const pugi::xml_node node, std::move(found));
  PartsPage page;
  std::uint64_t offset = 0;
  for (const pugi::xml_node& item : node.children("Part")) {
    PartReceipt part;
    if (!read_number(item, "PartNumber", part.number)) return missing("ListPartsResult", "PartNumber");
    if (!read_number(item, "Size", part.length)) return missing("ListPartsResult", "Size");
    part.etag = plain_etag(text_of(item, "ETag"));
    if (part.etag.empty()) return missing("ListPartsResult", "ETag");
    part.checksum = text_of(item, "ChecksumCRC64NVME");
    part.crc64nvme = parse_crc64nvme(part.checksum);
    part.offset = offset;
    offset += part.length;
    page.parts.push_back(std::move(part));
  }
  page.algorithm = text_of(node, "ChecksumAlgorithm");
  page.truncated = is_true(node, "IsTruncated");
  if (page.truncated && !read_number(node, "NextPartNumberMarker", page.next_marker)) {
    return missing("ListPartsResult", "NextPartNumberMarker");
  }
  return page;
}

Result<UploadsPage> parse_uploads(std::string_view body) {
  constexpr const char* kName = "ListMultipartUploadsResult";
  pugi::xml_document document;
  WEIR_ASSIGN(const pugi::xml_node node, root(document, body, kName));
  const bool encoded = text_of(node, "EncodingType") == "url";
  UploadsPage page;
  for (const pugi::xml_node& item : node.children("Upload")) {
    OpenUpload upload;
    auto key = name_in(item, "Key", encoded);
    if (!key || key->empty()) return missing(kName, "Key");
    upload.key = *std::move(key);
    upload.id = text_of(item, "UploadId");
    if (upload.id.empty()) return missing(kName, "UploadId");
    upload.begun_unix = parse_iso_time(text_of(item, "Initiated"));
    page.uploads.push_back(std::move(upload));
  }
  page.truncated = is_true(node, "IsTruncated");
  auto next = name_in(node, "NextKeyMarker", encoded);
  if (!next || (page.truncated && next->empty())) return missing(kName, "NextKeyMarker");
  page.next_key = *std::move(next);
  page.next_id = text_of(node, "NextUploadIdMarker");
  return page;
}

Result<Listing> parse_listing(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN(const pugi::xml_node node, root(document, body, "ListBucketResult"));
  const bool encoded = text_of(node, "EncodingType") == "url";
  Listing listing;
  for (const pugi::xml_node& item : node.children("Contents")) {
    ListedObject entry;
    auto key = name_in(item, "Key", encoded);
    if (!key || key->empty()) return missing("ListBucketResult", "Key");
    entry.key = *std::move(key);
    if (!read_number(item, "Size", entry.size)) return missing("ListBucketResult", "Size");
    entry.etag = plain_etag(text_of(item, "ETag"));
    entry.modified_unix = parse_iso_time(text_of(item, "LastModified"));
    listing.objects.push_back(std::move(entry));
  }
  for (const pugi::xml_node& item : node.children("CommonPrefixes")) {
    auto prefix = name_in(item, "Prefix", encoded);
    if (!prefix) return missing("ListBucketResult", "Prefix");
    listing.common_prefixes.push_back(*std::move(prefix));
  }
  listing.next_token = text_of(node, "NextContinuationToken");
  if (!is_true(node, "IsTruncated")) listing.next_token.clear();
  if (is_true(node, "IsTruncated") && listing.next_token.empty()) {
    return missing("ListBucketResult", "NextContinuationToken");
  }
  return listing;
}

bool fits_xml(std::string_view key) {
  return std::none_of(key.begin(), key.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) &&
         key.find("\xEF\xBF\xBE") == std::string_view::npos && key.find("\xEF\xBF\xBF") == std::string_view::npos;
}

std::string delete_body(std::span<const std::string> keys) {
  std::string body = "<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>";
  for (const std::string& key : keys) body += "<Object><Key>" + escaped(key) + "</Key></Object>";
  return body + "</Delete>";
}

Result<std::vector<NotDeleted>> parse_deleted(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN(const pugi::xml_node node, root(document, body, "DeleteResult"));
  std::vector<NotDeleted> failed;
  for (const pugi::xml_node& item : node.children("Error")) {
    failed.push_back({text_of(item, "Key"), {text_of(item, "Code"), text_of(item, "Message"), "", ""}});
  }
  return failed;
}

Result<Completed> parse_copied(std::string_view body, const char* root_name) {
  pugi::xml_document document;
  WEIR_ASSIGN(const pugi::xml_node node, root(document, body, root_name));
  Completed copied{plain_etag(text_of(node, "ETag")), text_of(node, "ChecksumCRC64NVME")};
  if (copied.etag.empty()) return missing(root_name, "ETag");
  return copied;
}

Result<std::map<std::string, std::string>> parse_tags(std::string_view body) {
  pugi::xml_document document;
  WEIR_ASSIGN(const pugi::xml_node node, root(document, body, "Tagging"));
  std::map<std::string, std::string> tags;
  for (const pugi::xml_node& tag : node.child("TagSet").children("Tag"))
    tags[text_of(tag, "Key")] = text_of(tag, "Value");
  return tags;
}

std::optional<std::uint64_t> parse_crc64nvme(std::string_view base64) {
  if (base64.size() != 12 || base64.back() != '=') return std::nullopt;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 11; ++i) {
    constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t value = kLetters.find(base64[i]);
    if (value == std::string_view::npos) return std::nullopt;
    // Eleven letters are 66 bits: the last two must be zero.
    if (i == 10) return (value & 3) == 0 ? std::optional(bits << 4 | value >> 2) : std::nullopt;
    bits = bits << 6 | value;
  }
  return std::nullopt;
}

std::int64_t parse_iso_time(const std::string& text) { return net::parse_iso_time(text).value_or(0) / 1000; }

}  // namespace weir::s3
