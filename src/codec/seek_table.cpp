#include "codec/seek_table.hpp"

namespace weir::codec {

Status SeekTable::make_room() {
  if (rows_ == kMaxSeekFrames) {
    return Status(Kind::limit, "the seekable format ends at 134217728 frames of 4 MiB (512 TiB)");
  }
  if (rows_ < slabs_.size() * kSeekRowsPerSlab) return {};
  WEIR_ASSIGN(Slab slab, budget_->acquire(kSliceBytes, wake_));
  slabs_.push_back(std::move(slab));
  return {};
}

void SeekTable::add(std::uint32_t compressed_bytes, std::uint32_t content_bytes, std::uint32_t checksum) noexcept {
  std::byte* row = slabs_.back().free().data() + rows_ % kSeekRowsPerSlab * kSeekRowBytes;
  put_le32(row, compressed_bytes);
  put_le32(row + 4, content_bytes);
  put_le32(row + 8, checksum);
  ++rows_;
}

void SeekTable::stage_header() noexcept {
  put_le32(staged_.data(), 0x184D2A5E);
  put_le32(staged_.data() + 4, static_cast<std::uint32_t>(rows_ * kSeekRowBytes + 9));
  left_ = std::span(staged_).first(8);
}

void SeekTable::stage_footer() noexcept {
  put_le32(staged_.data(), static_cast<std::uint32_t>(rows_));
  staged_[4] = std::byte{0x80};  // rows have checksums
  put_le32(staged_.data() + 5, 0x8F92EAB1);
  left_ = std::span(staged_).first(9);
}

Status SeekTable::write(SliceWriter& writer, Emit& out) {
  for (;;) {
    WEIR_TRY(writer.write(left_, out));
    if (step_ == 0) {
      stage_header();
    } else if (step_ <= slabs_.size()) {
      const std::uint64_t before = (step_ - 1) * kSeekRowsPerSlab;
      const std::uint64_t rows = std::min<std::uint64_t>(rows_ - before, kSeekRowsPerSlab);
      left_ = std::span<const std::byte>(slabs_[step_ - 1].free()).first(rows * kSeekRowBytes);
    } else if (step_ == slabs_.size() + 1) {
      stage_footer();
    } else {
      return {};
    }
    ++step_;
  }
}

}  // namespace weir::codec
