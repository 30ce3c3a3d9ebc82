#include "store/local_kept.hpp"

#include <algorithm>
#include <utility>

#include "weir/codec/checksum.hpp"
#include "weir/core/budget.hpp"

namespace weir::store {

/// What cannot be read is read from the source, as what is not there.
Result<std::size_t> LocalKept::read(std::span<std::byte> into) {
  if (position_ == good_bytes_ && !next_part_is_good()) return std::size_t{0};
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), good_bytes_ - position_));
  WEIR_ASSIGN(const std::size_t got, file_->read(into.first(most), position_));
  if (got < most) {
    return Status(Kind::corrupt, "the temporary file became shorter while it was read")
        .during("go on with the download")
        .at(position_ + got)
        .advise("Something else writes to it. Run this again.");
  }
  position_ += got;
  return got;
}

bool LocalKept::next_part_is_good() {
  if (next_ == parts_.size()) return false;
  const std::size_t index = std::exchange(next_, parts_.size());  // unless it is good, it is the last that is looked at
  const PartReceipt& part = parts_[index];
  if (part.offset != good_bytes_ || !part.crc64nvme) return false;
  if (!buffer_) buffer_ = std::make_unique<std::byte[]>(kSliceBytes);
  std::uint64_t crc = 0;
  for (std::uint64_t done = 0; done < part.length;) {
    const std::span<std::byte> into(buffer_.get(),
                                    static_cast<std::size_t>(std::min<std::uint64_t>(kSliceBytes, part.length - done)));
    const auto got = file_->read(into, part.offset + done);
    if (!got.ok() || *got < into.size()) return false;
    crc = weir::crc64nvme(crc, into);
    done += into.size();
  }
  if (crc != *part.crc64nvme) return false;
  file_->found(part);
  crc_ = crc64nvme_combine(crc_, crc, part.length);
  good_bytes_ = part.offset + part.length;
  next_ = index + 1;
  return true;
}

}  // namespace weir::store
