// Where an http:// or https:// URL leads, what may be shown of it, and which of its words are secrets. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/url.hpp"
#include "weir/core/status.hpp"

namespace weir::http {

struct Place {
  net::UrlParts parts;        ///< without user name and password
  std::string authorization;  ///< "Basic …" of them; empty where the URL has none

  std::string shown() const;
};

/// invalid_argument for what is no URL of http or https. Errors show no more than shown_name() does.
Result<Place> parse_place(std::string_view url);

/// RFC 7617.
std::string basic_authorization(std::string_view user, std::string_view password);

/// Takes out of a text that a server wrote what it may repeat of our secrets.
class Scrubber {
 public:
  void add(std::string_view secret);
  /// The query as a whole and each of its values, as sent and decoded.
  void add_query(std::string_view query);
  std::string clean(std::string text) const;

 private:
  std::vector<std::string> secrets_;  // the longest first
};

}  // namespace weir::http
