#include "store/s3_metadata.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "net/base64.hpp"
#include "net/text.hpp"
#include "net/url.hpp"

namespace weir::s3 {
namespace {

constexpr std::size_t kMaxMetadataBytes = 2048;
constexpr std::size_t kMaxTags = 10;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::string encode_word(const std::string& value) { return fmt::format("=?UTF-8?B?{}?=", net::base64(value)); }

std::string decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return "";
  std::vector<unsigned char> bytes(text.size() / 4 * 3 + 1);
  const int length =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = std::count(text.begin(), text.end(), '=');
  return length < padding ? "" : std::string(bytes.begin(), bytes.begin() + length - padding);
}

Status add_plain(net::Headers& headers, const char* name, const char* what, const std::string& value) {
  if (value.empty()) return {};
  if (std::any_of(value.begin(), value.end(), [](char c) { return is_control(c) || !is_ascii(c); })) {
    return Status(Kind::invalid_argument, fmt::format("the {} has a byte that no header may have", what));
  }
  headers.emplace_back(name, value);
  return {};
}

Status add_metadata(net::Headers& headers, const std::map<std::string, std::string>& metadata) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : metadata) {
    if (!net::is_token(name))
      return Status(Kind::invalid_argument, fmt::format("metadata name \"{}\" is no header name", name));
    if (std::any_of(value.begin(), value.end(), is_control)) {
      return Status(Kind::invalid_argument, fmt::format("the value of metadata \"{}\" has a control byte", name));
    }
    const bool plain = std::all_of(value.begin(), value.end(), is_ascii);
    headers.emplace_back("x-amz-meta-" + net::lower(name), plain ? value : encode_word(value));
    bytes += name.size() + headers.back().second.size();
  }
  if (bytes <= kMaxMetadataBytes) return {};
  return Status(Kind::limit, fmt::format("the metadata has {} bytes, S3 allows {}", bytes, kMaxMetadataBytes));
}

/// Limits of S3: 10 tags, names up to 128 and values up to 256 characters.
Status add_tags(net::Headers& headers, const std::map<std::string, std::string>& tags) {
  if (tags.empty()) return {};
  if (tags.size() > kMaxTags) {
    return Status(Kind::limit, fmt::format("the object would have {} tags, S3 allows {}", tags.size(), kMaxTags));
  }
  std::string text;
  for (const auto& [name, value] : tags) {
    if (name.empty()) return Status(Kind::invalid_argument, "a tag has no name");
    text += (text.empty() ? "" : "&") + net::percent_encode(name) + "=" + net::percent_encode(value);
  }
  headers.emplace_back("x-amz-tagging", std::move(text));
  return {};
}

/// Headers that weir sets itself, or that have an option of their own because more than one request needs them.
bool is_ours(const std::string& name) {
  constexpr std::string_view kNames[] = {"x-amz-date",
                                         "x-amz-content-sha256",
                                         "x-amz-security-token",
                                         "x-amz-trailer",
                                         "x-amz-tagging",
                                         "x-amz-storage-class",
                                         "x-amz-decoded-content-length",
                                         "x-amz-mp-object-size",
                                         "x-amz-tagging-directive",
                                         "x-amz-metadata-directive",
                                         "x-amz-sdk-checksum-algorithm"};
  constexpr std::string_view kPrefixes[] = {"x-amz-meta-", "x-amz-checksum-", "x-amz-copy-source",
                                            "x-amz-server-side-encryption-customer-"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes), [&](auto prefix) { return name.starts_with(prefix); });
}

Status add_others(net::Headers& headers, const std::map<std::string, std::string>& others) {
  for (const auto& [typed, value] : others) {
    const std::string name = net::lower(typed);
    if (!name.starts_with("x-amz-") || !net::is_token(name)) {
      return Status(Kind::invalid_argument, fmt::format("\"{}\" is no header of S3's own", typed))
          .advise("Other headers are those that begin with x-amz-.");
    }
    if (is_ours(name)) {
      return Status(Kind::invalid_argument, fmt::format("{} is set by weir itself", name))
          .advise("Metadata, tags, storage class and SSE-C keys have options of their own.");
    }
    WEIR_TRY(add_plain(headers, name.c_str(), name.c_str(), value));
  }
  return {};
}

/// RFC 2047 section 4.2: '_' is a blank, "=XX" a byte.
std::string decode_quoted(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '%' ? "%25" : c == '=' ? "%" : c == '_' ? "%20" : std::string(1, c);
  const auto decoded = net::percent_decode(escaped);
  return decoded ? *decoded : std::string(text);
}

}  // namespace

net::Headers condition_headers(const ObjectOptions& options) {
  net::Headers headers;
  if (options.no_clobber) headers.emplace_back("if-none-match", "*");
  if (!options.if_match.empty()) headers.emplace_back("if-match", "\"" + options.if_match + "\"");
  return headers;
}

Result<net::Headers> object_headers(const ObjectOptions& options) {
  net::Headers headers;
  WEIR_TRY(add_plain(headers, "content-type", "content type", options.content_type));
  WEIR_TRY(add_plain(headers, "content-encoding", "content encoding", options.content_encoding));
  WEIR_TRY(add_plain(headers, "cache-control", "cache control", options.cache_control));
  WEIR_TRY(add_plain(headers, "content-disposition", "content disposition", options.content_disposition));
  WEIR_TRY(add_plain(headers, "x-amz-storage-class", "storage class", options.storage_class));
  WEIR_TRY(add_metadata(headers, options.metadata));
  WEIR_TRY(add_tags(headers, options.tags));
  WEIR_TRY(add_others(headers, options.headers));
  return headers;
}

Status check_abilities(const ObjectOptions& options, const Provider& provider) {
  const Abilities& can = provider.abilities;
  const auto lacks = [&](const char* what) {
    return Status(Kind::unsupported, fmt::format("{} has no {}", provider.limits.name, what));
  };
  if (!can.tags && !options.tags.empty()) return lacks("tags of objects");
  if (!can.no_clobber && options.no_clobber) return lacks("way to store only what is not there yet");
  if (!can.if_match && !options.if_match.empty()) return lacks("way to replace only a certain object");
  if (options.no_clobber && !options.if_match.empty()) {
    return Status(Kind::invalid_argument, "an object that must not exist cannot have an ETag");
  }
  if (std::any_of(options.if_match.begin(), options.if_match.end(), [](char c) { return is_control(c) || c == '"'; })) {
    return Status(Kind::invalid_argument, "the ETag to match has a byte that no ETag has");
  }
  return {};
}

std::string decode_words(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const std::size_t start = value.find("=?");
    text += value.substr(0, start);
    if (start == std::string_view::npos) break;
    value.remove_prefix(start);
    const bool utf8 = value.size() > 10 && (value.substr(2, 6) == "UTF-8?" || value.substr(2, 6) == "utf-8?");
    const std::size_t end = utf8 ? value.find("?=", 10) : std::string_view::npos;
    if (end == std::string_view::npos || value[9] != '?') {
      text += value.substr(0, 2);
      value.remove_prefix(2);
      continue;
    }
    const std::string_view inner = value.substr(10, end - 10);
    text += value[8] == 'B' || value[8] == 'b' ? decode_base64(inner) : decode_quoted(inner);
    value.remove_prefix(end + 2);
    // Blanks between two words are no text (RFC 2047 section 6.2).
    const std::size_t next = value.find_first_not_of(' ');
    if (next != 0 && next != std::string_view::npos && value.substr(next, 2) == "=?") value.remove_prefix(next);
  }
  return text;
}

}  // namespace weir::s3
