// batch(): puts lines, or bytes, together as one chunk for whoever comes right behind.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "weir/core/stage.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/alarm.hpp"
#include "weir/stages/slice.hpp"

namespace weir {

/// A batch ends where the first of these is reached.
struct BatchOptions {
  std::uint64_t lines = 0;   ///< at most, behind lines(); 0: any number
  std::size_t bytes = kMiB;  ///< at most; a longer line is an error. Twice this is set aside
  /// It goes when its first byte has waited for so long, however few have come: what is a batch then depends on timing.
  /// 0: only what is full goes, and the rest at the end.
  std::chrono::nanoseconds within{0};
};

namespace detail {

/// What lies whole in one chunk shares its memory; the rest is put together in slabs.
class Batch final : public Transform {
 public:
  explicit Batch(BatchOptions options) : options_(options) {
    options_.within = std::min(options_.within, kLongestTime);
  }
  std::string name() const override { return "batch"; }
  /// The bytes stay the same, but what is behind may make something of where they are cut.
  std::optional<std::string> recipe() const override {
    if (options_.within.count() > 0) return {};
    return fmt::format("batch lines={} bytes={}", options_.lines, options_.bytes);
  }
  Framing needs() const override { return options_.lines > 0 ? Framing::lines : Framing::bytes; }
  Framing framing(Framing input) const override { return input; }
  MemoryNeed memory(const Upstream&) const override { return {.min_bytes = 2 * options_.bytes}; }
  void describe(Upstream& upstream) const override {
    upstream.observed = true;
    upstream.replay.reset();
    upstream.continuable.reset();
    upstream.chunk_bytes = std::max(options_.bytes, kSliceBytes);
  }
  bool watches() const override { return options_.within.count() > 0; }
  bool working() const override { return filled_ > 0 && options_.within.count() > 0; }
  Status open(Context& context) override {
    if (options_.bytes == 0) return Status(Kind::invalid_argument, "a batch has at least one byte");
    context_ = &context;
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    while (!rest_.empty()) {
      if (!out.room()) return Status::more();
      WEIR_ASSIGN(const Part part, next_part());
      if (filled_ == 0 && part.ends) {
        emit(rest_.slice(0, part.bytes), out);
      } else {
        WEIR_TRY(keep(rest_.text().substr(0, part.bytes)));
        if (part.ends) emit_kept(out);
      }
      lines_ = part.ends ? 0 : part.lines;
      rest_ = rest_.slice(part.bytes);
    }
    if (working() && alarm_.due(*context_, began_ + options_.within)) emit_kept(out);
    return {};
  }
  Status finish(Emit& out) override {
    if (filled_ > 0) emit_kept(out);
    return {};
  }

 private:
  /// The front of what came, as far as it is of the batch that was begun.
  struct Part {
    std::size_t bytes = 0;
    std::uint64_t lines = 0;  // of the batch, these included
    bool ends = false;        // and the batch with it
  };
  Result<Part> next_part() const {
    const std::size_t room = options_.bytes - filled_;
    if (context_->upstream.framing == Framing::bytes) {
      const std::size_t bytes = std::min(room, rest_.size());
      return Part{bytes, 0, bytes == room};
    }
    Part part{0, lines_, false};
    for (std::string_view rest = rest_.text(); !rest.empty() && !part.ends;) {
      const std::size_t size = cut_line(rest).size();
      if (size > options_.bytes) return too_long(size, part.bytes);
      if (part.bytes + size > room) return Part{part.bytes, part.lines, true};
      part.bytes += size;
      part.lines += 1;
      part.ends = part.lines == options_.lines || part.bytes == room;
    }
    return part;
  }
  Status keep(std::string_view text) {
    if (slab_.free().size() < filled_ + text.size()) {
      WEIR_ASSIGN(Slab larger, context_->budget->acquire(options_.bytes, context_->wake));
      if (filled_ > 0) std::memcpy(larger.free().data(), slab_.free().data(), filled_);
      slab_ = std::move(larger);
    }
    if (filled_ == 0) began_ = context_->clock->now();
    if (!text.empty()) std::memcpy(slab_.free().data() + filled_, text.data(), text.size());
    filled_ += text.size();
    return {};
  }
  void emit_kept(Emit& out) {
    lines_ = 0;
    emit(slab_.take(std::exchange(filled_, 0)), out);
  }
  void emit(Chunk chunk, Emit& out) {
    offset_ += chunk.size();
    out(std::move(chunk));
  }
  Status too_long(std::size_t bytes, std::size_t before) const {
    return Status(Kind::limit, fmt::format("a line has {} bytes, and a batch at most {}", bytes, options_.bytes))
        .during("put lines together")
        .at(offset_ + filled_ + before)
        .advise("Allow larger batches, or shorter lines only.");
  }

  BatchOptions options_;
  Context* context_ = nullptr;
  Chunk rest_;                // what was not looked at yet
  Slab slab_;                 // the front of its free space holds the batch that was begun
  std::size_t filled_ = 0;    // bytes of it
  std::uint64_t lines_ = 0;   // of it
  std::uint64_t offset_ = 0;  // of it, in the stream
  std::chrono::nanoseconds began_{0};
  Alarm alarm_;
};

}  // namespace detail

/// What comes right behind gets each batch as one chunk: of whole lines behind lines(), as many as fit; else of exactly
/// `bytes`, the last one shorter. Without `within` batches depend on the bytes alone.
inline std::unique_ptr<Transform> batch(BatchOptions options) { return std::make_unique<detail::Batch>(options); }

}  // namespace weir
