// Frame headers of zstd (RFC 8878, 3.1), read before libzstd sees them: to refuse what does not fit, and say why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "weir/core/status.hpp"

namespace weir::codec {

inline constexpr std::size_t kMaxFrameHeaderBytes = 18;

struct FrameHeader {
  bool skippable = false;
  std::size_t header_bytes = 0;
  std::uint64_t skip_bytes = 0;                ///< of a skippable frame, behind the header
  std::uint64_t window_bytes = 0;              ///< how far back the decoder must remember
  std::optional<std::uint64_t> content_bytes;  ///< where the frame says so
  std::uint32_t dictionary_id = 0;
};

/// The header at the front of `bytes`; nullopt: it is longer than that. `corrupt` or `unsupported` if it is none.
Result<std::optional<FrameHeader>> parse_frame_header(std::span<const std::byte> bytes);

}  // namespace weir::codec
