#include "transfer/upload_marks.hpp"

#include <utility>

#include "weir/codec/checksum.hpp"

namespace weir::transfer {

void UploadMarks::attend(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

bool UploadMarks::attended() const {
  const std::lock_guard lock(mutex_);
  return static_cast<bool>(wake_);
}

Result<std::uint64_t> UploadMarks::skip_bytes() {
  const std::lock_guard lock(mutex_);
  if (!skip_bytes_) return Status::pending();
  return *skip_bytes_;
}

void UploadMarks::decide(std::uint64_t skip_bytes) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    skip_bytes_ = skip_bytes;
    wake = wake_;
  }
  if (wake) wake();
}

void UploadMarks::record_in(const std::shared_ptr<JobClaim>& claim) {
  const std::lock_guard lock(mutex_);
  claim_ = claim;
}

bool UploadMarks::wanted() const {
  const std::lock_guard lock(mutex_);
  return !claim_.expired();
}

std::shared_ptr<JobClaim> UploadMarks::claim() const {
  const std::lock_guard lock(mutex_);
  return claim_.lock();
}

void UploadMarks::made(std::uint64_t index, const Mark& mark, std::string state) {
  if (const auto records = claim()) records->mark_made(index, mark, std::move(state));
}

std::optional<std::string> UploadMarks::state(std::uint64_t index) {
  const auto records = claim();
  if (!records) return {};
  Result<std::string> state = records->state_behind(index);
  return state.ok() ? std::optional(std::move(*state)) : std::nullopt;
}

std::uint64_t UploadMarks::hash(std::uint64_t before, std::span<const std::byte> bytes) const {
  return crc64nvme(before, bytes);
}

Status UploadMarks::differs(Status why) {
  const std::lock_guard lock(mutex_);
  if (difference_.ok()) difference_ = why;
  return why;
}

Status UploadMarks::difference() const {
  const std::lock_guard lock(mutex_);
  return difference_;
}

Status UploadMarks::load(std::uint64_t index) {
  if (index >= page_from_ && index < page_from_ + page_.size()) return {};
  const std::shared_ptr<JobClaim> claim = claim_.lock();
  if (!claim) return Status(Kind::cancelled, "the job has ended");
  WEIR_ASSIGN(page_, claim->marks(index, kPage));
  page_from_ = index;
  return {};
}

std::optional<Mark> UploadMarks::earlier(std::uint64_t index) {
  const std::lock_guard lock(mutex_);
  if (!load(index).ok() || page_.empty()) return {};
  return page_[index - page_from_];
}

Result<std::uint64_t> UploadMarks::described_bytes() {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (std::uint64_t index = 0;; index += page_.size()) {
    WEIR_TRY(load(index));
    if (page_.empty()) return bytes;
    for (const Mark& mark : page_) bytes += mark.output_bytes;
  }
}

}  // namespace weir::transfer
