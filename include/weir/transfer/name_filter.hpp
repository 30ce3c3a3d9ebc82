// Patterns of names: which of many files or objects are meant.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// A pattern of a whole name. '?' is any one character, '*' any run of them, "**" any run that '/' may be in, "[a-z]"
/// and
/// "[!a-z]" one of a set; a '\' takes what follows it as it stands. What cannot be meant so ("[" without its end)
/// stands for itself. Matching takes time in proportion to pattern times name, whatever they are. Thread-compatible.
class Glob {
 public:
  /// `across`: '*' and '?' match '/' too.
  explicit Glob(std::string_view pattern, bool across = false);
  bool matches(std::string_view name) const;
  /// Whether it matches the name, or a directory that the name is below.
  bool matches_beginning(std::string_view name) const;
  /// Whether the text has a character that means more than itself.
  static bool is_pattern(std::string_view text);
  /// Where a '[' stands that no ']' follows, in bytes; npos where there is none.
  static std::size_t unclosed_set(std::string_view text);

 private:
  struct Token {
    enum class Kind : std::uint8_t { character, any, set, run, long_run } kind = Kind::character;
    char32_t character = 0;
    std::vector<std::pair<char32_t, char32_t>> set;  ///< ranges, ends included
    bool negated = false;
  };
  bool accepts(const Token& token, char32_t character) const;
  bool match(std::string_view name, bool beginnings) const;

  const bool across_;
  std::vector<Token> tokens_;
};

struct FilterRule {
  bool include = true;
  std::string pattern;
};

/// The rules of `--include` and `--exclude`: all names are in, but the last rule that matches a name decides.
///
/// A pattern without '/' is tried on the last part of a name and on the whole; one with a '/' on the whole; one that
/// begins with '/' likewise, and one that ends with '/' is all that lies below. '*' matches '/' too. So "*.tmp" is any
/// such file, ".git/" or "/.git/*" the folder at the top, and first `{false, "*"}`, then `{true, "*.jpg"}` pictures
/// alone. Thread-safe.
class NameFilter {
 public:
  NameFilter() = default;
  explicit NameFilter(const std::vector<FilterRule>& rules);
  /// `name`: relative to where the search began, with '/' between its parts.
  bool passes(std::string_view name) const;

 private:
  struct Rule {
    bool include;
    bool last_part_too;
    Glob glob;
  };
  std::vector<Rule> rules_;
};

}  // namespace weir
