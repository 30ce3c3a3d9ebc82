// What a compression level means: fixed here, not by the libzstd of the day, so that output depends on less.
#pragma once

#include <zstd.h>

#include <cstddef>

#include "weir/core/status.hpp"

namespace weir::codec {

struct ZstdLevel {
  int level;
  int window_log, chain_log, hash_log, search_log, min_match, target_length, strategy;
  std::size_t context_bytes;  ///< at least what a ZSTD_CCtx allocates for 4 MiB
};

/// nullptr: there is no such level.
const ZstdLevel* find_zstd_level(int level) noexcept;
/// Sets every parameter that affects the output.
Status apply_zstd_level(ZSTD_CCtx* context, const ZstdLevel& level);

}  // namespace weir::codec
