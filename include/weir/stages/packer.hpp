// Packer: puts lines together as few chunks: long runs of a chunk's own share its memory, others are copied.
#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "weir/core/stage.hpp"

namespace weir {

/// Each chunk that it emits is whole lines. Thread-compatible. Holds one slab at most, which is of kSliceBytes but for
/// a longer line.
class Packer {
 public:
  explicit Packer(const Context& context) : context_(&context) {}

  /// `line`, its end included, lies in `chunk`; lines that lie one behind the other are one run. Not ok (pending,
  /// more): it was not taken.
  Status add(const Chunk& chunk, std::string_view line, Emit& out) {
    if (!run_.empty() && run_.data() + run_.size() == line.data()) {
      run_ = {run_.data(), run_.size() + line.size()};
      return {};
    }
    WEIR_TRY(end_run(chunk, out));
    run_ = line;
    return {};
  }
  /// A line that lies nowhere yet, without its end, which becomes "\n". Not for use beside add().
  Status write(std::string_view line, Emit& out) {
    WEIR_TRY(make_room(line.size() + 1, out));
    copy(line);
    copy("\n");
    return {};
  }
  /// Nothing more comes of `chunk`: emits all. Not ok: to be called again.
  Status flush(const Chunk& chunk, Emit& out) {
    WEIR_TRY(end_run(chunk, out));
    emit(out);
    return {};
  }

 private:
  /// Below this a copy costs less than a chunk of its own.
  static constexpr std::size_t kShareBytes = 4096;

  Status end_run(const Chunk& chunk, Emit& out) {
    if (run_.empty()) return {};
    if (run_.size() < kShareBytes) {
      WEIR_TRY(make_room(run_.size(), out));
      copy(run_);
    } else {
      if (!out.room()) return Status::more();
      emit(out);
      out(chunk.slice(static_cast<std::size_t>(run_.data() - chunk.text().data()), run_.size()));
    }
    run_ = {};
    return {};
  }
  Status make_room(std::size_t bytes, Emit& out) {
    if (slab_.free().size() >= filled_ + bytes) return {};
    if (!out.room()) return Status::more();
    emit(out);
    slab_ = Slab();
    WEIR_ASSIGN(slab_, context_->budget->acquire(std::max(bytes, kSliceBytes), context_->wake));
    return {};
  }
  void copy(std::string_view text) noexcept {
    if (!text.empty()) std::memcpy(slab_.free().data() + filled_, text.data(), text.size());
    filled_ += text.size();
  }
  void emit(Emit& out) {
    if (filled_ > 0) out(slab_.take(std::exchange(filled_, 0)));
  }

  const Context* context_;
  Slab slab_;
  std::size_t filled_ = 0;  // bytes of its free space that are written
  std::string_view run_;    // what was added last
};

}  // namespace weir
