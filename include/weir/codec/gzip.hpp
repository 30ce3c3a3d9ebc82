// gzip, both ways (RFC 1952).
//
// What gzip() writes is a run of members of 4 MiB of content each, compressed in parallel: one file to every gzip,
// which reads members one behind the other. (`gzip -l` shows the last one's size alone, as of every file of many
// members.) The bytes are a function of the input, the level and the version of zlib; never of cores, memory or timing.
// They hold no name and no time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "weir/core/stage.hpp"

namespace weir {

struct GzipOptions {
  // Affects the output.
  int level = 6;  ///< 1 (fastest) to 9 (smallest)
  // Affects performance only.
  std::size_t max_workers = 0;  ///< members compressed at once at most; 0: as the executor and the memory allow
};

/// Compresses. Holds one to (executor's threads + 2) slots of 8.3 MiB, as granted. A level that there is not is refused
/// by open() with invalid_argument.
std::unique_ptr<Transform> gzip(GzipOptions options = {});

struct GunzipOptions {
  /// More output is refused with `limit`: a guard against decompression bombs.
  std::uint64_t max_output_bytes = std::numeric_limits<std::uint64_t>::max();
};

/// Decompresses any .gz: many members, headers with names, comments, extra fields and checksums. Zeros behind the last
/// member are padding, as tapes have it. Each member's CRC-32 and length are checked. Data that is damaged, cut off or
/// followed by anything else is `corrupt`, with the byte offset in the compressed stream; where the gzip program would
/// pass over what follows with a warning, nothing here tells whether it was a damaged member.
std::unique_ptr<Transform> gunzip(GunzipOptions options = {});

}  // namespace weir
