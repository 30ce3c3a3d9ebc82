#include "weir/stages/grep.hpp"

#include <cstring>
#include <optional>
#include <utility>

#include "weir/stages/packer.hpp"
#include "weir/stages/slice.hpp"

namespace weir {

namespace {

/// Looks through whole chunks, not through lines: lines without a match cost nothing of their own.
class Grep final : public Transform {
 public:
  Grep(std::string text, GrepOptions options) : text_(std::move(text)), options_(options) {}
  std::string name() const override { return "grep"; }
  std::optional<std::string> recipe() const override {
    return "grep" + std::string(options_.invert ? " invert " : " ") + text_;
  }
  Framing needs() const override { return Framing::lines; }
  Framing framing(Framing) const override { return Framing::lines; }
  bool independent() const override { return true; }
  MemoryNeed memory(const Upstream&) const override { return {.min_bytes = 2 * kSliceBytes}; }
  Status open(Context& context) override {
    if (text_.find('\n') != std::string::npos)
      return Status(Kind::invalid_argument, "the text has a line end in it, which is in no line")
          .during("look for text");
    packer_.emplace(context);
    return {};
  }
  Status process(Chunk chunk, Emit& out) override {
    if (!chunk.empty()) {
      chunk_ = std::move(chunk);
      rest_ = chunk_.text();
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
  /// What is to be let through next, cut off the front of rest_; nothing where rest_ is used up.
  std::string_view next() {
    const std::string_view before = rest_;
    const void* hit = ::memmem(rest_.data(), rest_.size(), text_.data(), text_.size());
    if (hit == nullptr) {
      rest_ = {};
      return options_.invert ? before : std::string_view();
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - rest_.data());
    const void* end_before = at == 0 ? nullptr : ::memrchr(rest_.data(), '\n', at);
    const std::size_t begin =
        end_before == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(end_before) - rest_.data()) + 1;
    rest_.remove_prefix(begin);
    const std::string_view line = cut_line(rest_);
    return options_.invert ? before.substr(0, begin) : line;
  }

  const std::string text_;
  const GrepOptions options_;
  std::optional<Packer> packer_;
  Chunk chunk_;
  std::string_view rest_;
  std::string_view found_;
};

}  // namespace

std::unique_ptr<Transform> grep(std::string text, GrepOptions options) {
  return std::make_unique<Grep>(std::move(text), options);
}

}  // namespace weir
