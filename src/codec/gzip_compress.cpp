// gzip(): what frame_compress() must know of gzip. A frame is a member.
#include <array>

#include "codec/frame_compress.hpp"
#include "codec/little_endian.hpp"
#include "codec/zlib.hpp"
#include "weir/codec/gzip.hpp"

namespace weir {
namespace {

constexpr std::size_t kHeaderBytes = 10;
constexpr std::size_t kTrailerBytes = 8;
// zlib's usual, and what both mean to the output; stated, so that nobody's default decides.
constexpr int kWindowBits = 15;
constexpr int kMemoryLevel = 8;
/// "(1 << (windowBits+2)) + (1 << (memLevel+9))", says zconf.h, and "a few kilobytes"; forks of zlib hold more.
constexpr std::size_t kDeflateBytes = (1 << (kWindowBits + 2)) + (1 << (kMemoryLevel + 9)) + 64 * kKiB;

/// A z_stream that compresses without header and trailer. Does not move: zlib points back at it.
class Deflate {
 public:
  explicit Deflate(int level) {
    open_ = ::deflateInit2(&stream_, level, Z_DEFLATED, -kWindowBits, kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  Deflate(const Deflate&) = delete;
  Deflate& operator=(const Deflate&) = delete;
  ~Deflate() {
    if (open_) ::deflateEnd(&stream_);
  }
  bool open() const { return open_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool open_ = false;
};

class GzipCoder final : public codec::FrameCoder {
 public:
  explicit GzipCoder(int level) : level_(level), deflate_(level) {}
  bool open() const { return deflate_.open(); }

  Result<codec::CodedFrame> code(std::span<const std::byte> content, std::uint64_t /*hash*/,
                                 std::span<std::byte> into) override {
    // RFC 1952, 2.3: deflate, no flags, no time; what kind of level; of no particular system.
    const auto kind = static_cast<std::byte>(level_ == 9 ? 2 : level_ == 1 ? 4 : 0);
    const std::array<std::byte, kHeaderBytes> header{
        std::byte{0x1f}, std::byte{0x8b}, std::byte{8}, {}, {}, {}, {}, {}, kind, std::byte{255}};
    std::copy(header.begin(), header.end(), into.begin());

    z_stream& stream = deflate_.stream();
    (void)::deflateReset(&stream);
    codec::set_input(stream, content);
    codec::set_output(stream, into.subspan(kHeaderBytes, into.size() - kHeaderBytes - kTrailerBytes));
    const int code = ::deflate(&stream, Z_FINISH);
    if (code != Z_STREAM_END) return Status(Kind::internal, fmt::format("zlib answers {} to deflate()", code));

    const std::size_t trailer = kHeaderBytes + stream.total_out;
    const auto crc =
        static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
    codec::put_le32(&into[trailer], crc);
    codec::put_le32(&into[trailer + 4], static_cast<std::uint32_t>(content.size()));
    return codec::CodedFrame{trailer + kTrailerBytes, crc};
  }

 private:
  const int level_;
  Deflate deflate_;
};

class GzipFormat final : public codec::FrameFormat {
 public:
  explicit GzipFormat(int level) : level_(level) {
    if (check().failed()) return;
    Deflate deflate(level);
    if (deflate.open()) longest_ = ::deflateBound(&deflate.stream(), kFrameBytes);
  }
  std::string name() const override { return "gzip"; }
  std::string recipe() const override {
    return fmt::format("gzip level={} member={} marks=xxh64,crc64nvme zlib={}", level_, kFrameBytes, ::zlibVersion());
  }
  const char* library() const override { return "zlib"; }
  Status check() const override {
    if (level_ >= 1 && level_ <= 9) return {};
    return Status(Kind::invalid_argument, fmt::format("gzip has no level {}", level_)).advise("Levels are 1 to 9.");
  }
  std::size_t coder_bytes() const override { return kDeflateBytes; }
  std::size_t bound(std::size_t content_bytes) const override {
    // Without a stream zlib gives what holds for all of its settings, which is a seventh more.
    const std::size_t longest =
        content_bytes == kFrameBytes && longest_ != 0 ? longest_ : ::deflateBound(nullptr, content_bytes);
    return kHeaderBytes + longest + kTrailerBytes;
  }
  Result<std::unique_ptr<codec::FrameCoder>> make_coder() const override {
    auto coder = std::make_unique<GzipCoder>(level_);
    if (!coder->open()) return Status(Kind::limit, "the system has no memory left");
    return Result<std::unique_ptr<codec::FrameCoder>>(std::move(coder));
  }

 private:
  const int level_;
  std::size_t longest_ = 0;  // what deflate makes of a whole frame; 0: there was no memory to ask
};

}  // namespace

std::unique_ptr<Transform> gzip(GzipOptions options) {
  return codec::frame_compress(std::make_unique<GzipFormat>(options.level), options.max_workers);
}

}  // namespace weir
