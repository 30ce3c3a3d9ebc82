#include "store/s3_metadata.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "net/text.hpp"
#include "net/url.hpp"

namespace weir::s3 {
namespace {

constexpr std::size_t kMaxMetadataBytes = 2048;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

std::string encode_word(const std::string& value) {
  std::vector<unsigned char> text((value.size() + 2) / 3 * 4 + 1);
  EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()));
  return fmt::format("=?UTF-8?B?{}?=", reinterpret_cast<const char*>(text.data()));
}

std::string decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return "";
  std::vector<unsigned char> bytes(text.size() / 4 * 3 + 1);
  const int length =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  const auto padding = std::count(text.begin(), text.end(), '=');
  return length < padding ? "" : std::string(bytes.begin(), bytes.begin() + length - padding);
}

/// RFC 2047 section 4.2: '_' is a blank, "=XX" a byte.
std::string decode_quoted(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '%' ? "%25" : c == '=' ? "%" : c == '_' ? "%20" : std::string(1, c);
  const auto decoded = net::percent_decode(escaped);
  return decoded ? *decoded : std::string(text);
}

}  // namespace

Result<net::Headers> object_headers(const ObjectOptions& options) {
  net::Headers headers;
  if (!options.content_type.empty()) {
    const auto& type = options.content_type;
    if (std::any_of(type.begin(), type.end(), [](char c) { return is_control(c) || !is_ascii(c); })) {
      return Status(Kind::invalid_argument, "the content type has a byte that no header may have");
    }
    headers.emplace_back("content-type", type);
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : options.metadata) {
    if (!net::is_token(name))
      return Status(Kind::invalid_argument, fmt::format("metadata name \"{}\" is no header name", name));
    if (std::any_of(value.begin(), value.end(), is_control)) {
      return Status(Kind::invalid_argument, fmt::format("the value of metadata \"{}\" has a control byte", name));
    }
    const bool plain = std::all_of(value.begin(), value.end(), is_ascii);
    headers.emplace_back("x-amz-meta-" + name, plain ? value : encode_word(value));
    bytes += name.size() + headers.back().second.size();
  }
  if (bytes <= kMaxMetadataBytes) return headers;
  return Status(Kind::limit, fmt::format("the metadata has {} bytes, S3 allows {}", bytes, kMaxMetadataBytes));
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
