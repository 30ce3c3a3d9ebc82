#include "stages/line_pattern.hpp"

#include <cstring>

#include "weir/stages/slice.hpp"

namespace weir {

std::string_view line_around(const char* where, std::string_view lines) noexcept {
  const auto at = static_cast<std::size_t>(where - lines.data());
  const void* end_before = at == 0 ? nullptr : ::memrchr(lines.data(), '\n', at);
  if (end_before != nullptr)
    lines.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(end_before) - lines.data()) + 1);
  return cut_line(lines);
}

}  // namespace weir

#ifdef WEIR_WITH_RE2

#include <re2/re2.h>

#include "stages/required_literal.hpp"

namespace weir {

namespace {

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_never_nl(true);
  options.set_max_mem(static_cast<std::int64_t>(LinePattern::kBytes / 2));
  return options;
}

/// Whether "^" and "$" at the ends of lines are all of the pattern that a line's place makes a difference to: then it
/// can be looked for in many lines at once. In doubt it is not.
bool sees_lines_alone(std::string_view pattern) {
  for (const char* other : {"\\A", "\\z", "\\C", "\\Q"}) {
    if (pattern.find(other) != std::string_view::npos) return false;
  }
  for (std::size_t at = pattern.find("(?"); at != std::string_view::npos; at = pattern.find("(?", at + 2)) {
    const std::string_view flags = pattern.substr(at + 2);
    if (!flags.starts_with(':') && !flags.starts_with("i:") && !flags.starts_with("i)")) return false;
  }
  return true;
}

class Re2Pattern final : public LinePattern {
 public:
  explicit Re2Pattern(const std::string& pattern)
      : in_line_(pattern, options()),
        in_lines_("(?m:" + pattern + ")", options()),
        literal_(required_literal(pattern)),
        many_(sees_lines_alone(pattern) && in_lines_.ok()) {}
  const RE2& in_line() const { return in_line_; }

  void begin() override { plain_until_ = nullptr; }
  std::string_view find(std::string_view lines) override {
    if (!literal_.empty()) return find_by_literal(lines);
    if (!many_) return find_one_by_one(lines);
    while (!lines.empty()) {
      const std::size_t plain = plain_bytes(lines);
      if (plain > 0) {
        if (const std::string_view line = find_at_once(lines.substr(0, plain)); !line.empty()) return line;
        lines.remove_prefix(plain);
      }
      if (lines.empty()) break;
      if (const std::string_view line = cut_line(lines); in(line)) return line;
    }
    return {};
  }

 private:
  /// As far as there are lines without "\r", which are looked through at once: "$" stands before "\r\n" too, which RE2
  /// does not know. Looks at each byte of the text once.
  std::size_t plain_bytes(std::string_view lines) {
    const char* const end = lines.data() + lines.size();
    if (plain_until_ == nullptr || plain_until_ < lines.data()) {
      const void* found = std::memchr(lines.data(), '\r', lines.size());
      plain_until_ = found == nullptr ? end : static_cast<const char*>(found);
    }
    if (plain_until_ == end) return lines.size();
    const auto before = static_cast<std::size_t>(plain_until_ - lines.data());
    const std::size_t line_end = before == 0 ? std::string_view::npos : lines.substr(0, before).rfind('\n');
    return line_end == std::string_view::npos ? 0 : line_end + 1;
  }
  bool in(std::string_view line) const {
    const std::string_view text = without_end(line);
    return in_line_.Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
  }
  std::string_view find_one_by_one(std::string_view lines) const {
    while (!lines.empty()) {
      const std::string_view line = cut_line(lines);
      if (in(line)) return line;
    }
    return {};
  }
  std::string_view find_by_literal(std::string_view lines) const {
    for (;;) {
      const void* hit = ::memmem(lines.data(), lines.size(), literal_.data(), literal_.size());
      if (hit == nullptr) return {};
      const std::string_view line = line_around(static_cast<const char*>(hit), lines);
      if (in(line)) return line;
      lines.remove_prefix(static_cast<std::size_t>(line.data() - lines.data()) + line.size());
    }
  }
  std::string_view find_at_once(std::string_view lines) const {
    if (lines.empty()) return {};
    // Behind the last end there is no line, though "^" would find one.
    const std::size_t size = lines.size() - (lines.ends_with('\n') ? 1 : 0);
    re2::StringPiece found;
    if (!in_lines_.Match({lines.data(), size}, 0, size, RE2::UNANCHORED, &found, 1)) return {};
    return line_around(found.data(), lines);
  }

  const RE2 in_line_;
  const RE2 in_lines_;
  const std::string literal_;
  const bool many_;
  const char* plain_until_ = nullptr;  // no "\r" from where the last search began to here; null: nobody has looked
};

}  // namespace

Result<std::unique_ptr<LinePattern>> LinePattern::make(const std::string& pattern) {
  auto made = std::make_unique<Re2Pattern>(pattern);
  if (!made->in_line().ok()) {
    return Status(Kind::invalid_argument,
                  fmt::format("\"{}\" is no regular expression: {}", pattern, made->in_line().error()))
        .advise("It is read as RE2 does: see https://github.com/google/re2/wiki/Syntax.");
  }
  return Result<std::unique_ptr<LinePattern>>(std::move(made));
}

}  // namespace weir

#else

namespace weir {

Result<std::unique_ptr<LinePattern>> LinePattern::make(const std::string&) {
  return Status(Kind::unsupported, "this weir was built without regular expressions")
      .advise("Build it where RE2 is (Debian: libre2-dev), or look for a text as it stands.");
}

}  // namespace weir

#endif
