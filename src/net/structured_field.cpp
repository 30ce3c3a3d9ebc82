#include "net/structured_field.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "net/base64.hpp"

namespace weir::net {

namespace {

/// What is left of a field to be read. Each function takes its item off the front, or answers nothing.
class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) { skip(" "); }

  bool at_end() {
    skip(" ");
    return text_.empty();
  }
  bool at(char c) const { return !text_.empty() && text_.front() == c; }
  bool take(char c) {
    if (!at(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view characters) {
    text_.remove_prefix(std::min(text_.find_first_not_of(characters), text_.size()));
  }

  std::optional<std::string> key() {
    if (text_.empty() || !(is_lower(text_.front()) || text_.front() == '*')) return {};
    return std::string(take_while([](char c) {
      return is_lower(c) || is_digit(c) || std::string_view("_-.*").find(c) != std::string_view::npos;
    }));
  }

  std::optional<FieldItem> item() {
    if (text_.empty()) return {};
    const char first = text_.front();
    if (first == '?') return boolean();
    if (first == ':') return bytes();
    if (first == '-' || is_digit(first)) return number();
    if (first == '"') return quoted();
    if (first == '*' || is_alpha(first)) {
      take_while([](char c) {
        return is_alpha(c) || is_digit(c) || std::string_view(":/!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
      });
      return FieldItem(Other());
    }
    if (first == '@') return date();
    if (first == '%') return display_string();
    return {};
  }
  /// An item, or a list of them in brackets.
  std::optional<FieldItem> member() { return at('(') ? inner_list() : item(); }

  bool parameters() {
    while (take(';')) {
      skip(" ");
      if (!key()) return false;
      if (take('=') && !item()) return false;
    }
    return true;
  }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
  static bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
  template <class Allowed>
  std::string_view take_while(Allowed allowed) {
    const auto end = std::find_if_not(text_.begin(), text_.end(), allowed);
    const std::string_view taken = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(taken.size());
    return taken;
  }

  std::optional<FieldItem> boolean() {
    text_.remove_prefix(1);
    const bool yes = take('1');
    if (!yes && !take('0')) return {};
    return FieldItem(yes);
  }

  std::optional<FieldItem> bytes() {
    text_.remove_prefix(1);
    const std::size_t end = text_.find(':');
    if (end == std::string_view::npos) return {};
    auto value = from_base64(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    if (!value) return {};
    return FieldItem(Bytes{std::move(*value)});
  }

  /// 4.2.4: at most 15 digits; with a point it is a decimal, of which nobody asks here.
  std::optional<FieldItem> number() {
    const bool negative = take('-');
    const std::string_view digits = take_while(is_digit);
    if (digits.empty() || digits.size() > 15) return {};
    if (take('.')) {
      const std::string_view fraction = take_while(is_digit);
      if (digits.size() > 12 || fraction.empty() || fraction.size() > 3) return {};
      return FieldItem(Other());
    }
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return FieldItem(negative ? -value : value);
  }

  std::optional<FieldItem> quoted() {
    text_.remove_prefix(1);
    for (; !text_.empty(); text_.remove_prefix(1)) {
      if (take('"')) return FieldItem(Other());
      if (text_.front() < ' ' || text_.front() > '~') return {};
      if (take('\\') && !at('"') && !at('\\')) return {};
    }
    return {};
  }

  std::optional<FieldItem> date() {
    text_.remove_prefix(1);
    if (text_.empty() || !(at('-') || is_digit(text_.front()))) return {};
    const auto seconds = number();
    return seconds && std::holds_alternative<std::int64_t>(*seconds) ? std::optional(FieldItem(Other())) : std::nullopt;
  }

  std::optional<FieldItem> display_string() {
    text_.remove_prefix(1);
    return at('"') ? quoted() : std::nullopt;
  }

  std::optional<FieldItem> inner_list() {
    text_.remove_prefix(1);
    for (;;) {
      skip(" ");
      if (take(')')) return FieldItem(Other());
      if (!item() || !parameters()) return {};
      if (!at(' ') && !at(')')) return {};
    }
  }

  std::string_view text_;
};

template <class Value>
std::optional<Value> read_item_field(std::string_view text) {
  FieldReader reader(text);
  const auto item = reader.item();
  if (!item || !reader.parameters() || !reader.at_end()) return {};
  const Value* const value = std::get_if<Value>(&*item);
  return value == nullptr ? std::nullopt : std::optional(*value);
}

}  // namespace

std::optional<std::int64_t> read_integer_field(std::string_view text) { return read_item_field<std::int64_t>(text); }
std::optional<bool> read_boolean_field(std::string_view text) { return read_item_field<bool>(text); }

std::optional<FieldDictionary> read_dictionary_field(std::string_view text) {
  FieldDictionary found;
  FieldReader reader(text);
  while (!reader.at_end()) {
    auto key = reader.key();
    if (!key) return {};
    std::optional<FieldItem> item = FieldItem(true);  // 4.2.2: a key alone is true
    if (reader.take('=')) item = reader.member();
    if (!item || !reader.parameters()) return {};
    std::erase_if(found, [&](const auto& entry) { return entry.first == *key; });
    found.emplace_back(std::move(*key), std::move(*item));
    reader.skip(" \t");
    if (reader.at_end()) return found;
    if (!reader.take(',')) return {};
    reader.skip(" \t");
    if (reader.at_end()) return {};  // a comma and nothing behind it
  }
  return found;
}

}  // namespace weir::net
