#include "server/http_response.hpp"

#include <algorithm>

#include "net/url.hpp"
#include "server/http_head.hpp"
#include "server/utf8.hpp"

namespace weir::server {

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 104:
      return "Upload Resumption Supported";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 460:
      return "Checksum Mismatch";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return status >= 500 ? "Internal Server Error" : status >= 400 ? "Bad Request" : "OK";
  }
}

bool ResponseHead::add(std::string_view name, std::string_view value) {
  Field field;
  if (!is_token(name) || trimmed(value) != value || read_field(std::string(name) + ":" + std::string(value), field))
    return false;
  fields_.emplace_back(name, value);
  return true;
}

bool ResponseHead::has(std::string_view name) const {
  const std::string wanted = lower_case(name);
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const auto& field) { return lower_case(field.first) == wanted; });
}

std::string ResponseHead::text() const {
  std::string text = "HTTP/1.1 " + std::to_string(status_) + " ";
  text += reason_of(status_);
  for (const auto& [name, value] : fields_) {
    text += "\r\n";
    text += name;
    text += ": ";
    text += value;
  }
  return text + "\r\n\r\n";
}

std::string content_disposition(std::string_view kind, std::string_view filename) {
  std::string disposition(kind);
  filename.remove_prefix(filename.find_last_of("/\\") + 1);  // npos + 1 is 0
  std::string plain;
  bool is_plain = true;
  for (const char c : filename) {
    const bool keeps = c >= ' ' && c < 0x7f && c != '"' && c != '%';
    plain += keeps ? c : '_';
    is_plain = is_plain && keeps;
  }
  while (!plain.empty() && (plain.front() == '.' || plain.front() == ' '))
    plain.erase(0, 1);  // no hidden file, no ".."
  if (plain.empty()) return disposition;
  disposition += "; filename=\"" + plain + '"';
  Utf8Checker utf8;
  if (!is_plain && utf8.take(filename) && utf8.whole())
    disposition += "; filename*=UTF-8''" + net::percent_encode(filename);
  return disposition;
}

}  // namespace weir::server
