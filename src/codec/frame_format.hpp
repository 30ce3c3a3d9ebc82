// A format whose files are runs of independent frames: what frame_compress() must know of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "codec/slice_writer.hpp"
#include "weir/core/budget.hpp"
#include "weir/core/mark.hpp"
#include "weir/core/status.hpp"

namespace weir::codec {

/// A frame as it was made.
struct CodedFrame {
  std::size_t bytes = 0;
  std::uint64_t note = 0;  ///< of its content, for the index and Mark::note: the frame's own checksum
};

/// Makes frames, one after the other. Thread-compatible.
class FrameCoder {
 public:
  virtual ~FrameCoder() = default;
  /// All of `content` (kFrameBytes at most) as one frame, in the front of `into`, which has bound() bytes. The same
  /// content is the same frame, whatever was made before. `hash`: XXH64 of `content`.
  virtual Result<CodedFrame> code(std::span<const std::byte> content, std::uint64_t hash,
                                  std::span<std::byte> into) = 0;
};

/// What stands behind the frames. Thread-compatible.
class FrameIndex {
 public:
  virtual ~FrameIndex() = default;
  /// ok: add() will work. pending: the budget has no memory for it yet. limit: there can be no more frames.
  virtual Status make_room() = 0;
  virtual void add(const Mark& frame) noexcept = 0;
  /// Called again after more or pending.
  virtual Status write(SliceWriter& writer, Emit& out) = 0;
};

/// Const calls are thread-safe.
class FrameFormat {
 public:
  virtual ~FrameFormat() = default;
  virtual std::string name() const = 0;         ///< of the stage
  virtual std::string recipe() const = 0;       ///< Transform::recipe()
  virtual const char* library() const = 0;      ///< that makes the frames, for messages
  virtual Status check() const { return {}; }   ///< invalid_argument where its options cannot work
  virtual std::size_t coder_bytes() const = 0;  ///< that a coder holds, its output aside
  /// Length of the longest frame that so much content can become.
  virtual std::size_t bound(std::size_t content_bytes) const = 0;
  virtual Result<std::unique_ptr<FrameCoder>> make_coder() const = 0;

  // Of formats that have an index; `frames`: how many there will be at most.

  virtual std::uint64_t index_bytes(std::uint64_t /*frames*/) const { return 0; }
  virtual std::size_t index_memory(std::uint64_t /*frames*/) const { return 0; }
  virtual std::unique_ptr<FrameIndex> make_index(std::shared_ptr<Budget>, std::function<void()> /*wake*/) const {
    return nullptr;
  }
};

}  // namespace weir::codec
