#include "transfer/upload_spool.hpp"

#include <algorithm>
#include <utility>

namespace weir::transfer {

// --- the source ---

void UploadSpool::attend(std::string stream, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  stream_ = std::move(stream);
  wake_ = std::move(wake);
}

Result<std::size_t> UploadSpool::read(std::span<std::byte> into) {
  const std::lock_guard file_lock(file_mutex_);
  {
    const std::lock_guard lock(mutex_);
    waits_ = !decided_;
    if (waits_ || closed_) return Status::pending();
    if (!file_) return std::size_t{0};
  }
  WEIR_ASSIGN(const std::size_t got, file_->read(into));
  const std::lock_guard lock(mutex_);
  kept_to_ = file_->position();
  return got;
}

std::optional<std::uint64_t> UploadSpool::goes_on_from() {
  const std::lock_guard file_lock(file_mutex_);
  if (file_ && file_->stream_end() == file_->position()) return {};
  const std::lock_guard lock(mutex_);
  goes_on_ = true;
  return kept_to_;
}

Result<std::size_t> UploadSpool::keep(std::span<const std::byte> bytes) {
  std::size_t count = bytes.size();
  Status written;
  {
    const std::lock_guard file_lock(file_mutex_);
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return Status::pending();
      if (!keeps_) return count;
      count = static_cast<std::size_t>(std::min<std::uint64_t>(count, file_->room(front_)));
      waits_ = count == 0;
      if (waits_) return Status::pending();
    }
    written = file_->append(bytes.first(count));
    const std::lock_guard lock(mutex_);
    if (written.ok()) kept_to_ = file_->position();
  }
  if (!written.ok()) broke(written);
  return count;
}

void UploadSpool::ended() {
  Status written;
  {
    const std::lock_guard file_lock(file_mutex_);
    const std::lock_guard lock(mutex_);
    if (closed_ || !keeps_ || (exact_bytes_ && *exact_bytes_ != kept_to_)) return;
    written = file_->end();
  }
  if (!written.ok()) broke(written);
}

void UploadSpool::failed() {
  const std::lock_guard lock(mutex_);
  source_failed_ = true;
}

// --- the sink ---

std::string UploadSpool::stream() const {
  const std::lock_guard lock(mutex_);
  return stream_;
}

void UploadSpool::use(std::unique_ptr<ledger::SpoolFile> file, std::optional<std::uint64_t> exact_bytes,
                      std::function<void(const std::string& line)> on_notice) {
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
  exact_bytes_ = exact_bytes;
  on_notice_ = std::move(on_notice);
  keeps_ = true;
}

std::optional<std::uint64_t> UploadSpool::stream_end() const {
  const std::lock_guard lock(mutex_);
  return file_ ? file_->stream_end() : std::nullopt;
}

void UploadSpool::decide(std::uint64_t front) {
  std::unique_lock lock(mutex_);
  front_ = kept_to_ = front;
  if (file_) file_->go_to(front);
  decided_ = true;
  go_on(std::move(lock));
}

void UploadSpool::confirmed(std::uint64_t offset, std::uint64_t length) {
  std::unique_lock lock(mutex_);
  if (offset >= front_) beyond_[offset] = length;
  for (auto next = beyond_.find(front_); next != beyond_.end(); next = beyond_.find(front_)) {
    front_ += next->second;
    beyond_.erase(next);
  }
  go_on(std::move(lock));
}

void UploadSpool::when_confirmed(std::uint64_t end, std::function<void()> then) {
  std::unique_lock lock(mutex_);
  awaited_ = end;
  then_ = std::move(then);
  go_on(std::move(lock));
}

void UploadSpool::stop_keeping() {
  std::unique_lock lock(mutex_);
  keeps_ = false;
  go_on(std::move(lock));
}

/// Whoever waits is told, without the lock.
void UploadSpool::go_on(std::unique_lock<std::mutex> lock) {
  const std::function<void()> wake = std::exchange(waits_, false) ? wake_ : nullptr;
  std::function<void()> then;
  if (!keeps_ || front_ >= awaited_) then.swap(then_);
  lock.unlock();
  if (wake) wake();
  if (then) then();
}

void UploadSpool::broke(const Status& status) {
  std::unique_lock lock(mutex_);
  const auto tell = on_notice_;
  keeps_ = false;
  go_on(std::move(lock));
  if (!tell) return;
  tell(fmt::format("{}: the upload goes on, but after a kill its producer must go on from what the store has",
                   status.message()));
}

void UploadSpool::close() {
  const std::lock_guard file_lock(file_mutex_);
  const std::lock_guard lock(mutex_);
  closed_ = true;
  file_.reset();
}

bool UploadSpool::source_failed() const {
  const std::lock_guard lock(mutex_);
  return source_failed_;
}

std::optional<std::uint64_t> UploadSpool::next_offset() const {
  const std::lock_guard lock(mutex_);
  return goes_on_ ? std::optional(std::max(front_, kept_to_)) : std::nullopt;
}

// --- before it begins ---

Result<std::uint64_t> room_in_spool(const UploadOptions& options, const Target& target,
                                    std::uint64_t least_part_bytes) {
  const std::string operation = "upload to " + target.url();
  const std::optional<UploadIdentity> identity = target.identity();
  const bool stays = identity && !identity->readable;
  if (!stays || !options.ledger || !options.verify) {
    return Status(Kind::unsupported, fmt::format("the producer cannot begin again, and {} nothing is gone on with",
                                                 !stays            ? "there"
                                                 : !options.ledger ? "without a ledger"
                                                                   : "without verify"))
        .during(operation)
        .advise("Leave go_on_from out: it is then a stream as any other, which begins anew after a kill.");
  }
  const std::uint64_t room = ledger::SpoolFile::room_of(options.spool_bytes);
  const std::uint64_t least = least_part_bytes + kSliceBytes;
  if (room >= least) return room;
  return Status(Kind::invalid_argument,
                fmt::format("a spool of {} bytes has no room for a part of {}", options.spool_bytes, least_part_bytes))
      .during(operation)
      .advise(fmt::format("Give it {} bytes or more (spool_bytes).", ledger::SpoolFile::limit_for(least)));
}

Status open_spool(const UploadOptions& options, const Target& target, std::optional<std::uint64_t> exact_bytes,
                  Recorded& recorded, UploadSpool& spool) {
  if (!recorded.claim) {
    return Status(Kind::unavailable, "the ledger does not work, and the producer cannot begin again")
        .during("upload to " + target.url())
        .advise("Nothing was asked of the producer. Repair the ledger, or leave go_on_from out.");
  }
  WEIR_ASSIGN(auto file, ledger::SpoolFile::open(recorded.claim->spool_path(), options.spool_bytes));
  if (recorded.earlier) recorded.earlier->all = file->stream_end() == ledger::front_bytes(recorded.earlier->parts);
  spool.use(std::move(file), exact_bytes, options.on_notice);
  return {};
}

}  // namespace weir::transfer
