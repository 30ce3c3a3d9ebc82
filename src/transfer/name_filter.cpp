#include "weir/transfer/name_filter.hpp"

#include <algorithm>
#include <utility>

#include "net/text.hpp"

namespace weir {
namespace {

/// Characters; a byte that is no UTF-8 is one of its own, which nothing else equals.
std::u32string characters_of(std::string_view text) {
  constexpr char32_t kBeyond = 0x110000;
  std::u32string found;
  while (!text.empty()) {
    const std::size_t length = net::utf8_length(text);
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
    char32_t character = length == 0 ? kBeyond + byte(0) : length == 1 ? byte(0) : byte(0) & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) character = character << 6 | (byte(i) & 0x3Fu);
    found += character;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return found;
}

/// Where the set that begins at `at` ends, or npos: a ']' that comes first is one of the set.
std::size_t end_of_set(const std::u32string& pattern, std::size_t at) {
  std::size_t from = at + 1;
  if (from < pattern.size() && (pattern[from] == U'!' || pattern[from] == U'^')) ++from;
  return from < pattern.size() ? pattern.find(U']', from + 1) : std::u32string::npos;
}

}  // namespace

Glob::Glob(std::string_view pattern, bool across) : across_(across) {
  const std::u32string text = characters_of(pattern);
  for (std::size_t at = 0; at < text.size(); ++at) {
    Token token;
    token.character = text[at];
    if (text[at] == U'\\' && at + 1 < text.size()) {
      token.character = text[++at];
    } else if (text[at] == U'?') {
      token.kind = Token::Kind::any;
    } else if (text[at] == U'*') {
      const std::size_t end = std::min(text.find_first_not_of(U'*', at), text.size());
      token.kind = across || end - at > 1 ? Token::Kind::long_run : Token::Kind::run;
      at = end - 1;
    } else if (const std::size_t end = text[at] == U'[' ? end_of_set(text, at) : std::u32string::npos;
               end != std::u32string::npos) {
      token.kind = Token::Kind::set;
      ++at;
      if (text[at] == U'!' || text[at] == U'^') token.negated = true, ++at;
      for (; at < end; ++at) {
        const bool range = at + 2 < end && text[at + 1] == U'-';
        token.set.emplace_back(text[at], text[range ? at + 2 : at]);
        if (range) at += 2;
      }
      at = end;
    }
    tokens_.push_back(std::move(token));
  }
}

bool Glob::accepts(const Token& token, char32_t character) const {
  if (token.kind == Token::Kind::character) return token.character == character;
  if (token.kind == Token::Kind::long_run) return true;
  if (character == U'/' && !across_) return false;
  if (token.kind != Token::Kind::set) return true;
  const bool in = std::any_of(token.set.begin(), token.set.end(),
                              [&](const auto& range) { return range.first <= character && character <= range.second; });
  return in != token.negated;
}

/// All places in the pattern that the name may have come to, moved on character by character.
bool Glob::match(std::string_view name, bool beginnings) const {
  const auto is_run = [this](std::size_t i) {
    return tokens_[i].kind == Token::Kind::run || tokens_[i].kind == Token::Kind::long_run;
  };
  std::vector<bool> at(tokens_.size() + 1, false);
  const auto skip_runs = [&] {
    for (std::size_t i = 0; i < tokens_.size(); ++i)
      if (at[i] && is_run(i)) at[i + 1] = true;  // a run may be empty
  };
  at[0] = true;
  skip_runs();
  for (const char32_t character : characters_of(name)) {
    if (beginnings && character == U'/' && at.back()) return true;
    std::vector<bool> next(at.size(), false);
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (at[i] && accepts(tokens_[i], character)) next[is_run(i) ? i : i + 1] = true;
    }
    at.swap(next);
    skip_runs();
  }
  return at.back();
}

bool Glob::matches(std::string_view name) const { return match(name, false); }
bool Glob::matches_beginning(std::string_view name) const { return match(name, true); }

bool Glob::is_pattern(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

std::size_t Glob::unclosed_set(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '[') {
      std::size_t from = at + 1;
      if (from < text.size() && (text[from] == '!' || text[from] == '^')) ++from;
      const std::size_t end = from < text.size() ? text.find(']', from + 1) : std::string_view::npos;
      if (end == std::string_view::npos) return at;
      at = end;
    }
  }
  return std::string_view::npos;
}

NameFilter::NameFilter(const std::vector<FilterRule>& rules) {
  for (const FilterRule& rule : rules) {
    std::string_view pattern = rule.pattern;
    const bool last_part_too = pattern.find('/') == std::string_view::npos;
    if (pattern.starts_with('/')) pattern.remove_prefix(1);
    std::string below(pattern);
    if (below.ends_with('/')) below += "*";
    rules_.push_back({rule.include, last_part_too, Glob(below, true)});
  }
}

bool NameFilter::passes(std::string_view name) const {
  const std::string_view last_part = name.substr(name.rfind('/') + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->glob.matches(name) || (rule->last_part_too && rule->glob.matches(last_part))) return rule->include;
  }
  return true;
}

}  // namespace weir
