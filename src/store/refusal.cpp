#include "store/refusal.hpp"

#include <algorithm>
#include <charconv>

#include "net/time_text.hpp"

namespace weir::store {

Refusal refusal_of_status(int status) {
  switch (status) {
    case 401:
    case 403:
      return {Kind::access_denied, Retry::never};
    case 404:
    case 410:
      return {Kind::not_found, Retry::never};
    case 408:
      return {Kind::timeout, Retry::transient};
    case 412:
      return {Kind::already_exists, Retry::never};
    case 413:
      return {Kind::limit, Retry::never};
    case 429:
      return {Kind::unavailable, Retry::throttled};
    case 499:
      return {Kind::unavailable, Retry::transient};
    case 501:
      return {Kind::unsupported, Retry::never};
    case 503:
      return {Kind::unavailable, Retry::throttled};
    case 507:
      return {Kind::no_space, Retry::never};
    default:
      break;
  }
  if (status >= 500) return {Kind::unavailable, Retry::transient};
  return {status >= 400 ? Kind::invalid_argument : Kind::protocol, Retry::never};
}

const char* phrase_of(int status) {
  switch (status) {
    case 301:
      return "Moved Permanently";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 409:
      return "Conflict";
    case 412:
      return "Precondition Failed";
    case 416:
      return "Range Not Satisfiable";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "answer";
  }
}

std::string printable(std::string text) {
  text.resize(std::min<std::size_t>(text.size(), 500));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::min<std::uint64_t>(value, 86400000) : 0;
}

std::uint64_t asked_ms(const net::Response& response) {
  const std::string_view text = response.header("retry-after");
  if (const std::uint64_t seconds = number_of(text); seconds != 0) {
    return std::min(seconds * 1000, kLongestAskedMs);
  }
  // RFC 9110 section 10.2.3 also allows a date; it is compared with the sender's own clock.
  const std::int64_t until = net::parse_http_time(std::string(text));
  const std::int64_t now = net::parse_http_time(std::string(response.header("date")));
  const std::uint64_t asked = until > now && now > 0 ? static_cast<std::uint64_t>(until - now) * 1000 : 0;
  return std::min(asked, kLongestAskedMs);
}

}  // namespace weir::store
