#include "server/http_head.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weir::server {

namespace {

constexpr std::string_view kEnd = "\r\n\r\n";
constexpr std::size_t kLongestMethod = 32;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool is_token_char(char c) {
  return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
bool is_visible(char c) { return c > ' ' && c < 0x7f; }

/// The text before the next `delimiter`, which goes with it.
std::string_view cut(std::string_view& text, std::string_view delimiter) {
  const std::size_t end = text.find(delimiter);
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + delimiter.size());
  return piece;
}

std::optional<Refusal> read_request_line(std::string_view line, RequestHead& head) {
  head.method = cut(line, " ");
  head.target = cut(line, " ");
  if (!is_token(head.method) || head.method.size() > kLongestMethod)
    return bad_request("the request line has no method");
  if (head.target.empty() || !std::all_of(head.target.begin(), head.target.end(), is_visible))
    return bad_request("the request's target is not made of visible ASCII");
  if (line != "HTTP/1.1" && line != "HTTP/1.0") {
    if (line.starts_with("HTTP/") && line.size() >= 6 && line[5] >= '2' && line[5] <= '9')
      return Refusal{505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
    return bad_request("the request line does not end with HTTP/1.1");
  }
  head.minor_version = line.back() - '0';
  return {};
}

/// RFC 9112, 3.2: exactly one, and of characters that a host and port have.
std::optional<Refusal> check_host(const RequestHead& head) {
  const std::size_t count = head.count("host");
  if (count > 1) return bad_request("there is more than one Host");
  if (count == 0) return head.minor_version == 0 ? std::nullopt : std::optional(bad_request("there is no Host"));
  const auto allowed = [](char c) {
    return is_alphanumeric(c) || std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos;
  };
  const std::string_view host = *head.one("host");
  if (!std::all_of(host.begin(), host.end(), allowed)) return bad_request("the Host is none");
  return {};
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

std::optional<std::uint64_t> read_count(std::string_view text) {
  std::uint64_t count = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return {};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || count > INT64_MAX) return {};
  return count;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> RequestHead::one(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const Field& field : fields) {
    if (field.name != name) continue;
    if (found) return {};
    found = field.value;
  }
  return found;
}

std::size_t RequestHead::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [&](const Field& field) { return field.name == name; }));
}

bool RequestHead::lists(std::string_view name, std::string_view member) const {
  for (const Field& field : fields) {
    if (field.name != name) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      if (lower_case(trimmed(cut(rest, ","))) == member) return true;
    }
  }
  return false;
}

std::optional<Refusal> read_field(std::string_view line, Field& field) {
  if (line.front() == ' ' || line.front() == '\t') return bad_request("a field is folded over two lines");
  const std::size_t colon = line.find(':');
  // Blanks before the colon are no part of a token, so they are refused with it.
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return bad_request("a field has no name");
  field.name = lower_case(line.substr(0, colon));
  field.value = trimmed(line.substr(colon + 1));
  const auto allowed = [](char c) { return is_visible(c) || c == ' ' || c == '\t'; };
  if (!std::all_of(field.value.begin(), field.value.end(), allowed))
    return bad_request("the field " + field.name + " has characters other than visible ASCII");
  return {};
}

std::optional<Refusal> read_head(std::string_view text, const HeadLimits& limits, RequestHead& head) {
  if (text.starts_with("\r\n")) text.remove_prefix(2);  // RFC 9112, 2.2: some clients send one too many
  if (auto refused = read_request_line(cut(text, "\r\n"), head)) return refused;
  head.fields.clear();
  for (std::string_view line = cut(text, "\r\n"); !line.empty(); line = cut(text, "\r\n")) {
    if (head.fields.size() == limits.fields)
      return Refusal{431, "there are more fields than " + std::to_string(limits.fields)};
    if (auto refused = read_field(line, head.fields.emplace_back())) return refused;
  }
  return check_host(head);
}

std::optional<Refusal> read_framing(const RequestHead& head, Framing& framing) {
  framing = {};
  const std::size_t lengths = head.count("content-length"), codings = head.count("transfer-encoding");
  if (lengths + codings == 0) return {};
  if (lengths > 0 && codings > 0) return bad_request("there are both Content-Length and Transfer-Encoding");
  if (lengths > 1 || codings > 1) return bad_request("it is said more than once how long the body is");
  if (codings == 1) {
    if (head.minor_version == 0) return bad_request("HTTP/1.0 has no Transfer-Encoding");
    if (lower_case(*head.one("transfer-encoding")) != "chunked")
      return bad_request("the only Transfer-Encoding here is chunked");
    framing.chunked = true;
    return {};
  }
  const auto length = read_count(*head.one("content-length"));
  if (!length) return bad_request("the Content-Length is no length");
  framing.bytes = *length;
  return {};
}

bool keeps_alive(const RequestHead& head) { return head.minor_version > 0 && !head.lists("connection", "close"); }

std::optional<Refusal> HeadReader::take(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  while (taken < bytes.size() && !done_) {
    const char c = bytes[taken];
    const bool after_return = !text_.empty() && text_.back() == '\r';
    // At once, and not when an end comes that never does.
    if ((c == '\n') != after_return || c == '\0') return bad_request("a line does not end with CR and LF");
    if (text_.size() == limits_.bytes)
      return Refusal{431, "the head is longer than " + std::to_string(limits_.bytes) + " bytes"};
    text_ += c;
    ++taken;
    done_ = c == '\n' && text_.size() > kEnd.size() && text_.ends_with(kEnd);
  }
  return {};
}

std::optional<Refusal> HeadReader::head(RequestHead& head) {
  auto refused = read_head(text_, limits_, head);
  text_.clear();
  done_ = false;
  return refused;
}

}  // namespace weir::server
