#include "store/http_place.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "net/text.hpp"
#include "weir/store/http.hpp"

namespace weir::http {
namespace {

constexpr std::size_t kShortestSecret = 4;  // shorter ones are words that messages are made of

/// The bounds of "user:password@" in a URL, behind "://"; empty where it has none.
std::pair<std::size_t, std::size_t> userinfo_of(std::string_view url) {
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) return {0, 0};
  const std::size_t begin = mark + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  return at == std::string_view::npos || at < begin ? std::pair(begin, begin) : std::pair(begin, at + 1);
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<std::string> authorization_of(std::string_view userinfo) {
  const std::size_t colon = std::min(userinfo.find(':'), userinfo.size());
  WEIR_ASSIGN(const std::string user, net::percent_decode(userinfo.substr(0, colon)));
  WEIR_ASSIGN(const std::string password, net::percent_decode(userinfo.substr(std::min(colon + 1, userinfo.size()))));
  if (user.find(':') != std::string::npos || has_control(user) || has_control(password)) {
    return Status(Kind::invalid_argument, "the user name or password holds a byte that cannot be sent");
  }
  return basic_authorization(user, password);
}

}  // namespace

std::string Place::shown() const { return net::redact(net::compose_url(parts)); }

std::string basic_authorization(std::string_view user, std::string_view password) {
  const std::string plain = std::string(user) + ":" + std::string(password);
  std::string encoded(4 * ((plain.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(plain.data()), static_cast<int>(plain.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return "Basic " + encoded;
}

Result<Place> parse_place(std::string_view url) {
  const std::string operation = "open " + shown_name(url);
  const auto [begin, end] = userinfo_of(url);
  Place place;
  if (end > begin) {
    auto authorization = authorization_of(url.substr(begin, end - begin - 1));
    if (!authorization.ok()) return authorization.status().during(operation);
    place.authorization = *std::move(authorization);
  }
  auto parts = net::split_url(std::string(url.substr(0, begin)) + std::string(url.substr(end)));
  if (!parts.ok()) return parts.status().during(operation);
  place.parts = *std::move(parts);
  return place;
}

void Scrubber::add(std::string_view secret) {
  if (secret.size() < kShortestSecret) return;
  const auto shorter = [&](const std::string& known) { return known.size() < secret.size(); };
  secrets_.insert(std::find_if(secrets_.begin(), secrets_.end(), shorter), std::string(secret));
}

void Scrubber::add_query(std::string_view query) {
  add(query);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string_view value = pair.substr(std::min(pair.find('='), pair.size() - 1) + 1);
    add(value);
    if (auto decoded = net::percent_decode(value); decoded.ok()) add(*decoded);
  }
}

std::string Scrubber::clean(std::string text) const {
  constexpr std::string_view kInstead = "…";
  for (const std::string& secret : secrets_) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + kInstead.size())) {
      text.replace(at, secret.size(), kInstead);
    }
  }
  return text;
}

}  // namespace weir::http

namespace weir {

std::string shown_name(std::string_view name) {
  const auto [begin, end] = http::userinfo_of(name);
  if (begin == 0) return std::string(name);
  const std::string scheme = net::lower(name.substr(0, begin));
  // Keys of a store may have a '?' of their own, and an '@' before their first '/' is the bucket's affair.
  for (const std::string_view known : {"s3://", "vercel://", "file://"}) {
    if (scheme == known) return std::string(name);
  }
  const std::string shown = std::string(name.substr(0, begin)) + std::string(name.substr(end));
  return shown.substr(0, std::min(shown.find_first_of("?#"), shown.size()));
}

}  // namespace weir
