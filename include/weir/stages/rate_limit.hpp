// rate_limit(): lets bytes by at a steady rate.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "weir/core/stage.hpp"
#include "weir/stages/alarm.hpp"

namespace weir {

namespace detail {

/// Holds one chunk, and no thread.
class RateLimit final : public Transform {
 public:
  explicit RateLimit(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}
  std::string name() const override { return "rate_limit"; }
  bool tap() const override { return true; }
  MemoryNeed memory(const Upstream&) const override { return {.min_bytes = kSliceBytes}; }
  Status open(Context& context) override {
    if (rate_ == 0) return Status(Kind::invalid_argument, "at 0 bytes a second nothing would ever come");
    context_ = &context;
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    while (!rest_.empty()) {
      if (!out.room()) return Status::more();
      if (!alarm_.due(*context_, free_at_)) return Status::pending();
      Chunk piece = rest_.slice(0, piece_bytes());
      rest_ = rest_.slice(piece.size());
      const double seconds = static_cast<double>(piece.size()) / static_cast<double>(rate_);
      free_at_ = std::max(free_at_, context_->clock->now() - kCatchUp) +
                 std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
      out(std::move(piece));
    }
    return {};
  }

 private:
  /// Of lines a whole number, so that they stay lines.
  std::size_t piece_bytes() const {
    const auto most = static_cast<std::size_t>(std::clamp<std::uint64_t>(rate_ / kPiecesPerSecond, 1, kSliceBytes));
    const std::string_view text = rest_.text();
    if (text.size() <= most || context_->upstream.framing == Framing::bytes) return most;
    std::size_t end = text.rfind('\n', most - 1);
    if (end == std::string_view::npos) end = text.find('\n', most);
    return end == std::string_view::npos ? text.size() : end + 1;
  }

  static constexpr std::uint64_t kPiecesPerSecond = 16;
  /// Who comes late by no more than this may catch up: timers are never exact.
  static constexpr std::chrono::nanoseconds kCatchUp = std::chrono::milliseconds(50);
  const std::uint64_t rate_;
  Context* context_ = nullptr;
  Chunk rest_;
  std::chrono::nanoseconds free_at_{0};  // when all that went by has used up its time
  Alarm alarm_;
};

}  // namespace detail

/// The mean is exact but for 50 ms; 16 pieces a second, of whole lines behind lines(). A pause uses up nothing. For
/// transfers over a network, and for several that share a rate, see RateLimiter.
inline std::unique_ptr<Transform> rate_limit(std::uint64_t bytes_per_second) {
  return std::make_unique<detail::RateLimit>(bytes_per_second);
}

}  // namespace weir
