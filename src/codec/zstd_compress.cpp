// zstd(): what frame_compress() must know of zstd.
//
// The call shape is part of the format: one ZSTD_compress2 per frame, on the whole frame. Any other way to feed libzstd
// the same bytes gives other output.
#include "codec/frame_compress.hpp"
#include "codec/seek_table.hpp"
#include "codec/zstd_level.hpp"
#include "weir/codec/zstd.hpp"

namespace weir {
namespace {

using codec::SeekTable;
using codec::SliceWriter;
using codec::ZstdLevel;

// RFC 8878, 3.1.1: the low half of the content's XXH64 stands behind the blocks, where a bit of the header says so.
// libzstd could add it itself, but keeps the other half, which a mark needs: the content would be hashed twice.
constexpr std::size_t kFrameDescriptor = 4;
constexpr std::byte kHasChecksum{1 << 2};
constexpr std::size_t kChecksumBytes = 4;

class ZstdCoder final : public codec::FrameCoder {
 public:
  static Result<std::unique_ptr<FrameCoder>> make(const ZstdLevel& level) {
    auto coder = std::make_unique<ZstdCoder>();
    if (coder->context_ == nullptr) return Status(Kind::limit, "the system has no memory left");
    WEIR_TRY(codec::apply_zstd_level(coder->context_.get(), level));
    return Result<std::unique_ptr<FrameCoder>>(std::move(coder));
  }
  ZstdCoder() : context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {}

  Result<codec::CodedFrame> code(std::span<const std::byte> content, std::uint64_t hash,
                                 std::span<std::byte> into) override {
    const std::span<std::byte> frame = into.first(into.size() - kChecksumBytes);
    const std::size_t code = ZSTD_compress2(context_.get(), frame.data(), frame.size(), content.data(), content.size());
    if (ZSTD_isError(code) != 0) {
      return Status(Kind::internal, fmt::format("libzstd: {}", ZSTD_getErrorName(code)));
    }
    const auto checksum = static_cast<std::uint32_t>(hash);
    into[kFrameDescriptor] |= kHasChecksum;
    codec::put_le32(into.data() + code, checksum);
    return codec::CodedFrame{code + kChecksumBytes, checksum};
  }

 private:
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
};

class SeekIndex final : public codec::FrameIndex {
 public:
  SeekIndex(std::shared_ptr<Budget> budget, std::function<void()> wake) : table_(std::move(budget), std::move(wake)) {}
  Status make_room() override { return table_.make_room(); }
  void add(const Mark& frame) noexcept override {
    table_.add(static_cast<std::uint32_t>(frame.output_bytes), static_cast<std::uint32_t>(frame.input_bytes),
               static_cast<std::uint32_t>(frame.note));
  }
  Status write(SliceWriter& writer, Emit& out) override { return table_.write(writer, out); }

 private:
  SeekTable table_;
};

class ZstdFormat final : public codec::FrameFormat {
 public:
  explicit ZstdFormat(int level) : number_(level), level_(codec::find_zstd_level(level)) {}
  std::string name() const override { return "zstd"; }
  std::string recipe() const override {
    return fmt::format("zstd level={} frame={} marks=xxh64,crc64nvme libzstd={}", number_, kFrameBytes,
                       ZSTD_versionString());
  }
  const char* library() const override { return "libzstd"; }
  Status check() const override {
    if (level_ != nullptr) return {};
    return Status(Kind::invalid_argument, fmt::format("zstd has no level {}", number_))
        .advise("Levels are -7 to -1 and 1 to 19.");
  }
  std::size_t coder_bytes() const override { return level_->context_bytes; }
  std::size_t bound(std::size_t content_bytes) const override {
    return ZSTD_COMPRESSBOUND(content_bytes) + kChecksumBytes;
  }
  Result<std::unique_ptr<codec::FrameCoder>> make_coder() const override { return ZstdCoder::make(*level_); }

  std::uint64_t index_bytes(std::uint64_t frames) const override {
    return frames * codec::kSeekRowBytes + codec::kSeekFixedBytes;
  }
  std::size_t index_memory(std::uint64_t frames) const override {
    return (frames / codec::kSeekRowsPerSlab + 1) * kSliceBytes;
  }
  std::unique_ptr<codec::FrameIndex> make_index(std::shared_ptr<Budget> budget,
                                                std::function<void()> wake) const override {
    return std::make_unique<SeekIndex>(std::move(budget), std::move(wake));
  }

 private:
  const int number_;
  const ZstdLevel* const level_;
};

}  // namespace

std::unique_ptr<Transform> zstd(ZstdOptions options) {
  return codec::frame_compress(std::make_unique<ZstdFormat>(options.level), options.max_workers);
}

}  // namespace weir
