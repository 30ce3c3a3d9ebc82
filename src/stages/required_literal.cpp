#include "stages/required_literal.hpp"

#include <cstddef>

namespace weir {

namespace {

constexpr auto kNone = std::string_view::npos;

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

/// Behind the class that begins at `at`.
std::size_t end_of_class(std::string_view pattern, std::size_t at) {
  ++at;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  for (bool first = true; at < pattern.size(); first = false) {
    if (pattern[at] == ']' && !first) return at + 1;
    if (pattern.substr(at).starts_with("[:")) {
      const std::size_t end = pattern.find(":]", at + 2);
      at = end == kNone ? at + 1 : end + 2;
    } else {
      at += pattern[at] == '\\' ? 2 : 1;
    }
  }
  return pattern.size();
}

/// Behind the group that begins at `at`.
std::size_t end_of_group(std::string_view pattern, std::size_t at) {
  int depth = 0;
  while (at < pattern.size()) {
    const char c = pattern[at];
    if (c == '[') {
      at = end_of_class(pattern, at);
      continue;
    }
    at += c == '\\' ? 2 : 1;
    if (c == '(') ++depth;
    if (c == ')' && --depth == 0) return at;
  }
  return pattern.size();
}

/// Behind "{2,3}"; behind a brace that is none of a count and means itself.
std::size_t end_of_count(std::string_view pattern, std::size_t at) {
  const std::size_t end = pattern.find_first_not_of("0123456789,", at + 1);
  return end != kNone && pattern[end] == '}' ? end + 1 : at + 1;
}

/// The literals of a pattern that is one alternative, from left to right.
class Literals {
 public:
  void add(char c) { run_ += c; }
  /// What was added last may be there or not, or several times.
  void loosen(bool may_be_gone) {
    if (may_be_gone && !run_.empty()) run_.pop_back();
    end_run();
  }
  void end_run() {
    if (run_.size() > longest_.size()) longest_ = run_;
    run_.clear();
  }
  std::string longest() {
    end_run();
    return longest_;
  }

 private:
  std::string run_;
  std::string longest_;
};

}  // namespace

std::string required_literal(std::string_view pattern) {
  // Flags change what letters mean, and quoted stretches what signs do.
  if (pattern.find("(?") != kNone || pattern.find("\\Q") != kNone) return {};
  Literals literals;
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    switch (c) {
      case '|':
        return {};
      case '[':
        literals.end_run();
        at = end_of_class(pattern, at);
        continue;
      case '(':
        literals.end_run();
        at = end_of_group(pattern, at);
        continue;
      case '\\':
        if (at + 1 < pattern.size() && is_ascii(pattern[at + 1]) && !is_word(pattern[at + 1])) {
          literals.add(pattern[at + 1]);
        } else if (at + 1 < pattern.size() && std::string_view("bBdDsSwW").find(pattern[at + 1]) != kNone) {
          literals.end_run();
        } else {
          return {};  // of several characters, perhaps
        }
        at += 2;
        continue;
      case '*':
      case '?':
      case '{':
        // An empty run is behind something that is no literal: then there is nothing to take back.
        literals.loosen(true);
        break;
      case '+':
        literals.loosen(false);
        break;
      case '.':
      case '^':
      case '$':
        literals.end_run();
        break;
      default:
        // Of a character of several bytes a repetition would take back all; they are rare enough to do without.
        if (is_ascii(c)) {
          literals.add(c);
        } else {
          literals.end_run();
        }
    }
    if (c == '{') at = end_of_count(pattern, at) - 1;
    ++at;
  }
  return literals.longest();
}

}  // namespace weir
