#include "weir/stages/grep.hpp"

#include <cstring>
#include <optional>
#include <utility>

#include "stages/line_pattern.hpp"
#include "weir/stages/packer.hpp"
#include "weir/stages/slice.hpp"

namespace weir {

namespace {

/// Looks through whole chunks, not through lines: lines without a match cost nothing of their own.
class Grep final : public Transform {
 public:
  Grep(std::string text, GrepOptions options) : text_(std::move(text)), options_(options) {}
  Grep(const Grep&) = delete;
  Grep& operator=(const Grep&) = delete;
  ~Grep() override {
    pattern_.reset();
    if (set_aside_bytes_ > 0) budget_->give_back(set_aside_bytes_);
  }
  std::string name() const override { return "grep"; }
  std::optional<std::string> recipe() const override {
    return "grep" + std::string(options_.regex ? " regex" : "") + (options_.invert ? " invert " : " ") + text_;
  }
  Framing needs() const override { return Framing::lines; }
  Framing framing(Framing) const override { return Framing::lines; }
  bool independent() const override { return true; }
  MemoryNeed memory(const Upstream&) const override {
    return {.min_bytes = 2 * kSliceBytes + (options_.regex ? LinePattern::kBytes : 0)};
  }
  Status open(Context& context) override {
    WEIR_TRY(check_grep(text_));
    if (options_.regex) WEIR_TRY(open_pattern(context));
    packer_.emplace(context);
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) {
      chunk_ = std::move(chunk);
      rest_ = chunk_.text();
      if (pattern_) pattern_->begin();
    }
    while (!found_.empty() || !rest_.empty()) {
      if (found_.empty()) found_ = next();
      if (!found_.empty()) WEIR_TRY(packer_->add(chunk_, found_, out));
      found_ = {};
    }
    WEIR_TRY(packer_->flush(chunk_, out));
    chunk_ = Chunk();
    return {};
  }

 private:
  Status open_pattern(Context& context) {
    budget_ = context.budget;
    WEIR_TRY(budget_->set_aside(LinePattern::kBytes));
    set_aside_bytes_ = LinePattern::kBytes;
    auto made = LinePattern::make(text_);
    if (!made) return made.status().during("look for text");
    pattern_ = std::move(*made);
    return {};
  }

  /// What is to be let through next, cut off the front of rest_; nothing where rest_ is used up.
  std::string_view next() {
    const std::string_view before = rest_;
    const std::string_view line = pattern_ ? pattern_->find(rest_) : find_text();
    if (line.empty()) {
      rest_ = {};
      return options_.invert ? before : std::string_view();
    }
    const auto begin = static_cast<std::size_t>(line.data() - before.data());
    rest_.remove_prefix(begin + line.size());
    return options_.invert ? before.substr(0, begin) : line;
  }
  /// The first line of rest_ that has the text in it.
  std::string_view find_text() const {
    const void* hit = ::memmem(rest_.data(), rest_.size(), text_.data(), text_.size());
    return hit == nullptr ? std::string_view() : line_around(static_cast<const char*>(hit), rest_);
  }

  const std::string text_;
  const GrepOptions options_;
  std::shared_ptr<Budget> budget_;
  std::size_t set_aside_bytes_ = 0;
  std::unique_ptr<LinePattern> pattern_;
  std::optional<Packer> packer_;
  Chunk chunk_;
  std::string_view rest_;
  std::string_view found_;
};

}  // namespace

std::unique_ptr<Transform> grep(std::string text, GrepOptions options) {
  return std::make_unique<Grep>(std::move(text), options);
}

Status check_grep(const std::string& text, const GrepOptions& options) {
  if (text.find('\n') != std::string::npos)
    return Status(Kind::invalid_argument, "the text has a line end in it, which is in no line").during("look for text");
  if (!options.regex) return {};
  const auto made = LinePattern::make(text);
  return made ? Status() : made.status().during("look for text");
}

}  // namespace weir
