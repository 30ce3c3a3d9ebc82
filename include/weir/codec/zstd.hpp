// zstd, both ways (RFC 8878).
//
// What zstd() writes is a run of independent 4 MiB frames, each with its size and checksum, and a seek table at the end
// (zstd seekable format 0.1.0), so that any zstd reads it and ranges can be fetched. The bytes are a function of the
// input, the level and the version of libzstd; never of cores, memory or timing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "weir/core/stage.hpp"

namespace weir {

struct ZstdOptions {
  // Affects the output.
  int level = 3;  ///< -7 to -1 (fastest) and 1 to 19 (smallest)
  // Affects performance only.
  std::size_t max_workers = 0;  ///< frames compressed at once at most; 0: as the executor and the memory allow
};

/// Compresses. Holds one to (executor's threads + 2) frame slots of 8 MiB + the level's working memory, as granted.
/// An option that cannot work is refused by open() with invalid_argument.
std::unique_ptr<Transform> zstd(ZstdOptions options = {});

struct UnzstdOptions {
  /// Frames that look back further are refused with `limit`; what the memory budget does not hold, with
  /// budget_too_small.
  std::uint64_t max_window_bytes = 128 * kMiB;
  /// More output is refused with `limit`: a guard against decompression bombs.
  std::uint64_t max_output_bytes = std::numeric_limits<std::uint64_t>::max();
};

/// Decompresses any .zst: many frames, skippable frames, unknown sizes. Data that is damaged, cut off or followed by
/// anything else is `corrupt`, with the byte offset in the compressed stream. Dictionaries are `unsupported`.
std::unique_ptr<Transform> unzstd(UnzstdOptions options = {});

}  // namespace weir
