// lines(): what follows gets whole lines, and may work on them: filter, map, grep, count, take_lines.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "weir/core/stage.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/slice.hpp"

namespace weir {

struct LinesOptions {
  /// The longest line that is let through, its end included; a longer one ends the job with an error that says where.
  /// Twice this is set aside.
  std::size_t longest_bytes = kMiB;
};

namespace detail {

/// Chunks pass as they are, but for a line that is begun in one and ended in another: that is put together in a slab.
class Lines final : public Transform {
 public:
  explicit Lines(LinesOptions options) : longest_(std::max<std::size_t>(options.longest_bytes, 1)) {}
  std::string name() const override { return "lines"; }
  std::optional<std::string> recipe() const override { return "lines"; }
  Framing framing(Framing) const override { return Framing::lines; }
  MemoryNeed memory(const Upstream&) const override { return {.min_bytes = 2 * longest_}; }
  /// The bytes are the same ones.
  void describe(Upstream& upstream) const override {
    upstream.observed = true;
    upstream.replay.reset();
    upstream.continuable.reset();
  }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) input_ = std::move(chunk);
    if (begun_ > 0) WEIR_TRY(end_begun_line(out));
    if (input_.empty()) return {};
    const std::string_view text = input_.text();
    const void* last_end = ::memrchr(text.data(), '\n', text.size());
    const std::size_t whole =
        last_end == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(last_end) - text.data()) + 1;
    if (text.size() > longest_) WEIR_TRY(check_lines(text));
    if (whole > 0) emit(input_.slice(0, whole), out);
    input_ = input_.slice(whole);
    return input_.empty() ? Status() : begin_line();
  }
  Status finish(Emit& out) override {
    if (begun_ > 0) emit_begun(out);
    return {};
  }

 private:
  /// Where a chunk can hold a line that is too long, it is looked for, so that chunks do not decide what passes.
  Status check_lines(std::string_view rest) {
    for (std::uint64_t at = offset_; !rest.empty();) {
      const std::size_t size = cut_line(rest).size();
      if (size > longest_) return too_long(size, at);
      at += size;
    }
    return {};
  }
  /// The front of input_ goes behind what was begun, as far as the line reaches.
  Status end_begun_line(Emit& out) {
    const std::string_view text = input_.text();
    const std::size_t end = text.find('\n');
    const std::size_t count = end == std::string_view::npos ? text.size() : end + 1;
    if (begun_ + count > longest_) return too_long(begun_ + count, offset_);
    if (slab_.free().size() < begun_ + count) {
      WEIR_ASSIGN(Slab larger, context_->budget->acquire(longest_, context_->wake));
      std::memcpy(larger.free().data(), slab_.free().data(), begun_);
      slab_ = std::move(larger);
    }
    std::memcpy(slab_.free().data() + begun_, text.data(), count);
    begun_ += count;
    input_ = input_.slice(count);
    if (end != std::string_view::npos) emit_begun(out);
    return {};
  }
  /// All of input_ is the beginning of a line: its memory is for others.
  Status begin_line() {
    if (slab_.free().size() < input_.size()) {
      WEIR_ASSIGN(slab_, context_->budget->acquire(longest_, context_->wake));
    }
    std::memcpy(slab_.free().data(), input_.data(), input_.size());
    begun_ = input_.size();
    input_ = Chunk();
    return {};
  }
  void emit_begun(Emit& out) { emit(slab_.take(std::exchange(begun_, 0)), out); }
  void emit(Chunk chunk, Emit& out) {
    offset_ += chunk.size();
    out(std::move(chunk));
  }
  Status too_long(std::size_t bytes, std::uint64_t at) const {
    return Status(Kind::limit,
                  fmt::format("a line has {} bytes or more, and the longest allowed is {}", bytes, longest_))
        .during("cut the stream into lines")
        .at(at)
        .advise("Allow longer ones, or see whether this is text at all.");
  }

  const std::size_t longest_;
  Context* context_ = nullptr;
  Chunk input_;               // what was not worked on yet
  Slab slab_;                 // the front of its free space holds the line that was begun
  std::size_t begun_ = 0;     // bytes of it
  std::uint64_t offset_ = 0;  // of the next line, in the stream
};

/// Lets through, or leaves out, the first so many lines or bytes.
class FirstOf final : public Transform {
 public:
  enum class Keep : std::uint8_t { first, rest };
  FirstOf(std::uint64_t count, Framing of, Keep keep) : left_(count), count_(count), of_(of), keep_(keep) {}
  std::string name() const override { return keep_ == Keep::first ? "take" : "skip"; }
  std::optional<std::string> recipe() const override {
    return fmt::format("{} {}={}", name(), of_ == Framing::lines ? "lines" : "bytes", count_);
  }
  Framing needs() const override { return of_; }
  /// Of bytes what is left may begin in the middle of a line.
  Framing framing(Framing input) const override { return of_ == Framing::lines ? input : Framing::bytes; }
  bool done() const override { return keep_ == Keep::first && left_ == 0; }
  Status process(Chunk&& chunk, Emit& out) override {
    if (chunk.empty()) return {};
    const std::size_t first = left_ == 0 ? 0 : first_part(chunk.text());
    if (Chunk part = keep_ == Keep::first ? chunk.slice(0, first) : chunk.slice(first); !part.empty())
      out(std::move(part));
    return {};
  }

 private:
  std::size_t first_part(std::string_view text) {
    if (of_ == Framing::bytes) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, text.size()));
      left_ -= count;
      return count;
    }
    std::string_view rest = text;
    while (left_ > 0 && !rest.empty()) {
      const void* end = std::memchr(rest.data(), '\n', rest.size());
      if (end == nullptr) return text.size();  // the last line, which has no end
      rest.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(end) - rest.data()) + 1);
      --left_;
    }
    return text.size() - rest.size();
  }

  std::uint64_t left_;
  const std::uint64_t count_;
  const Framing of_;
  const Keep keep_;
};

/// Counts lines, and emits nothing but their number.
class CountLines final : public Transform {
 public:
  std::string name() const override { return "count"; }
  std::optional<std::string> recipe() const override { return "count"; }
  Framing needs() const override { return Framing::lines; }
  Framing framing(Framing) const override { return Framing::lines; }
  Status process(Chunk&& chunk, Emit&) override {
    const std::string_view text = chunk.text();
    count_ += static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    if (!text.empty() && text.back() != '\n') ++count_;
    return {};
  }
  Status finish(Emit& out) override {
    out(Chunk::copy_of(fmt::format("{}\n", count_)));
    return {};
  }
  Facts facts() const override { return {{"lines", fmt::format("{}", count_)}}; }

 private:
  std::uint64_t count_ = 0;
};

}  // namespace detail

/// Cuts the stream at line ends ("\n"): what comes behind sees whole lines, the last of them perhaps without an end.
/// The bytes stay the same, "\r\n" included.
inline std::unique_ptr<Transform> lines(LinesOptions options = {}) { return std::make_unique<detail::Lines>(options); }

/// The first `count` lines (bytes); the source is not read further.
inline std::unique_ptr<Transform> take_lines(std::uint64_t count) {
  return std::make_unique<detail::FirstOf>(count, Framing::lines, detail::FirstOf::Keep::first);
}
inline std::unique_ptr<Transform> take_bytes(std::uint64_t count) {
  return std::make_unique<detail::FirstOf>(count, Framing::bytes, detail::FirstOf::Keep::first);
}
/// All but the first `count` lines (bytes).
inline std::unique_ptr<Transform> skip_lines(std::uint64_t count) {
  return std::make_unique<detail::FirstOf>(count, Framing::lines, detail::FirstOf::Keep::rest);
}
inline std::unique_ptr<Transform> skip_bytes(std::uint64_t count) {
  return std::make_unique<detail::FirstOf>(count, Framing::bytes, detail::FirstOf::Keep::rest);
}

/// How many lines there were, as one line of text, when the stream has ended; in the receipt as the fact "lines" too.
inline std::unique_ptr<Transform> count_lines() { return std::make_unique<detail::CountLines>(); }

}  // namespace weir
