#include "server/http_conditions.hpp"

#include <algorithm>

#include "server/http_date.hpp"

namespace weir::server {

namespace {

std::string_view opaque(std::string_view etag) { return etag.starts_with("W/") ? etag.substr(2) : etag; }
bool is_weak(std::string_view etag) { return etag.starts_with("W/"); }

/// RFC 9110, 8.8.3.2. Strong: neither is weak.
bool same(std::string_view a, std::string_view b, bool strong) {
  if (a.empty() || b.empty() || (strong && (is_weak(a) || is_weak(b)))) return false;
  return opaque(a) == opaque(b);
}

/// Whether a list of tags has it, or is "*". A comma may stand inside the quotes.
bool names(const RequestHead& head, std::string_view field, const Representation& what, bool strong) {
  for (const Field& each : head.fields) {
    if (each.name != field) continue;
    if (each.value == "*") return true;
    for (std::string_view rest = each.value; !rest.empty();) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t,"), rest.size()));
      const std::size_t open = rest.find('"');
      const std::size_t end = open == std::string_view::npos ? open : rest.find('"', open + 1);
      if (end == std::string_view::npos) break;
      if (same(rest.substr(0, end + 1), what.etag, strong)) return true;
      rest.remove_prefix(end + 1);
    }
  }
  return false;
}

std::optional<std::int64_t> date_of(const RequestHead& head, std::string_view field) {
  const auto value = head.one(field);
  return value ? read_http_date(*value) : std::nullopt;
}

/// 13.2.2, in its order; 200 where nothing stands against it.
int judge(const RequestHead& head, const Representation& what) {
  if (head.count("if-match") > 0) {
    if (!names(head, "if-match", what, true)) return 412;
  } else if (const auto since = date_of(head, "if-unmodified-since");
             since && what.modified_s && *what.modified_s > *since) {
    return 412;
  }
  if (head.count("if-none-match") > 0) return names(head, "if-none-match", what, false) ? 304 : 200;
  if (const auto since = date_of(head, "if-modified-since"); since && what.modified_s && *what.modified_s <= *since)
    return 304;
  return 200;
}

/// 13.1.5: the tag is strongly compared, a date must be exactly that one.
bool range_is_of_this(const RequestHead& head, const Representation& what) {
  if (head.count("if-range") == 0) return true;
  const auto value = head.one("if-range");
  if (!value) return false;
  if (value->ends_with('"')) return same(*value, what.etag, true);
  const auto date = read_http_date(*value);
  return date && what.modified_s && *date == *what.modified_s;
}

}  // namespace

Selection select(const RequestHead& head, const Representation& what) {
  Selection whole{judge(head, what), 0, what.bytes};
  const auto range = head.one("range");
  if (whole.status != 200 || head.method != "GET" || !range || !range_is_of_this(head, what)) return whole;

  constexpr std::string_view kUnit = "bytes=";
  if (lower_case(range->substr(0, kUnit.size())) != kUnit) return whole;
  const std::string_view spec = trimmed(range->substr(kUnit.size()));
  const std::size_t hyphen = spec.find('-');
  if (hyphen == std::string_view::npos || spec.find(',') != std::string_view::npos) return whole;
  const std::string_view from = spec.substr(0, hyphen);
  const std::string_view to = spec.substr(hyphen + 1);
  const auto first = read_count(from);
  const auto last = read_count(to);
  if ((!first && !from.empty()) || (!last && !to.empty()) || (!first && !last)) return whole;  // no range: passed over

  if (!first) {  // the last so many bytes
    const std::uint64_t bytes = std::min(*last, what.bytes);
    return bytes == 0 ? Selection{416, 0, 0} : Selection{206, what.bytes - bytes, bytes};
  }
  if (last && *last < *first) return whole;
  if (*first >= what.bytes) return {416, 0, 0};
  const std::uint64_t rest = what.bytes - *first;
  return {206, *first, last ? std::min(*last - *first + 1, rest) : rest};
}

}  // namespace weir::server
