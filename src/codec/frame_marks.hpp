// FrameMarks: which frames need not be compressed, because an earlier run did and what it made is stored.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "weir/codec/checksum.hpp"
#include "weir/core/mark.hpp"

namespace weir::codec {

/// What is known of a frame before it is compressed.
struct FrameOrder {
  std::optional<Mark> earlier;  ///< as an earlier run made it
  bool skip = false;            ///< all of it is stored: its content is only recognised
  bool record = false;
};

/// Thread-compatible.
class FrameMarks {
 public:
  explicit FrameMarks(std::shared_ptr<Marks> marks, std::function<void()> wake) : marks_(std::move(marks)) {
    if (marks_) marks_->attend(std::move(wake));
  }
  /// pending until it is known what is stored; frames may be ordered then.
  Status known() {
    if (skip_bytes_) return {};
    if (!marks_) return skip_bytes_ = 0, Status();
    WEIR_ASSIGN(skip_bytes_, marks_->skip_bytes());
    record_ = marks_->wanted();
    return {};
  }
  /// Of the next frame, in order.
  Result<FrameOrder> next() {
    FrameOrder order;
    if (ordered_bytes_ < *skip_bytes_) {
      order.earlier = marks_->earlier(ordered_);
      if (!order.earlier) return mark_lost();
      ordered_bytes_ += order.earlier->output_bytes;
      order.skip = ordered_bytes_ <= *skip_bytes_;
    }
    order.record = record_ && !order.earlier;
    ++ordered_;
    return order;
  }
  /// The next frame, in order, is done. How many bytes of its front are stored.
  std::size_t done(const FrameOrder& order, const Mark& mark) {
    if (order.record) marks_->made(written_, mark, {});
    ++written_;
    const std::uint64_t from = std::exchange(written_bytes_, written_bytes_ + mark.output_bytes);
    return static_cast<std::size_t>(std::min(*skip_bytes_ - std::min(*skip_bytes_, from), mark.output_bytes));
  }
  /// The next frame, in order, failed: because it is not what an earlier run made, where that made it.
  Status failed(const FrameOrder& order, Status why) {
    return order.earlier ? marks_->differs(std::move(why)) : std::move(why);
  }

  /// Of a frame's output. Tells changed bytes from the same ones; three times as fast as XXH3. The recipe names it.
  static std::uint64_t hash(std::span<const std::byte> output) { return crc64nvme(0, output); }

 private:
  const std::shared_ptr<Marks> marks_;
  std::optional<std::uint64_t> skip_bytes_;
  bool record_ = false;
  std::uint64_t ordered_ = 0;
  std::uint64_t ordered_bytes_ = 0;  // of output, as far as earlier marks say
  std::uint64_t written_ = 0;
  std::uint64_t written_bytes_ = 0;
};

}  // namespace weir::codec
