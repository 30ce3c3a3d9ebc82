#include "store/range_body.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "net/md5.hpp"
#include "net/paced_body.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/budget.hpp"

namespace weir::store {
namespace {

constexpr std::size_t kAheadBytes = 256 * kKiB;

std::string chunk_head(std::uint64_t length) { return length == 0 ? "" : fmt::format("{:x}\r\n", length); }

std::string chunk_tail(std::uint64_t length, std::uint64_t crc) {
  return fmt::format("{}0\r\nx-amz-checksum-crc64nvme:{}\r\n\r\n", length == 0 ? "" : "\r\n", crc64nvme_base64(crc));
}

Status shorter(std::uint64_t length, std::uint64_t end) {
  return Status(Kind::source_changed,
                fmt::format("the source ends before byte {}, it was longer when the transfer began", length))
      .at(end);
}

}  // namespace

/// Shared with the thread that reads, which may finish after the body was rewound or is gone.
struct RangeBody::Ahead {
  std::mutex mutex;
  bool ready = false;
  Status status;
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0;
  std::size_t taken = 0;
};

RangeBody::RangeBody(std::shared_ptr<Replay> replay, std::uint64_t offset, std::uint64_t length, Form form,
                     std::shared_ptr<Executor> executor)
    : replay_(std::move(replay)), offset_(offset), length_(length), form_(form), executor_(std::move(executor)) {}

std::uint64_t RangeBody::size() const {
  if (form_ != Form::trailer) return length_;
  return chunk_head(length_).size() + length_ + chunk_tail(length_, 0).size();
}

Status RangeBody::rewind() {
  position_ = 0;
  crc_ = 0;
  ahead_.reset();
  frame_ = form_ == Form::trailer ? chunk_head(length_) : "";
  frame_sent_ = 0;
  trailer_made_ = false;
  return {};
}

void RangeBody::attach(std::function<void()> wake) { wake_ = std::move(wake); }

Result<std::size_t> RangeBody::read(std::span<std::byte> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const std::span<std::byte> rest = into.subspan(filled);
    if (frame_sent_ < frame_.size()) {
      const std::size_t count = std::min(rest.size(), frame_.size() - frame_sent_);
      std::memcpy(rest.data(), frame_.data() + frame_sent_, count);
      frame_sent_ += count;
      filled += count;
    } else if (position_ < length_) {
      auto got = read_range(rest.first(std::min<std::uint64_t>(rest.size(), length_ - position_)));
      if (!got && got.status().is_pending() && filled > 0) break;
      if (!got) return got.status();
      if (form_ != Form::plain) crc_ = weir::crc64nvme(crc_, rest.first(*got));
      position_ += *got;
      filled += *got;
    } else if (form_ == Form::trailer && !trailer_made_) {
      frame_ = chunk_tail(length_, crc_);
      frame_sent_ = 0;
      trailer_made_ = true;
    } else {
      break;
    }
  }
  return filled;
}

Result<std::size_t> RangeBody::read_range(std::span<std::byte> into) {
  if (ahead_) return take_ahead(into);
  auto got = replay_->read_at(offset_ + position_, into, false);
  if (got.ok()) return *got > 0 ? got : Result<std::size_t>(too_short());
  if (!got.status().is_pending()) return got.status();
  read_ahead();
  return Status::pending();
}

Result<std::size_t> RangeBody::take_ahead(std::span<std::byte> into) {
  const std::shared_ptr<Ahead> ahead = ahead_;  // outlives the lock
  std::lock_guard lock(ahead->mutex);
  if (!ahead->ready) return Status::pending();
  if (!ahead->status.ok()) return ahead->status;
  if (ahead->size == 0) return too_short();
  const std::size_t count = std::min(into.size(), ahead->size - ahead->taken);
  std::memcpy(into.data(), ahead->bytes.get() + ahead->taken, count);
  ahead->taken += count;
  if (ahead->taken == ahead->size) ahead_.reset();
  return count;
}

void RangeBody::read_ahead() {
  ahead_ = std::make_shared<Ahead>();
  const std::size_t count = std::min<std::uint64_t>(kAheadBytes, length_ - position_);
  executor_->post_blocking([ahead = ahead_, replay = replay_, at = offset_ + position_, count, wake = wake_] {
    auto bytes = std::make_unique_for_overwrite<std::byte[]>(count);
    auto got = replay->read_at(at, {bytes.get(), count}, true);
    {
      std::lock_guard lock(ahead->mutex);
      ahead->ready = true;
      ahead->status = got.status();
      if (got) {
        ahead->size = *got;
        ahead->bytes = std::move(bytes);
      }
    }
    if (wake) wake();
  });
}

Status RangeBody::too_short() const { return shorter(offset_ + length_, offset_ + position_); }

Result<std::shared_ptr<net::Body>> body_of(const Part& part, std::shared_ptr<RangeBody>& range) {
  if (part.replay) {
    const auto form = part.wants_crc ? RangeBody::Form::checksum : RangeBody::Form::plain;
    range = std::make_shared<RangeBody>(part.replay, part.offset, part.length, form, Executor::default_pool());
    return net::paced(range, part.flow);
  }
  WEIR_ASSIGN(auto body, body_of_chunks(part));
  return net::paced(std::move(body), part.flow);
}

Result<std::shared_ptr<net::Body>> body_of_chunks(const Part& part) {
  std::uint64_t bytes = 0;
  for (const Chunk& chunk : part.chunks) bytes += chunk.size();
  if (bytes == part.length) return net::body_of(part.chunks);
  return Status(Kind::internal,
                fmt::format("part {} has {} bytes in its chunks, not {}", part.number, bytes, part.length));
}

Result<RangeSums> sums_of_range(Replay& replay, std::uint64_t offset, std::uint64_t length, bool with_md5,
                                const std::atomic<bool>& cancelled) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kAheadBytes, length));
  RangeSums sums;
  net::Md5 md5;
  for (std::uint64_t position = 0; position < length;) {
    const std::span<std::byte> into(buffer.data(), std::min<std::uint64_t>(buffer.size(), length - position));
    if (cancelled.load(std::memory_order_relaxed)) return Status(Kind::cancelled, "the transfer was cancelled");
    WEIR_ASSIGN(const std::size_t count, replay.read_at(offset + position, into, true));
    if (count == 0) return shorter(offset + length, offset + position);
    sums.crc64nvme = weir::crc64nvme(sums.crc64nvme, into.first(count));
    if (with_md5) md5.update(into.first(count));
    position += count;
  }
  if (with_md5) {
    WEIR_ASSIGN(sums.md5, md5.finish());
  }
  return sums;
}

}  // namespace weir::store
