#include "weir/text/spec.hpp"

#include <algorithm>

#include "text/names.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir {

namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// Reads a text from its front to its end, once.
class SpecReader {
 public:
  SpecReader(std::string_view text, const std::string& operation) : text_(text), operation_(operation) {}

  Result<Spec> read() {
    Spec spec;
    skip_space();
    if (at_ == text_.size()) return spec;
    for (;;) {
      WEIR_ASSIGN(SpecStage stage, read_stage());
      spec.stages.push_back(std::move(stage));
      if (at_ == text_.size()) return spec;
      ++at_;  // the '|'
    }
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && kSpace.find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool stage_ends() const { return at_ == text_.size() || text_[at_] == '|'; }
  Status wrong(std::size_t at, std::size_t size, const std::string& why, const std::string& advice) const {
    return pointed_out(operation_, text_, at, text_.substr(at, size), why, advice);
  }

  Result<SpecStage> read_stage() {
    SpecStage stage;
    skip_space();
    if (stage_ends()) return wrong(at_, 0, "a stage is missing", "Stages stand between '|'.");
    WEIR_ASSIGN(stage.name, read_word(/*may_be_named=*/false));
    for (skip_space(); !stage_ends(); skip_space()) {
      WEIR_ASSIGN(SpecWord word, read_word(true));
      for (const SpecWord& other : stage.parameters) {
        if (!word.name.empty() && other.name == word.name)
          return wrong(word.at, word.name.size(), fmt::format("\"{}\" is given twice", word.name), {});
      }
      stage.parameters.push_back(std::move(word));
    }
    return stage;
  }

  Result<SpecWord> read_word(bool may_be_named) {
    SpecWord word;
    word.at = word.value_at = at_;
    bool quoted = false;
    while (!stage_ends() && kSpace.find(text_[at_]) == std::string_view::npos) {
      const char c = text_[at_];
      if (c == '\0') return wrong(at_, 1, "there is a NUL in the text", {});
      if (c == '\'' || c == '"') {
        quoted = true;
        WEIR_TRY(read_quoted(word.value));
        continue;
      }
      ++at_;
      if (c == '=' && may_be_named && !quoted && word.name.empty() && is_name(word.value)) {
        word.name = std::exchange(word.value, {});
        word.value_at = at_;
      } else {
        word.value += c;
      }
    }
    word.size = at_ - word.at;
    return word;
  }

  Status read_quoted(std::string& into) {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\0') return wrong(at_, 1, "there is a NUL in the text", {});
      const bool escaped = quote == '"' && text_[at_] == '\\' && at_ + 1 < text_.size() &&
                           (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\');
      if (escaped) ++at_;
      into += text_[at_];
    }
    if (at_ == text_.size()) return wrong(begin, 1, "this quote has no end", {});
    ++at_;
    return {};
  }

  std::string_view text_;
  const std::string& operation_;
  std::size_t at_ = 0;
};

/// `named`: an '=' in it would make it a parameter.
std::string quoted(const std::string& value, bool named) {
  const std::string_view special = named ? " \t\r\n|'\"" : " \t\r\n|'\"=";
  if (!value.empty() && value.find_first_of(special) == std::string::npos) return value;
  if (value.find('\'') == std::string::npos) return "'" + value + "'";
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string Spec::text() const {
  std::string out;
  for (const SpecStage& stage : stages) {
    if (!out.empty()) out += " | ";
    out += quoted(stage.name.value, /*named=*/true);
    for (const SpecWord& word : stage.parameters) {
      out += ' ';
      if (!word.name.empty()) out += word.name + '=';
      out += quoted(word.value, !word.name.empty());
    }
  }
  return out;
}

Result<Spec> parse_spec(std::string_view text, const std::string& operation) {
  return SpecReader(text, operation).read();
}

}  // namespace weir
