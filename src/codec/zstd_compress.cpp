// zstd(): cuts the stream into 4 MiB frames, compresses them in parallel, and writes them in order.
//
// The call shape is part of the format: one ZSTD_compress2 per frame, on the whole frame. Any other way to feed libzstd
// the same bytes gives other output.
#include <algorithm>
#include <cstring>
#include <thread>

#include "codec/seek_table.hpp"
#include "codec/slice_writer.hpp"
#include "codec/zstd_level.hpp"
#include "codec/zstd_marks.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/parallel.hpp"

namespace weir {
namespace {

using codec::SeekTable;
using codec::SliceWriter;
using codec::ZstdLevel;
using codec::ZstdMarks;

constexpr std::size_t kScratchBytes = ZSTD_COMPRESSBOUND(kFrameBytes);

/// What a lane takes from the budget for itself; its input frame is a slab besides.
std::size_t lane_bytes(const ZstdLevel& level) { return kScratchBytes + level.context_bytes; }

/// A frame's content: in chunks of the stream's own, or copied to a slab of ours.
struct Frame {
  std::span<const std::byte> bytes;
  std::uint64_t hash = 0;  // where marks are kept
  Chunk joined;
  Slab copied;
};

/// One frame under way, with a context and an output buffer that live as long as the lane.
class FrameLane {
 public:
  /// budget_too_small where the budget does not hold it now.
  static Result<std::unique_ptr<FrameLane>> make(std::shared_ptr<Budget> budget, const ZstdLevel& level) {
    WEIR_TRY(budget->set_aside(lane_bytes(level)));
    std::unique_ptr<FrameLane> lane(new FrameLane(std::move(budget), lane_bytes(level)));
    if (lane->context_ == nullptr || lane->scratch_ == nullptr) {
      return Status(Kind::limit, "the system has no memory left").during("set up zstd");
    }
    WEIR_TRY(codec::apply_zstd_level(lane->context_.get(), level));
    return lane;
  }
  FrameLane(const FrameLane&) = delete;
  FrameLane& operator=(const FrameLane&) = delete;
  ~FrameLane() {
    context_.reset();
    scratch_.reset();
    budget_->give_back(set_aside_);
  }

  /// input → output and mark, or status. Lets go of the stream's chunks, so that their memory can be filled again.
  void compress() {
    status = order.skip ? recognise() : make();
    input.bytes = {};
    input.joined = Chunk();
  }

  Frame input;
  codec::FrameOrder order;
  Mark mark;  // note: the frame's own checksum, which is what the seek table wants too
  std::span<const std::byte> output;
  Status status;

 private:
  Status make() {
    const std::size_t code =
        ZSTD_compress2(context_.get(), scratch_.get(), kScratchBytes, input.bytes.data(), input.bytes.size());
    if (ZSTD_isError(code) != 0) {
      return Status(Kind::internal, fmt::format("libzstd: {}", ZSTD_getErrorName(code)));
    }
    output = std::span<const std::byte>(scratch_.get(), code);
    mark = {input.bytes.size(), code, 0, 0, codec::get_le32(output.data() + code - 4)};
    if (!order.record && !order.earlier) return {};
    mark.input_hash = input.hash;
    mark.output_hash = ZstdMarks::hash(0, output);
    return order.earlier ? compare() : Status();
  }
  Status recognise() {
    output = {};
    mark = *order.earlier;
    mark.input_bytes = input.bytes.size();
    mark.input_hash = input.hash;
    return compare();
  }
  Status compare() const {
    if (mark == *order.earlier) return {};
    const bool same_input = mark.input_hash == order.earlier->input_hash;
    return same_input ? other_output("libzstd") : other_input();
  }

  FrameLane(std::shared_ptr<Budget> budget, std::size_t set_aside)
      : budget_(std::move(budget)),
        set_aside_(set_aside),
        context_(ZSTD_createCCtx(), ZSTD_freeCCtx),
        scratch_(new (std::nothrow) std::byte[kScratchBytes]) {}

  std::shared_ptr<Budget> budget_;
  std::size_t set_aside_;
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
  std::unique_ptr<std::byte[]> scratch_;
};

/// Collects chunks into one contiguous frame: without copying while they lie behind each other in memory. Slabs to copy
/// to are never let go: what the stage once had of its grant, nobody else can have taken when it is needed again.
class FrameBuffer {
 public:
  FrameBuffer(std::shared_ptr<Budget> budget, std::function<void()> wake)
      : budget_(std::move(budget)), wake_(std::move(wake)) {}
  std::size_t size() const noexcept { return joined_.size() + copied_; }
  /// From now on frames come with their hash: made of each chunk as it comes, while the cache still holds it.
  void hash_frames() noexcept { hashes_ = true; }
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
    if (hashes_) hash_ = ZstdMarks::hash(hash_, piece.bytes());
    rest = rest.slice(piece.size());
    return {};
  }
  Frame finish() noexcept {
    Frame frame;
    frame.hash = std::exchange(hash_, 0);
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
  bool hashes_ = false;
  std::uint64_t hash_ = 0;
};

class ZstdCompress final : public Transform {
 public:
  explicit ZstdCompress(ZstdOptions options) : options_(options), level_(codec::find_zstd_level(options.level)) {}
  std::string name() const override { return "zstd"; }
  std::size_t likes_slabs_of() const override { return kFrameBytes; }
  std::optional<std::string> recipe() const override {
    return fmt::format("zstd level={} frame={} marks=crc64nvme libzstd={}", options_.level, kFrameBytes,
                       ZSTD_versionString());
  }
  bool working() const override { return map_->under_way() > 0; }
  std::uint64_t workers_busy_ns() const override { return map_ ? map_->busy_ns() : 0; }

  void describe(Upstream& upstream) const override {
    if (upstream.exact_bytes) upstream.max_bytes = upstream.exact_bytes;
    if (upstream.max_bytes) {
      const std::uint64_t whole = *upstream.max_bytes / kFrameBytes;
      upstream.max_bytes = whole * (kScratchBytes + codec::kSeekRowBytes) +
                           ZSTD_COMPRESSBOUND(*upstream.max_bytes % kFrameBytes) + codec::kSeekRowBytes +
                           codec::kSeekFixedBytes;
    }
    upstream.exact_bytes.reset();
    upstream.replay.reset();
  }

  MemoryNeed memory(const Upstream& upstream) const override {
    if (level_ == nullptr) return {};
    const std::size_t workers =
        options_.max_workers != 0 ? options_.max_workers : std::max(1u, std::thread::hardware_concurrency());
    const std::size_t fixed = fixed_bytes(upstream);
    return {fixed + slot_bytes(), slot_bytes(), fixed + (workers + 2) * slot_bytes()};
  }

  Status open(Context& context) override {
    if (level_ == nullptr) {
      return Status(Kind::invalid_argument, fmt::format("zstd has no level {}", options_.level))
          .advise("Levels are -7 to -1 and 1 to 19.");
    }
    budget_ = context.budget;
    const std::size_t fixed = fixed_bytes(context.upstream);
    const std::size_t granted = context.grant_bytes > fixed ? (context.grant_bytes - fixed) / slot_bytes() : 0;
    const std::size_t workers = options_.max_workers != 0 ? options_.max_workers : context.executor->concurrency();
    max_lanes_ = std::clamp<std::size_t>(granted, 1, workers + 2);
    map_.emplace(context.executor, context.wake, [](FrameLane& lane) { lane.compress(); });
    frame_.emplace(budget_, context.wake);
    table_.emplace(budget_, context.wake);
    writer_.emplace(budget_, context.wake);
    marks_.emplace(context.marks, context.wake);
    return ensure_lane();
  }

  Status process(Chunk chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    return advance(out);
  }

  Status finish(Emit& out) override {
    WEIR_TRY(marks_->known());
    WEIR_TRY(advance(out));
    // An empty stream has one empty frame: no frame at all is not a zstd file.
    const bool nothing = started_bytes_ == 0 && map_->under_way() == 0 && table_->rows() == 0;
    if (frame_->size() > 0 || nothing) {
      WEIR_TRY(idle_or_pending(out));
      WEIR_TRY(start_frame());
    }
    WEIR_TRY(drain(out));
    if (map_->under_way() > 0) return Status::pending();
    WEIR_TRY(table_->write(*writer_, out));
    writer_->flush(out);
    return {};
  }

 private:
  std::size_t slot_bytes() const { return kFrameBytes + lane_bytes(*level_); }
  /// The slice being written, and the seek table of what is known of the input (at least one slab of it).
  static std::size_t fixed_bytes(const Upstream& upstream) {
    const std::uint64_t rows = upstream.max_bytes.value_or(upstream.exact_bytes.value_or(0)) / kFrameBytes + 1;
    return kSliceBytes + (rows / codec::kSeekRowsPerSlab + 1) * kSliceBytes;
  }

  /// Takes in all of rest_, starting frames as they fill, and writes what is done.
  Status advance(Emit& out) {
    if (!rest_.empty()) WEIR_TRY(marks_->known());
    if (marks_->used()) frame_->hash_frames();
    while (!rest_.empty()) {
      WEIR_TRY(idle_or_pending(out));
      Status taken = frame_->take(rest_);
      if (taken.is_pending()) {
        WEIR_TRY(drain(out));  // frames that are done give their slabs back
        taken = frame_->take(rest_);
      }
      WEIR_TRY(taken);
      if (frame_->size() == kFrameBytes) WEIR_TRY(start_frame());
    }
    return drain(out);
  }

  Status start_frame() {
    FrameLane* lane = map_->idle();
    WEIR_ASSIGN(lane->order, marks_->next());
    lane->input = frame_->finish();
    started_bytes_ += lane->input.bytes.size();
    map_->start();
    return {};
  }

  /// ok: a lane is idle. Else what is done is written until one is, or why not: more, pending or an error.
  Status idle_or_pending(Emit& out) {
    WEIR_TRY(ensure_lane());
    if (map_->idle() != nullptr) return {};
    WEIR_TRY(drain(out));
    return map_->idle() != nullptr ? Status() : Status::pending();
  }

  /// Makes a lane where all are under way and the grant allows one more. Only the first is indispensable.
  Status ensure_lane() {
    if (map_->idle() != nullptr || map_->lanes() >= max_lanes_) return {};
    auto lane = FrameLane::make(budget_, *level_);
    if (lane) {
      map_->add(std::move(*lane));
      return {};
    }
    return map_->lanes() == 0 ? lane.status() : Status();
  }

  /// Writes all frames that are done, in order. ok: the oldest is still being worked on, or there is none.
  Status drain(Emit& out) {
    while (FrameLane* lane = map_->done()) {
      frame_->recycle(std::exchange(lane->input.copied, Slab()));
      if (lane->status.failed()) {
        return marks_->failed(lane->order, lane->status.during("compress a frame").at(drained_bytes_));
      }
      const Mark& mark = lane->mark;
      if (!row_added_) {
        WEIR_TRY(table_->make_room());
        table_->add(static_cast<std::uint32_t>(mark.output_bytes), static_cast<std::uint32_t>(mark.input_bytes),
                    static_cast<std::uint32_t>(mark.note));
        row_added_ = true;
        const std::size_t stored = marks_->done(lane->order, mark);
        lane->output = lane->output.subspan(std::min(stored, lane->output.size()));
      }
      WEIR_TRY(writer_->write(lane->output, out));
      row_added_ = false;
      drained_bytes_ += mark.input_bytes;
      map_->recycle();
    }
    return {};
  }

  const ZstdOptions options_;
  const ZstdLevel* const level_;
  std::shared_ptr<Budget> budget_;
  std::size_t max_lanes_ = 1;
  std::optional<OrderedMap<FrameLane>> map_;
  std::optional<FrameBuffer> frame_;
  std::optional<SeekTable> table_;
  std::optional<SliceWriter> writer_;
  Chunk rest_;  // of the chunk given to process(), not yet in a frame
  std::uint64_t started_bytes_ = 0;
  std::uint64_t drained_bytes_ = 0;
  bool row_added_ = false;  // of the frame being written
  std::optional<ZstdMarks> marks_;
};

}  // namespace

std::unique_ptr<Transform> zstd(ZstdOptions options) { return std::make_unique<ZstdCompress>(options); }

}  // namespace weir
