// KeptCheck: whether what an earlier process has stored still is what it wrote down, for a source that is not read from
// there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "weir/core/budget.hpp"
#include "weir/core/stage.hpp"

namespace weir::transfer {

/// Thread-safe: one reads, and others wait for it. Blocks.
class KeptCheck {
 public:
  explicit KeptCheck(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}

  /// Whether the first `bytes` are what they were. Reads on from where it was.
  Result<bool> is_good(std::uint64_t bytes, const std::atomic<bool>& cancelled) {
    const std::lock_guard lock(mutex_);
    if (!buffer_) buffer_ = std::make_unique<std::byte[]>(kSliceBytes);
    while (kept_->good_bytes() < bytes && !ended_) {
      if (cancelled) return Status(Kind::cancelled, "the copy was told to stop");
      WEIR_ASSIGN(const std::size_t got, kept_->read(std::span(buffer_.get(), kSliceBytes)));
      ended_ = got == 0;
    }
    return kept_->good_bytes() >= bytes;
  }

 private:
  const std::shared_ptr<Kept> kept_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<std::byte[]> buffer_;
  bool ended_ = false;
};

}  // namespace weir::transfer
