// useRowMatchFinder is experimental: its number stands in the static part of zstd.h, its effect in every 1.5 library.
#define ZSTD_STATIC_LINKING_ONLY
#include "codec/zstd_level.hpp"

#include "weir/core/budget.hpp"

namespace weir::codec {
namespace {

// The parameters of libzstd 1.5.4 for inputs of 4 MiB; the context sizes are measured there and rounded up.
// level, windowLog, chainLog, hashLog, searchLog, minMatch, targetLength, strategy, context
constexpr ZstdLevel kLevels[] = {
    // clang-format off
    {-7, 19, 12, 13, 1, 6, 7, 1, 640 * kKiB},
    {-6, 19, 12, 13, 1, 6, 6, 1, 640 * kKiB},
    {-5, 19, 12, 13, 1, 6, 5, 1, 640 * kKiB},
    {-4, 19, 12, 13, 1, 6, 4, 1, 640 * kKiB},
    {-3, 19, 12, 13, 1, 6, 3, 1, 640 * kKiB},
    {-2, 19, 12, 13, 1, 6, 2, 1, 640 * kKiB},
    {-1, 19, 12, 13, 1, 6, 1, 1, 640 * kKiB},
    {1, 19, 13, 14, 1, 7, 0, 1, 640 * kKiB},
    {2, 20, 15, 16, 1, 6, 0, 1, 832 * kKiB},
    {3, 21, 16, 17, 1, 5, 0, 2, 1344 * kKiB},
    {4, 21, 18, 18, 1, 5, 0, 2, 2624 * kKiB},
    {5, 21, 18, 19, 3, 5, 2, 3, 3648 * kKiB},
    {6, 21, 18, 19, 3, 5, 4, 4, 3648 * kKiB},
    {7, 21, 19, 20, 4, 5, 8, 4, 6720 * kKiB},
    {8, 21, 19, 20, 4, 5, 16, 5, 6720 * kKiB},
    {9, 22, 20, 21, 4, 5, 16, 5, 12864 * kKiB},
    {10, 22, 21, 22, 5, 5, 16, 5, 25152 * kKiB},
    {11, 22, 21, 22, 6, 5, 16, 5, 25152 * kKiB},
    {12, 22, 22, 23, 6, 5, 32, 5, 49728 * kKiB},
    {13, 22, 22, 22, 4, 5, 32, 6, 33344 * kKiB},
    {14, 22, 22, 23, 5, 5, 32, 6, 49728 * kKiB},
    {15, 22, 23, 23, 6, 5, 32, 6, 66112 * kKiB},
    {16, 22, 22, 22, 5, 5, 48, 7, 33536 * kKiB},
    {17, 22, 23, 22, 5, 4, 64, 7, 49920 * kKiB},
    {18, 22, 23, 22, 6, 3, 64, 8, 50496 * kKiB},
    {19, 22, 23, 22, 7, 3, 256, 9, 50496 * kKiB},
    // clang-format on
};

}  // namespace

const ZstdLevel* find_zstd_level(int level) noexcept {
  for (const ZstdLevel& row : kLevels) {
    if (row.level == level) return &row;
  }
  return nullptr;
}

Status apply_zstd_level(ZSTD_CCtx* context, const ZstdLevel& level) {
  // The row match finder is what these strategies choose by themselves for 4 MiB; for short last frames their choice
  // would depend on the CPU's vector instructions.
  const bool row_finder = level.strategy >= ZSTD_greedy && level.strategy <= ZSTD_lazy2;
  const struct {
    ZSTD_cParameter parameter;
    int value;
  } parameters[] = {
      // Also fixes what else libzstd derives from a level, and comes first: it resets the others.
      {ZSTD_c_compressionLevel, level.level},
      {ZSTD_c_windowLog, level.window_log},
      {ZSTD_c_chainLog, level.chain_log},
      {ZSTD_c_hashLog, level.hash_log},
      {ZSTD_c_searchLog, level.search_log},
      {ZSTD_c_minMatch, level.min_match},
      {ZSTD_c_targetLength, level.target_length},
      {ZSTD_c_strategy, level.strategy},
      {ZSTD_c_enableLongDistanceMatching, ZSTD_ps_disable},
      {ZSTD_c_useRowMatchFinder, row_finder ? ZSTD_ps_enable : ZSTD_ps_disable},
      {ZSTD_c_contentSizeFlag, 1},
      {ZSTD_c_checksumFlag, 0},  // ZstdCoder adds it
      {ZSTD_c_dictIDFlag, 0},
      {ZSTD_c_nbWorkers, 0},
  };
  for (const auto& [parameter, value] : parameters) {
    const std::size_t code = ZSTD_CCtx_setParameter(context, parameter, value);
    if (ZSTD_isError(code) == 0) continue;
    return Status(Kind::unsupported, fmt::format("libzstd {} refuses parameter {} = {}: {}", ZSTD_versionString(),
                                                 static_cast<int>(parameter), value, ZSTD_getErrorName(code)))
        .during(fmt::format("set up zstd level {}", level.level));
  }
  return {};
}

}  // namespace weir::codec
