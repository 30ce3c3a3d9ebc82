// SliceWriter: packs bytes back to back into slabs of kSliceBytes and emits each when it is full.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <utility>

#include "weir/core/stage.hpp"

namespace weir::codec {

/// Holds one slab at most. Thread-compatible.
class SliceWriter {
 public:
  SliceWriter(std::shared_ptr<Budget> budget, std::function<void()> wake)
      : budget_(std::move(budget)), wake_(std::move(wake)) {}

  /// ok: there is room behind free(). more: emit has none. pending: the budget has none, `wake` follows.
  Status make_room(Emit& out) {
    if (slab_ && filled_ == slab_.capacity()) emit(out);
    if (slab_) return {};
    if (!out.room()) return Status::more();
    WEIR_ASSIGN(slab_, budget_->acquire(kSliceBytes, wake_));
    return {};
  }
  std::span<std::byte> free() const noexcept { return slab_.free().subspan(filled_); }
  /// The first `count` bytes of free() are now written.
  void advance(std::size_t count) noexcept { filled_ += count; }

  /// Copies the front of `bytes` and cuts it off; ok when nothing is left, else as make_room.
  Status write(std::span<const std::byte>& bytes, Emit& out) {
    while (!bytes.empty()) {
      WEIR_TRY(make_room(out));
      const std::size_t count = std::min(bytes.size(), free().size());
      std::memcpy(free().data(), bytes.data(), count);
      advance(count);
      bytes = bytes.subspan(count);
    }
    return {};
  }
  /// Emits what is there, full or not.
  void flush(Emit& out) {
    if (slab_ && filled_ > 0) emit(out);
  }

 private:
  void emit(Emit& out) {
    out(slab_.take(filled_));
    slab_ = Slab();
    filled_ = 0;
  }
  std::shared_ptr<Budget> budget_;
  std::function<void()> wake_;
  Slab slab_;
  std::size_t filled_ = 0;
};

}  // namespace weir::codec
