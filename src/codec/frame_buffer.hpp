// FrameBuffer: collects the chunks of a stream into contiguous frames of kFrameBytes.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "weir/core/budget.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/status.hpp"

namespace weir::codec {

/// A frame's content: in chunks of the stream's own, or copied to a slab of ours.
struct Frame {
  std::span<const std::byte> bytes;
  std::uint64_t hash = 0;  // XXH64, made of each chunk as it came, while the cache still held it
  Chunk joined;
  Slab copied;
};

/// Copies nothing while chunks lie behind each other in memory. Slabs to copy to are never let go: what the stage once
/// had of its grant, nobody else can have taken when it is needed again. Thread-compatible.
class FrameBuffer {
 public:
  FrameBuffer(std::shared_ptr<Budget> budget, std::function<void()> wake)
      : budget_(std::move(budget)), wake_(std::move(wake)) {}
  std::size_t size() const noexcept { return joined_.size() + copied_; }
  /// Before all else.
  Status open() {
    hash_.reset(XXH64_createState());
    if (hash_ == nullptr) return Status(Kind::limit, "the system has no memory left");
    XXH64_reset(hash_.get(), 0);
    return {};
  }
  /// Takes the front of `rest`, up to a full frame, and cuts it off. pending: no slab to copy to yet; one comes from
  /// the budget or from recycle().
  Status take(Chunk& rest) {
    Chunk piece = rest.slice(0, kFrameBytes - size());
    if (copied_ == 0 && (joined_.empty() || joined_.join(piece))) {
      if (joined_.empty()) joined_ = piece;
    } else {
      if (copied_ == 0) {
        WEIR_TRY(find_slab());
        copy(std::exchange(joined_, Chunk()));
      }
      copy(piece);
    }
    XXH64_update(hash_.get(), piece.data(), piece.size());
    rest = rest.slice(piece.size());
    return {};
  }
  Frame finish() noexcept {
    Frame frame;
    frame.hash = XXH64_digest(hash_.get());
    XXH64_reset(hash_.get(), 0);
    frame.bytes = copied_ == 0 ? joined_.bytes() : slab_.free().first(copied_);
    frame.joined = std::exchange(joined_, Chunk());
    frame.copied = std::exchange(slab_, Slab());
    copied_ = 0;
    return frame;
  }
  /// The slab of a frame that is done.
  void recycle(Slab slab) {
    if (slab) spare_.push_back(std::move(slab));
  }

 private:
  Status find_slab() {
    if (spare_.empty()) {
      WEIR_ASSIGN(slab_, budget_->acquire(kFrameBytes, wake_));
    } else {
      slab_ = std::move(spare_.back());
      spare_.pop_back();
    }
    return {};
  }
  void copy(const Chunk& piece) noexcept {
    std::memcpy(slab_.free().data() + copied_, piece.data(), piece.size());
    copied_ += piece.size();
  }
  std::shared_ptr<Budget> budget_;
  std::function<void()> wake_;
  Chunk joined_;
  Slab slab_;
  std::vector<Slab> spare_;
  std::size_t copied_ = 0;
  std::unique_ptr<XXH64_state_t, XXH_errorcode (*)(XXH64_state_t*)> hash_{nullptr, XXH64_freeState};
};

}  // namespace weir::codec
