// unzstd(): reads frame after frame with libzstd's streaming decoder, one header look-ahead before it.
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "codec/slice_writer.hpp"
#include "codec/zstd_frame.hpp"
#include "weir/codec/zstd.hpp"
#include "weir/core/units.hpp"

namespace weir {
namespace {

using codec::FrameHeader;
using codec::SliceWriter;

/// What a decoder holds besides the window: itself, an input block, an output block.
constexpr std::size_t kDecoderBytes = 512 * kKiB;
/// What `zstd` writes up to level 4, and zstd() up to level 8.
constexpr std::size_t kUsualWindowBytes = 4 * kMiB;
constexpr std::uint64_t kLeastWindowBytes = kKiB;

class ZstdDecompress final : public Transform {
 public:
  explicit ZstdDecompress(UnzstdOptions options) : options_(options), decoder_(ZSTD_createDCtx(), ZSTD_freeDCtx) {}
  ~ZstdDecompress() override {
    decoder_.reset();
    if (budget_ != nullptr) budget_->give_back(set_aside_);
  }
  std::string name() const override { return "unzstd"; }
  std::optional<std::string> recipe() const override { return "unzstd"; }
  bool heavy() const override { return true; }

  MemoryNeed memory(const Upstream&) const override {
    const std::size_t fixed = kSliceBytes + kDecoderBytes;
    const std::uint64_t most = std::clamp<std::uint64_t>(options_.max_window_bytes, kLeastWindowBytes, kGiB);
    const std::size_t usual = std::min<std::uint64_t>(most, kUsualWindowBytes);
    return {fixed + usual, kMiB, fixed + most};
  }

  Status open(Context& context) override {
    if (decoder_ == nullptr) return Status(Kind::limit, "the system has no memory left").during("set up unzstd");
    budget_ = context.budget;
    grant_bytes_ = context.grant_bytes;
    writer_.emplace(budget_, context.wake);
    return {};
  }

  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    if (failure_.failed()) return failure_;
    while (!rest_.empty()) {
      if (skip_bytes_ > 0) {
        consume(std::min<std::uint64_t>(skip_bytes_, rest_.size()), &skip_bytes_);
      } else if (in_frame_) {
        WEIR_TRY(kept(decode(out)));
      } else {
        WEIR_TRY(kept(read_header(out)));
      }
    }
    return {};
  }

  Status finish(Emit& out) override {
    WEIR_TRY(process({}, out));
    if (header_size_ > 0 && header_size_ < 4 && frames_ > 0) {
      return Status(Kind::corrupt, "the data ends in bytes that are no zstd frame")
          .during("decompress zstd")
          .at(frame_at_);
    }
    if (in_frame_ || skip_bytes_ > 0 || header_size_ > 0) {
      return Status(Kind::corrupt, fmt::format("the data ends inside the frame that begins at byte {}", frame_at_))
          .during("decompress zstd")
          .advise("It is cut off: fetch or make it again.")
          .at(read_bytes_);
    }
    if (frames_ == 0)
      return Status(Kind::corrupt, "there is no data, not even a frame").during("decompress zstd").at(0);
    writer_->flush(out);
    return {};
  }

 private:
  static constexpr std::uint64_t kGiB = 1024 * kMiB;

  /// Remembers an error: a broken stream stays broken.
  Status kept(Status status) {
    if (status.failed()) failure_ = status.during("decompress zstd").at(read_bytes_);
    return failure_.failed() ? failure_ : status;
  }
  void consume(std::uint64_t count, std::uint64_t* counted_down = nullptr) {
    rest_ = rest_.slice(count);
    read_bytes_ += count;
    if (counted_down != nullptr) *counted_down -= count;
  }

  /// Collects header bytes from rest_ one by one (18 at most) and begins the frame when they are complete.
  Status read_header(Emit& out) {
    if (header_size_ == 0) frame_at_ = read_bytes_;
    header_[header_size_++] = *rest_.data();
    consume(1);
    WEIR_ASSIGN(const auto header, codec::parse_frame_header(std::span(header_).first(header_size_)));
    if (!header) return {};
    ++frames_;
    if (header->skippable) {
      header_size_ = 0;
      skip_bytes_ = header->skip_bytes;
      return {};
    }
    WEIR_TRY(admit(*header));
    in_frame_ = true;
    return decode(out);
  }

  /// Checks what the frame asks for, and takes its memory from the budget.
  Status admit(const FrameHeader& header) {
    if (header.dictionary_id != 0) {
      return Status(Kind::unsupported, fmt::format("the frame at byte {} needs the dictionary with id {}", frame_at_,
                                                   header.dictionary_id))
          .advise("Decompress it with `zstd -D DICTIONARY`: dictionaries are not supported.");
    }
    if (header.content_bytes && *header.content_bytes > options_.max_output_bytes - written_bytes_) {
      return too_much_output();
    }
    // Never more memory than the content needs.
    const std::uint64_t window =
        std::max(kLeastWindowBytes, std::min(header.window_bytes, header.content_bytes.value_or(header.window_bytes)));
    const std::uint64_t asked = std::max(kLeastWindowBytes, header.window_bytes);
    if (asked > options_.max_window_bytes) {
      return Status(Kind::limit, fmt::format("the frame at byte {} looks back {}; the limit is {}", frame_at_,
                                             format_size(asked), format_size(options_.max_window_bytes)))
          .advise("Raise max_window_bytes if you trust the data.");
    }
    WEIR_TRY(take_memory(kDecoderBytes + window));
    const int window_log = std::clamp(static_cast<int>(std::bit_width(asked - 1)), 10, 31);
    const std::size_t code = ZSTD_DCtx_setParameter(decoder_.get(), ZSTD_d_windowLogMax, window_log);
    if (ZSTD_isError(code) != 0) return Status(Kind::limit, ZSTD_getErrorName(code));
    return {};
  }

  Status take_memory(std::uint64_t needed) {
    if (needed <= set_aside_) return {};
    const std::uint64_t held = needed + kSliceBytes;
    Status taken;
    if (held <= grant_bytes_) taken = budget_->set_aside(needed - set_aside_);
    if (held > grant_bytes_ || !taken.ok()) {
      Error error;
      error.kind = Kind::budget_too_small;
      error.needed_bytes = budget_->limit_bytes() + (held > grant_bytes_ ? held - grant_bytes_ : needed - set_aside_);
      error.cause = fmt::format("the frame at byte {} needs {} of memory to decompress; {} are granted", frame_at_,
                                format_size(held), format_size(grant_bytes_));
      error.advice = fmt::format("A memory budget of {} MiB would do.", (error.needed_bytes + kMiB - 1) / kMiB);
      return Status(std::move(error));
    }
    set_aside_ = needed;
    return {};
  }

  /// One step of the decoder: from the collected header first, then from rest_. It leaves the last input byte of a
  /// frame until all its output is out, so an empty rest_ never hides the end of a frame.
  Status decode(Emit& out) {
    WEIR_TRY(writer_->make_room(out));
    const bool from_header = header_size_ > 0;
    ZSTD_inBuffer input{from_header ? header_.data() : rest_.data(), from_header ? header_size_ : rest_.size(), 0};
    ZSTD_outBuffer output{writer_->free().data(), writer_->free().size(), 0};
    const std::size_t code = ZSTD_decompressStream(decoder_.get(), &output, &input);
    if (from_header) {
      header_size_ = 0;  // libzstd takes a header whole
    } else {
      consume(input.pos);
    }
    if (ZSTD_isError(code) != 0) return refused(code);
    if (output.pos > options_.max_output_bytes - written_bytes_) return too_much_output();
    written_bytes_ += output.pos;
    writer_->advance(output.pos);
    in_frame_ = code != 0;
    return {};
  }

  Status refused(std::size_t code) const {
    const Kind kind = ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? Kind::limit : Kind::corrupt;
    return Status(
        kind, fmt::format("libzstd says of the frame that begins at byte {}: {}", frame_at_, ZSTD_getErrorName(code)));
  }
  Status too_much_output() const {
    return Status(Kind::limit,
                  "the data decompresses to more than the limit of " + format_size(options_.max_output_bytes))
        .advise("Raise max_output_bytes if you trust the data.");
  }

  const UnzstdOptions options_;
  std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> decoder_;
  std::shared_ptr<Budget> budget_;
  std::size_t grant_bytes_ = 0;
  std::size_t set_aside_ = 0;
  std::optional<SliceWriter> writer_;

  Chunk rest_;                    // of the chunk given to process()
  std::uint64_t read_bytes_ = 0;  // consumed from the compressed stream
  std::uint64_t written_bytes_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t frame_at_ = 0;  // where the current frame begins
  std::uint64_t skip_bytes_ = 0;
  std::array<std::byte, codec::kMaxFrameHeaderBytes> header_{};
  std::size_t header_size_ = 0;
  bool in_frame_ = false;
  Status failure_;
};

}  // namespace

std::unique_ptr<Transform> unzstd(UnzstdOptions options) { return std::make_unique<ZstdDecompress>(options); }

}  // namespace weir
