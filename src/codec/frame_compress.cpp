#include "codec/frame_compress.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <thread>
#include <utility>

#include "codec/frame_buffer.hpp"
#include "codec/frame_marks.hpp"
#include "codec/slice_writer.hpp"
#include "weir/core/parallel.hpp"

namespace weir::codec {

namespace {

/// What a lane takes from the budget for itself; its input frame is a slab besides.
std::size_t lane_bytes(const FrameFormat& format) { return format.bound(kFrameBytes) + format.coder_bytes(); }

/// One frame under way, with a context and an output buffer that live as long as the lane.
class FrameLane {
 public:
  /// budget_too_small where the budget does not hold it now.
  static Result<std::unique_ptr<FrameLane>> make(std::shared_ptr<Budget> budget, const FrameFormat& format) {
    WEIR_TRY(budget->set_aside(lane_bytes(format)));
    std::unique_ptr<FrameLane> lane(new FrameLane(std::move(budget), format));
    if (lane->scratch_ == nullptr) return Status(Kind::limit, "the system has no memory left");
    WEIR_ASSIGN(lane->coder_, format.make_coder());
    return lane;
  }
  FrameLane(const FrameLane&) = delete;
  FrameLane& operator=(const FrameLane&) = delete;
  ~FrameLane() {
    coder_.reset();
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
  FrameOrder order;
  Mark mark;  // note: the frame's own checksum, which is what the seek table wants too
  std::span<const std::byte> output;
  Status status;

 private:
  Status make() {
    WEIR_ASSIGN(const CodedFrame made,
                coder_->code(input.bytes, input.hash, std::span(scratch_.get(), scratch_bytes_)));
    output = std::span<const std::byte>(scratch_.get(), made.bytes);
    mark = {input.bytes.size(), made.bytes, 0, 0, made.note};
    if (!order.record && !order.earlier) return {};
    mark.input_hash = input.hash;
    mark.output_hash = FrameMarks::hash(output);
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
    return same_input ? other_output(library_) : other_input();
  }

  FrameLane(std::shared_ptr<Budget> budget, const FrameFormat& format)
      : budget_(std::move(budget)),
        set_aside_(lane_bytes(format)),
        library_(format.library()),
        scratch_bytes_(format.bound(kFrameBytes)),
        scratch_(new (std::nothrow) std::byte[scratch_bytes_]) {}

  std::shared_ptr<Budget> budget_;
  std::size_t set_aside_;
  const char* library_;
  std::size_t scratch_bytes_;
  std::unique_ptr<std::byte[]> scratch_;
  std::unique_ptr<FrameCoder> coder_;
};

class FrameCompress final : public Transform {
 public:
  FrameCompress(std::unique_ptr<const FrameFormat> format, std::size_t max_workers)
      : format_(std::move(format)), max_workers_(max_workers) {}
  std::string name() const override { return format_->name(); }
  std::size_t likes_slabs_of() const override { return kFrameBytes; }
  std::optional<std::string> recipe() const override { return format_->recipe(); }
  bool working() const override { return map_->under_way() > 0; }
  std::uint64_t workers_busy_ns() const override { return map_ ? map_->busy_ns() : 0; }

  void describe(Upstream& upstream) const override {
    if (upstream.exact_bytes) upstream.max_bytes = upstream.exact_bytes;
    if (upstream.max_bytes) {
      const std::uint64_t whole = *upstream.max_bytes / kFrameBytes;
      const auto rest = static_cast<std::size_t>(*upstream.max_bytes % kFrameBytes);
      upstream.max_bytes = whole * format_->bound(kFrameBytes) + format_->bound(rest) + format_->index_bytes(whole + 1);
    }
    upstream.exact_bytes.reset();
    upstream.replay.reset();
  }

  MemoryNeed memory(const Upstream& upstream) const override {
    if (format_->check().failed()) return {};
    const std::size_t workers = max_workers_ != 0 ? max_workers_ : std::max(1u, std::thread::hardware_concurrency());
    const std::size_t fixed = fixed_bytes(upstream);
    return {fixed + slot_bytes(), slot_bytes(), fixed + (workers + 2) * slot_bytes()};
  }

  Status open(Context& context) override {
    WEIR_TRY(format_->check());
    budget_ = context.budget;
    const std::size_t fixed = fixed_bytes(context.upstream);
    const std::size_t granted = context.grant_bytes > fixed ? (context.grant_bytes - fixed) / slot_bytes() : 0;
    const std::size_t workers = max_workers_ != 0 ? max_workers_ : context.executor->concurrency();
    max_lanes_ = std::clamp<std::size_t>(granted, 1, workers + 2);
    map_.emplace(context.executor, context.wake, [](FrameLane& lane) { lane.compress(); });
    frame_.emplace(budget_, context.wake);
    WEIR_TRY(frame_->open());
    index_ = format_->make_index(budget_, context.wake);
    writer_.emplace(budget_, context.wake);
    marks_.emplace(context.marks, context.wake);
    return ensure_lane();
  }

  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    return advance(out);
  }

  Status finish(Emit& out) override {
    WEIR_TRY(marks_->known());
    WEIR_TRY(advance(out));
    // An empty stream has one empty frame: no frame at all is no file of these formats.
    if (frame_->size() > 0 || started_frames_ == 0) {
      WEIR_TRY(idle_or_pending(out));
      WEIR_TRY(start_frame());
    }
    WEIR_TRY(drain(out));
    if (map_->under_way() > 0) return Status::pending();
    if (index_) WEIR_TRY(index_->write(*writer_, out));
    writer_->flush(out);
    return {};
  }

 private:
  std::size_t slot_bytes() const { return kFrameBytes + lane_bytes(*format_); }
  /// The slice being written, and the index of what is known of the input.
  std::size_t fixed_bytes(const Upstream& upstream) const {
    const std::uint64_t frames = upstream.max_bytes.value_or(upstream.exact_bytes.value_or(0)) / kFrameBytes + 1;
    return kSliceBytes + format_->index_memory(frames);
  }

  /// Takes in all of rest_, starting frames as they fill, and writes what is done.
  Status advance(Emit& out) {
    if (!rest_.empty()) WEIR_TRY(marks_->known());
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
    ++started_frames_;
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
    auto lane = FrameLane::make(budget_, *format_);
    if (lane) {
      map_->add(std::move(*lane));
      return {};
    }
    return map_->lanes() == 0 ? lane.status().during("set up " + name()) : Status();
  }

  /// Writes all frames that are done, in order. ok: the oldest is still being worked on, or there is none.
  Status drain(Emit& out) {
    while (FrameLane* lane = map_->done()) {
      frame_->recycle(std::exchange(lane->input.copied, Slab()));
      if (lane->status.failed()) {
        return marks_->failed(lane->order, lane->status.during("compress a frame").at(drained_bytes_));
      }
      const Mark& mark = lane->mark;
      if (!told_) {
        if (index_) {
          WEIR_TRY(index_->make_room());
          index_->add(mark);
        }
        told_ = true;
        const std::size_t stored = marks_->done(lane->order, mark);
        lane->output = lane->output.subspan(std::min(stored, lane->output.size()));
      }
      WEIR_TRY(writer_->write(lane->output, out));
      told_ = false;
      drained_bytes_ += mark.input_bytes;
      map_->recycle();
    }
    return {};
  }

  const std::unique_ptr<const FrameFormat> format_;
  const std::size_t max_workers_;
  std::shared_ptr<Budget> budget_;
  std::size_t max_lanes_ = 1;
  std::optional<OrderedMap<FrameLane>> map_;
  std::optional<FrameBuffer> frame_;
  std::unique_ptr<FrameIndex> index_;
  std::optional<SliceWriter> writer_;
  Chunk rest_;  // of the chunk given to process(), not yet in a frame
  std::uint64_t started_frames_ = 0;
  std::uint64_t drained_bytes_ = 0;
  bool told_ = false;  // the index and the marks, of the frame being written
  std::optional<FrameMarks> marks_;
};

}  // namespace

std::unique_ptr<Transform> frame_compress(std::unique_ptr<const FrameFormat> format, std::size_t max_workers) {
  return std::make_unique<FrameCompress>(std::move(format), max_workers);
}

}  // namespace weir::codec
