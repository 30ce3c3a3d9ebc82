#include "codec/zstd_frame.hpp"

namespace weir::codec {
namespace {

constexpr std::uint32_t kFrameMagic = 0xFD2FB528;
constexpr std::uint32_t kSkippableMagic = 0x184D2A50;  // to ...5F
constexpr std::uint32_t kLegacyMagic = 0xFD2FB520;     // to ...27: zstd 0.1 to 0.7, before the format was settled

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = (value << 8) | static_cast<std::uint64_t>(bytes[i]);
  return value;
}

/// Window_Descriptor: an exponent and eighths.
std::uint64_t window_of(std::byte descriptor) {
  const auto value = static_cast<std::uint64_t>(descriptor);
  const std::uint64_t base = std::uint64_t{1} << (10 + (value >> 3));
  return base + base / 8 * (value & 7);
}

Result<std::optional<FrameHeader>> parse_zstd_header(std::span<const std::byte> bytes) {
  if (bytes.size() < 5) return std::optional<FrameHeader>();
  const auto descriptor = static_cast<unsigned>(bytes[4]);
  if ((descriptor & 0x08) != 0) return Status(Kind::unsupported, "the frame header uses a reserved bit");
  constexpr std::size_t kDictionaryBytes[] = {0, 1, 2, 4};
  constexpr std::size_t kContentBytes[] = {0, 2, 4, 8};
  const bool single_segment = (descriptor & 0x20) != 0;
  const std::size_t window_size = single_segment ? 0 : 1;
  const std::size_t dictionary_size = kDictionaryBytes[descriptor & 3];
  const std::size_t content_code = descriptor >> 6;
  const std::size_t content_size = content_code == 0 && single_segment ? 1 : kContentBytes[content_code];

  FrameHeader header;
  header.header_bytes = 5 + window_size + dictionary_size + content_size;
  if (bytes.size() < header.header_bytes) return std::optional<FrameHeader>();
  header.dictionary_id = static_cast<std::uint32_t>(little_endian(bytes.subspan(5 + window_size, dictionary_size)));
  if (content_size > 0) {
    header.content_bytes =
        little_endian(bytes.subspan(5 + window_size + dictionary_size, content_size)) + (content_size == 2 ? 256 : 0);
  }
  header.window_bytes = single_segment ? *header.content_bytes : window_of(bytes[5]);
  return std::optional(header);
}

}  // namespace

Result<std::optional<FrameHeader>> parse_frame_header(std::span<const std::byte> bytes) {
  if (bytes.size() < 4) return std::optional<FrameHeader>();
  const auto magic = static_cast<std::uint32_t>(little_endian(bytes.first(4)));
  if (magic == kFrameMagic) return parse_zstd_header(bytes);
  if ((magic & 0xFFFFFFF0) == kSkippableMagic) {
    if (bytes.size() < 8) return std::optional<FrameHeader>();
    FrameHeader header;
    header.skippable = true;
    header.header_bytes = 8;
    header.skip_bytes = little_endian(bytes.subspan(4, 4));
    return std::optional(header);
  }
  if ((magic & 0xFFFFFFF8) == kLegacyMagic) {
    return Status(Kind::unsupported, "the frame is in a format older than zstd 0.8")
        .advise("Decompress it with the zstd that wrote it, and compress it anew.");
  }
  return Status(Kind::corrupt, fmt::format("no zstd frame begins with the bytes {:02x} {:02x} {:02x} {:02x}",
                                           static_cast<unsigned>(bytes[0]), static_cast<unsigned>(bytes[1]),
                                           static_cast<unsigned>(bytes[2]), static_cast<unsigned>(bytes[3])));
}

}  // namespace weir::codec
