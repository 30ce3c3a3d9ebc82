// The seek table at the end of what we compress: "Zstandard Seekable Format 0.1.0", a skippable frame that every
// decoder passes over. One row per frame: compressed size, size, low 32 bits of the XXH64 of the content.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/little_endian.hpp"
#include "codec/slice_writer.hpp"

namespace weir::codec {

inline constexpr std::uint64_t kMaxSeekFrames = std::uint64_t{1} << 27;
inline constexpr std::size_t kSeekRowBytes = 12;
/// Skippable header and footer.
inline constexpr std::size_t kSeekFixedBytes = 8 + 9;
/// Rows that one slab of kSliceBytes holds while the stream runs.
inline constexpr std::size_t kSeekRowsPerSlab = kSliceBytes / kSeekRowBytes;

/// Collects rows in slabs of the budget and writes them at the end. Thread-compatible.
class SeekTable {
 public:
  SeekTable(std::shared_ptr<Budget> budget, std::function<void()> wake)
      : budget_(std::move(budget)), wake_(std::move(wake)) {}

  /// ok: add() will work. pending: the budget has no slab for more rows, `wake` follows. limit: 2^27 frames are full.
  Status make_room();
  void add(std::uint32_t compressed_bytes, std::uint32_t content_bytes, std::uint32_t checksum) noexcept;
  std::uint64_t rows() const noexcept { return rows_; }

  /// Writes the table; called again after more or pending. Rows can no longer be added.
  Status write(SliceWriter& writer, Emit& out);

 private:
  void stage_header() noexcept;
  void stage_footer() noexcept;

  std::shared_ptr<Budget> budget_;
  std::function<void()> wake_;
  std::vector<Slab> slabs_;
  std::uint64_t rows_ = 0;
  // Progress of write(): header, then slab by slab, then footer.
  std::size_t step_ = 0;
  std::array<std::byte, 9> staged_{};
  std::span<const std::byte> left_;
};

}  // namespace weir::codec
