#include "server/http_chunked.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace weir::server {

namespace {

constexpr std::size_t kLongestLine = 4096;  // of a chunk's extensions: they are read over
constexpr std::size_t kMostTrailerBytes = 8192;
constexpr std::size_t kMostTrailers = 32;
constexpr std::size_t kMostDigits = 16;

/// RFC 9110, 6.5.1: what frames, routes or authorises a request is no trailer, nor what says how to read its content.
constexpr std::array<std::string_view, 12> kNeverTrailers{
    "transfer-encoding", "content-length", "host", "authorization", "cookie", "connection", "content-encoding",
    "content-type",      "content-range",  "te",   "trailer",       "upgrade"};

}  // namespace

std::optional<Refusal> ChunkedReader::take(std::string_view bytes, Step& step) {
  step = {};
  while (step.taken < bytes.size() && where_ != Where::done) {
    if (where_ == Where::content) {
      step.content = bytes.substr(step.taken, left_);
      step.taken += step.content.size();
      left_ -= step.content.size();
      if (left_ == 0) where_ = Where::behind_content;
      return {};
    }
    bool whole = false;
    if (auto refused = take_line(bytes, step.taken, whole)) return refused;
    if (!whole) return {};
    if (auto refused = end_line()) return refused;
  }
  return {};
}

std::optional<std::string_view> ChunkedReader::trailer(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const Field& field : trailers_) {
    if (field.name != name) continue;
    if (found) return {};
    found = field.value;
  }
  return found;
}

/// Up to its CR LF, which line_ then does not have.
std::optional<Refusal> ChunkedReader::take_line(std::string_view bytes, std::size_t& taken, bool& whole) {
  while (taken < bytes.size()) {
    const char c = bytes[taken];
    if (where_ == Where::behind_content && c != (line_.empty() ? '\r' : '\n'))
      return bad_request("a chunk is longer than it says");
    if ((c == '\n') != line_.ends_with('\r') || c == '\0')
      return bad_request("a line between chunks does not end with CR and LF");
    if (line_.size() == kLongestLine) return bad_request("a line between chunks is too long");
    ++taken;
    if (c == '\n') {
      line_.pop_back();
      whole = true;
      return {};
    }
    line_ += c;
  }
  return {};
}

std::optional<Refusal> ChunkedReader::end_line() {
  std::string line;
  line.swap(line_);
  switch (where_) {
    case Where::size:
      return read_size(line);
    case Where::behind_content:
      where_ = Where::size;
      return {};
    default:
      return read_trailer(line);
  }
}

std::optional<Refusal> ChunkedReader::read_size(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find(';'));
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  // from_chars() takes no sign where the number has none, and no prefix.
  if (digits.empty() || digits.size() > kMostDigits || read.ec != std::errc() ||
      read.ptr != digits.data() + digits.size())
    return bad_request("a chunk's size is no number");
  const auto printable = [](char c) { return c == '\t' || (c >= ' ' && c < 0x7f); };
  if (!std::all_of(line.begin(), line.end(), printable))
    return bad_request("a chunk's extension has control characters");
  where_ = left_ == 0 ? Where::trailers : Where::content;
  return {};
}

std::optional<Refusal> ChunkedReader::read_trailer(std::string_view line) {
  if (line.empty()) {
    where_ = Where::done;
    return {};
  }
  trailer_bytes_ += line.size();
  if (trailers_.size() == kMostTrailers || trailer_bytes_ > kMostTrailerBytes)
    return Refusal{431, "there are too many trailers"};
  Field& field = trailers_.emplace_back();
  if (auto refused = read_field(line, field)) return refused;
  if (std::find(kNeverTrailers.begin(), kNeverTrailers.end(), field.name) != kNeverTrailers.end())
    return Refusal{400, "the field " + field.name + " cannot be a trailer"};
  return {};
}

}  // namespace weir::server
