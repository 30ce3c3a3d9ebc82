#include "store/http_look.hpp"

#include <charconv>

#include "net/text.hpp"
#include "net/time_text.hpp"
#include "store/s3_xml.hpp"

namespace weir::http {
namespace {

constexpr std::int64_t kOldEnoughSeconds = 60;  // RFC 9110 section 8.8.2.2, with the margin of RFC 7232

std::int64_t time_of(const std::string& text) { return text.empty() ? 0 : net::parse_http_time(text); }

bool is_strong(std::string_view etag) { return etag.size() >= 2 && etag.front() == '"' && etag.back() == '"'; }

/// As ObjectInfo has it: one that does not pin stays recognisable as such.
std::string known_etag(const std::string& etag) { return is_strong(etag) ? net::plain_etag(etag) : etag; }

std::string media_type(std::string_view text) {
  text = text.substr(0, text.find(';'));
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return net::lower(text);
}

}  // namespace

Pin Pin::of(const net::Response& head) {
  Pin pin;
  pin.etag = head.header("etag");
  pin.modified = head.header("last-modified");
  const std::int64_t modified = time_of(pin.modified);
  const std::int64_t told = time_of(std::string(head.header("date")));
  if (is_strong(pin.etag)) {
    pin.by = By::etag;
  } else if (modified != 0 && told - modified >= kOldEnoughSeconds) {
    pin.by = By::date;
  }
  return pin;
}

bool Pin::describes(const ObjectInfo& object) const {
  return object.etag == known_etag(etag) && object.modified_unix == time_of(modified);
}

net::Headers Pin::conditions() const {
  if (by == By::etag) return {{"if-match", etag}};
  if (by == By::date) return {{"if-unmodified-since", modified}};
  return {};
}

Pin::Same Pin::same(const net::Response& head) const {
  const std::string_view its_etag = head.header("etag");
  const std::string_view its_date = head.header("last-modified");
  const bool other_etag = !etag.empty() && !its_etag.empty() && net::plain_etag(etag) != net::plain_etag(its_etag);
  const bool other_date = !modified.empty() && !its_date.empty() && modified != its_date;
  if (other_etag || (by != By::etag && other_date)) return Same::no;
  if (by == By::etag) return its_etag == etag ? Same::yes : Same::untold;
  if (by == By::date) return its_date == modified ? Same::yes : Same::untold;
  return Same::yes;
}

std::optional<std::uint64_t> length_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

Looked looked_at(const net::Response& head, Carries carries) {
  Looked looked;
  add_digests(looked.digests, told_digests(head, carries));
  looked.pin = Pin::of(head);
  ObjectInfo& info = looked.info;
  const auto length = length_of(head.header("content-length"));
  info.sized = length.has_value();
  info.size = length.value_or(0);
  info.etag = known_etag(looked.pin.etag);
  info.crc64nvme = s3::parse_crc64nvme(head.header("x-amz-checksum-crc64nvme"));
  info.content_type = head.header("content-type");
  info.content_encoding = head.header("content-encoding");
  info.cache_control = head.header("cache-control");
  info.content_disposition = head.header("content-disposition");
  info.modified_unix = time_of(looked.pin.modified);
  const std::string ranges = net::lower(head.header("accept-ranges"));
  if (ranges == "bytes") looked.ranges = Looked::Ranges::yes;
  if (ranges == "none") looked.ranges = Looked::Ranges::none;
  return looked;
}

Result<Looked> looked_at_byte(const net::Response& head) {
  Looked looked = looked_at(head, head.status == 200 ? Carries::whole : Carries::part);
  if (head.status == 200) {
    looked.ranges = Looked::Ranges::none;
    return looked;
  }
  constexpr std::string_view kFirstByte = "bytes 0-0/";
  const std::string_view range = head.header("content-range");
  const std::string_view total = range.starts_with(kFirstByte) ? range.substr(kFirstByte.size()) : std::string_view();
  looked.info.sized = total != "*";
  looked.info.size = length_of(total).value_or(0);
  looked.ranges = looked.info.sized ? Looked::Ranges::yes : Looked::Ranges::none;
  if (head.status == 206 && (looked.info.size > 0 || !looked.info.sized)) return looked;
  return Status(Kind::protocol, fmt::format("the answer to bytes 0-0 is {} with range \"{}\"", head.status, range))
      .with(Retry::transient);
}

bool is_page_instead(const net::Response& head, const ObjectInfo& object) {
  const std::string type = media_type(head.header("content-type"));
  const std::string announced = media_type(object.content_type);
  return type == "text/html" && !announced.empty() && announced != type;
}

}  // namespace weir::http
