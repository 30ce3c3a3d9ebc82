// gunzip(): reads member after member with zlib, which checks headers, CRC-32 and lengths. What stands between and
// behind members is ours to judge.
#include <algorithm>
#include <array>
#include <optional>

#include "codec/slice_writer.hpp"
#include "codec/zlib.hpp"
#include "weir/codec/gzip.hpp"
#include "weir/core/units.hpp"

namespace weir {
namespace {

/// What zlib holds to decompress: a window of 32 KiB, "about 7 kilobytes" and what forks of it add.
constexpr std::size_t kInflateBytes = 64 * kKiB;
constexpr int kGzipOfAnyWindow = 15 + 16;
constexpr std::array kMagic{std::byte{0x1f}, std::byte{0x8b}};

class GzipDecompress final : public Transform {
 public:
  explicit GzipDecompress(GunzipOptions options) : options_(options) {}
  GzipDecompress(const GzipDecompress&) = delete;
  GzipDecompress& operator=(const GzipDecompress&) = delete;
  ~GzipDecompress() override {
    if (open_) ::inflateEnd(&stream_);
    if (set_aside_) budget_->give_back(kInflateBytes);
  }
  std::string name() const override { return "gunzip"; }
  std::optional<std::string> recipe() const override { return "gunzip"; }
  bool heavy() const override { return true; }
  MemoryNeed memory(const Upstream&) const override { return {.min_bytes = kSliceBytes + kInflateBytes}; }

  Status open(Context& context) override {
    budget_ = context.budget;
    WEIR_TRY(budget_->set_aside(kInflateBytes));
    set_aside_ = true;
    open_ = ::inflateInit2(&stream_, kGzipOfAnyWindow) == Z_OK;
    if (!open_) return Status(Kind::limit, "the system has no memory left").during("set up gunzip");
    writer_.emplace(budget_, context.wake);
    return {};
  }

  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    if (failure_.failed()) return failure_;
    while (!rest_.empty() || held_back_) {
      switch (where_) {
        case Where::magic:
          WEIR_TRY(kept(read_magic()));
          break;
        case Where::member:
          WEIR_TRY(kept(inflate_some(out)));
          break;
        case Where::padding:
          WEIR_TRY(kept(pass_zeros()));
          break;
      }
    }
    return {};
  }

  Status finish(Emit& out) override {
    WEIR_TRY(process({}, out));
    if (where_ == Where::magic && magic_bytes_ == 1 && magic_[0] != kMagic[0]) return kept(no_member());
    if (where_ == Where::member || magic_bytes_ > 0) {
      return kept(
          Status(Kind::corrupt, fmt::format("the data ends inside the member that begins at byte {}", member_at_))
              .advise("It is cut off: fetch or make it again."));
    }
    if (members_ == 0) return kept(Status(Kind::corrupt, "there is no data, not even a member"));
    writer_->flush(out);
    return {};
  }

 private:
  enum class Where : std::uint8_t { magic, member, padding };

  /// Remembers an error: a broken stream stays broken.
  Status kept(Status status) {
    if (status.failed()) failure_ = status.during("decompress gzip").at(read_bytes_);
    return failure_.failed() ? failure_ : status;
  }
  void consume(std::size_t count) {
    rest_ = rest_.slice(count);
    read_bytes_ += count;
  }

  /// The two bytes that each member begins with; or zeros, behind a member.
  Status read_magic() {
    if (magic_bytes_ == 0) member_at_ = read_bytes_;
    const std::byte next = *rest_.data();
    if (magic_bytes_ == 0 && members_ > 0 && next == std::byte{0}) {
      where_ = Where::padding;
      return {};
    }
    consume(1);
    magic_[magic_bytes_++] = next;
    if (magic_bytes_ < magic_.size()) return {};
    if (magic_ != kMagic) return no_member();
    ++members_;
    (void)::inflateReset(&stream_);
    where_ = Where::member;
    held_back_ = true;
    return {};
  }
  Status no_member() const {
    std::string bytes;
    for (std::size_t i = 0; i < magic_bytes_; ++i) bytes += fmt::format(" {:02x}", static_cast<unsigned>(magic_[i]));
    if (members_ == 0) return Status(Kind::corrupt, "no gzip data begins with the bytes" + bytes);
    return Status(Kind::corrupt, fmt::format("behind a whole member, at byte {}, stand the bytes{}: no further member "
                                             "begins so",
                                             member_at_, bytes))
        .advise("Either a member there is damaged, or what follows is no gzip; `gzip -d` would leave it out.");
  }
  Status pass_zeros() {
    const auto bytes = rest_.bytes();
    const auto end = std::find_if(bytes.begin(), bytes.end(), [](std::byte byte) { return byte != std::byte{0}; });
    consume(static_cast<std::size_t>(end - bytes.begin()));
    if (rest_.empty()) return {};
    return Status(Kind::corrupt, "behind the zeros that pad the last member stands something else");
  }

  /// One step of zlib: the two bytes of the header that were looked at come first, then rest_.
  Status inflate_some(Emit& out) {
    WEIR_TRY(writer_->make_room(out));
    const bool from_magic = magic_bytes_ > 0;
    codec::set_input(stream_, from_magic ? std::span<const std::byte>(magic_) : rest_.bytes());
    codec::set_output(stream_, writer_->free());
    const uInt given = stream_.avail_in;
    const uInt free = stream_.avail_out;
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    if (from_magic) {
      magic_bytes_ = 0;  // zlib takes all of a header that it is given
    } else {
      consume(given - stream_.avail_in);
    }
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return refused(code);
    if (code == Z_BUF_ERROR && given > 0) return Status(Kind::internal, "zlib goes neither on nor back");
    const std::size_t made = free - stream_.avail_out;
    if (made > options_.max_output_bytes - written_bytes_) return too_much_output();
    written_bytes_ += made;
    writer_->advance(made);
    // Where the output is full zlib may have taken all input, and have more to give.
    held_back_ = code == Z_OK && stream_.avail_out == 0;
    if (code == Z_STREAM_END) where_ = Where::magic;
    return {};
  }

  Status refused(int code) const {
    const Kind kind = code == Z_MEM_ERROR ? Kind::limit : Kind::corrupt;
    return Status(kind, fmt::format("zlib says of the member that begins at byte {}: {}", member_at_,
                                    stream_.msg != nullptr ? stream_.msg : ::zError(code)));
  }
  Status too_much_output() const {
    return Status(Kind::limit,
                  "the data decompresses to more than the limit of " + format_size(options_.max_output_bytes))
        .advise("Raise max_output_bytes if you trust the data.");
  }

  const GunzipOptions options_;
  z_stream stream_{};
  bool open_ = false;
  bool set_aside_ = false;
  std::shared_ptr<Budget> budget_;
  std::optional<codec::SliceWriter> writer_;

  Chunk rest_;                    // of the chunk given to process()
  std::uint64_t read_bytes_ = 0;  // consumed from the compressed stream
  std::uint64_t written_bytes_ = 0;
  std::uint64_t members_ = 0;  // begun
  std::uint64_t member_at_ = 0;
  std::array<std::byte, 2> magic_{};
  std::size_t magic_bytes_ = 0;
  Where where_ = Where::magic;
  bool held_back_ = false;  // there is something to do without further input
  Status failure_;
};

}  // namespace

std::unique_ptr<Transform> gunzip(GunzipOptions options) { return std::make_unique<GzipDecompress>(options); }

}  // namespace weir
