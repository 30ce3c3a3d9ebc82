#include "weir/text/terminal_text.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "weir/transfer/endpoint.hpp"

namespace weir {

namespace {

struct Character {
  std::string_view bytes;
  std::uint32_t code = 0;
  bool valid = true;
};

/// The UTF-8 character at the front (RFC 3629); one invalid byte where there is none. `text` is not empty.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {text.substr(0, 1), lead, true};
  const std::size_t length = lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xC2 ? 2 : 1;
  const Character bad{text.substr(0, 1), 0xFFFD, false};
  if (length == 1 || lead > 0xF4 || text.size() < length) return bad;
  std::uint32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return bad;
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  static constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return bad;
  return {text.substr(0, length), code, true};
}

struct Span {
  std::uint32_t first, last;
};

template <std::size_t N>
bool within(std::uint32_t code, const Span (&spans)[N]) {
  for (const Span& span : spans) {
    if (code >= span.first && code <= span.last) return true;
  }
  return false;
}

/// Combining marks, joiners, variation selectors and skin tones of the scripts in wide use.
constexpr Span kNoWidth[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},     {0x610, 0x61A},
                             {0x64B, 0x65F},   {0x93A, 0x93C},   {0x941, 0x94D},     {0xE31, 0xE31},
                             {0xE34, 0xE3A},   {0xE47, 0xE4E},   {0x1AB0, 0x1AFF},   {0x1DC0, 0x1DFF},
                             {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2069},   {0x20D0, 0x20FF},
                             {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF}};
constexpr Span kDoubleWidth[] = {{0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},
                                 {0x26A1, 0x26A1},   {0x2705, 0x2705},   {0x274C, 0x274C},   {0x2E80, 0x303E},
                                 {0x3041, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
                                 {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F1E6, 0x1F1FF},
                                 {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};
/// They turn the direction of text around, or end its line.
constexpr Span kSteering[] = {{0, 0x1F}, {0x7F, 0x9F}, {0x2028, 0x202E}, {0x2066, 0x2069}};

std::size_t width_of(std::uint32_t code) {
  if (within(code, kNoWidth)) return 0;
  return within(code, kDoubleWidth) ? 2 : 1;
}

/// What belongs on one place: a character with all that combines with it.
struct Cluster {
  std::string_view bytes;
  std::size_t width = 0;
};

std::vector<Cluster> clusters_of(std::string_view text) {
  std::vector<Cluster> clusters;
  bool joined = false;  // the one before was a zero-width joiner
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t width = width_of(character.code);
    if (!clusters.empty() && (width == 0 || joined)) {
      Cluster& last = clusters.back();
      last.bytes = std::string_view(last.bytes.data(), last.bytes.size() + character.bytes.size());
    } else {
      clusters.push_back({character.bytes, width});
    }
    joined = character.code == 0x200D;
    text.remove_prefix(character.bytes.size());
  }
  return clusters;
}

}  // namespace

std::string printable(std::string_view text, bool ascii, bool keep_lines) {
  std::string out;
  while (!text.empty()) {
    const Character character = first_character(text);
    const bool line = keep_lines && character.code == '\n';
    const bool shown = character.valid && !within(character.code, kSteering) && !(ascii && character.code > 0x7E);
    if (line || shown) {
      out += character.bytes;
    } else {
      out += '?';
    }
    text.remove_prefix(character.bytes.size());
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const Cluster& cluster : clusters_of(text)) width += cluster.width;
  return width;
}

std::string fit(std::string_view text, std::size_t columns, bool ascii) {
  const std::vector<Cluster> clusters = clusters_of(text);
  std::size_t width = 0;
  for (const Cluster& cluster : clusters) width += cluster.width;
  if (width <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t left = columns / 2;
  std::size_t right = columns - 1 - left;
  std::string head;
  for (auto it = clusters.begin(); it != clusters.end() && it->width <= left; ++it) {
    head += it->bytes;
    left -= it->width;
  }
  std::string_view tail;
  for (auto it = clusters.rbegin(); it != clusters.rend() && it->width <= right; ++it) {
    tail = text.substr(static_cast<std::size_t>(it->bytes.data() - text.data()));
    right -= it->width;
  }
  return head + (ascii ? "~" : "…") + std::string(tail);
}

/// As long as it was, with '*' in place of what may be a key in a URL: its user and password, and its query.
std::string without_keys(std::string_view text) {
  static constexpr std::string_view kEnds = " \t\n\r'\"|";
  std::string shown(text);
  for (std::size_t at = shown.find("://"); at != std::string::npos; at = shown.find("://", at + 3)) {
    const std::string_view scheme = std::string_view(shown).substr(0, at);
    if (scheme.ends_with("s3") || scheme.ends_with("vercel")) continue;  // of whose names any character is a part
    const std::size_t begin = at + 3;
    const std::size_t end = std::min(shown.find_first_of(kEnds, begin), shown.size());
    const std::size_t path = std::min(shown.find_first_of("/?", begin), end);
    const std::size_t user = shown.rfind('@', path);
    if (user != std::string::npos && user >= begin && user < path)
      std::fill(shown.begin() + static_cast<std::ptrdiff_t>(begin), shown.begin() + static_cast<std::ptrdiff_t>(user),
                '*');
    const std::size_t query = std::min(shown.find('?', begin), end);
    if (query < end)
      std::fill(shown.begin() + static_cast<std::ptrdiff_t>(query + 1),
                shown.begin() + static_cast<std::ptrdiff_t>(end), '*');
  }
  return shown;
}

Status pointed_out(const std::string& operation, std::string_view given, std::size_t at, std::string_view piece,
                   const std::string& why, const std::string& advice) {
  const std::string text_shown = without_keys(given);
  const std::string_view text = text_shown;
  static constexpr std::size_t kShown = 160;  // of a text too long to be shown whole
  const std::size_t from = at < kShown ? 0 : at - kShown / 2;
  const std::string before = (from > 0 ? "..." : "") + printable(text.substr(from, at - from));
  const std::string behind = printable(text.substr(at, text.size() - at > kShown ? kShown : std::string_view::npos));
  const std::size_t width = std::max<std::size_t>(1, display_width(printable(piece.substr(0, kShown))));
  Error error;
  error.kind = Kind::invalid_argument;
  error.operation = operation;
  error.cause = fmt::format("column {}: {}", at + 1, without_keys(why));
  error.advice = fmt::format("    {}{}\n    {:{}}{:^<{}}", before, behind, "", display_width(before), "", width);
  if (!advice.empty()) error.advice += "\n" + without_keys(advice);
  return Status(std::move(error));
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string_view>& candidates) {
  const std::string_view near = nearest(typed, candidates);
  return near.empty() ? std::string() : fmt::format(" Did you mean \"{}\"?", near);
}

}  // namespace weir
