#include "net/url.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

#include "net/text.hpp"

namespace weir::net {
namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  std::string copy;
  if (curl_url_get(url, which, &text, 0) == CURLUE_OK && text != nullptr) copy = text;
  curl_free(text);
  return copy;
}

bool has_part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  const bool present = curl_url_get(url, which, &text, 0) == CURLUE_OK;
  curl_free(text);
  return present;
}

std::string_view default_port(std::string_view scheme) { return scheme == "https" ? "443" : "80"; }

using Parsed = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Status set_url(CURLU* url, std::string_view text) {
  const CURLUcode code = curl_url_set(url, CURLUPART_URL, std::string(text).c_str(), CURLU_PATH_AS_IS);
  if (code == CURLUE_OK) return {};
  return Status(Kind::invalid_argument, fmt::format("not a URL that can be used: {}", curl_url_strerror(code)));
}

Result<UrlParts> parts_of(CURLU* url) {
  if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
    return Status(Kind::invalid_argument, "the URL holds a user name or password")
        .advise("Pass credentials as credentials: URLs end up in logs.");
  }
  UrlParts parts{lower(part(url, CURLUPART_SCHEME)), part(url, CURLUPART_HOST), part(url, CURLUPART_PORT),
                 part(url, CURLUPART_PATH), part(url, CURLUPART_QUERY)};
  if (parts.scheme != "http" && parts.scheme != "https") {
    return Status(Kind::invalid_argument,
                  fmt::format("a URL of scheme {}: only http and https are spoken", parts.scheme));
  }
  if (parts.path.empty()) parts.path = "/";
  return parts;
}

}  // namespace

std::string percent_encode(std::string_view bytes, bool keep_slash) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    if (unreserved(c) || (keep_slash && c == '/')) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
    }
  }
  return text;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0) {
      return Status(Kind::invalid_argument, fmt::format("'%' at byte {} is not followed by two hexadecimal digits", i));
    }
    bytes += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return bytes;
}

std::string UrlParts::authority() const {
  return port.empty() || port == default_port(scheme) ? host : host + ":" + port;
}

Result<UrlParts> split_url(std::string_view url) {
  // libcurl's parser lets some of these through in some versions; none may reach a request line.
  const auto unsafe = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (std::any_of(url.begin(), url.end(), unsafe)) {
    return Status(Kind::invalid_argument, "the URL holds a blank or a control byte: percent-encode it");
  }
  const Parsed parsed(curl_url(), &curl_url_cleanup);
  WEIR_TRY(set_url(parsed.get(), url));
  return parts_of(parsed.get());
}

Result<UrlParts> resolve_url(const UrlParts& base, std::string_view reference) {
  std::string text;
  for (const char c : reference) {
    if (c == ' ' || static_cast<unsigned char>(c) >= 0x80) {
      text += percent_encode(std::string_view(&c, 1));
    } else {
      text += c;
    }
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), control)) return Status(Kind::invalid_argument, "it holds a control byte");
  const Parsed parsed(curl_url(), &curl_url_cleanup);
  WEIR_TRY(set_url(parsed.get(), compose_url(base)));
  WEIR_TRY(set_url(parsed.get(), text));
  return parts_of(parsed.get());
}

bool same_origin(const UrlParts& a, const UrlParts& b) {
  const auto port = [](const UrlParts& parts) {
    return parts.port.empty() ? std::string(default_port(parts.scheme)) : parts.port;
  };
  return a.scheme == b.scheme && lower(a.host) == lower(b.host) && port(a) == port(b);
}

std::string compose_url(const UrlParts& parts) {
  std::string url = parts.scheme + "://" + parts.host;
  if (!parts.port.empty()) url += ":" + parts.port;
  url += parts.path.empty() ? "/" : parts.path;
  if (!parts.query.empty()) url += "?" + parts.query;
  return url;
}

std::string redact(std::string_view url) {
  auto parts = split_url(url);
  if (!parts) return "(unusable URL)";
  parts->query.clear();
  return compose_url(*parts);
}

}  // namespace weir::net
