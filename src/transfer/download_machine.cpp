#include "transfer/download_machine.hpp"

#include <algorithm>
#include <utility>

#include "weir/codec/checksum.hpp"

namespace weir::transfer {

// --- inputs ---

void DownloadMachine::received(std::uint64_t request, std::uint64_t count, std::uint64_t crc) {
  Range* const range = find(request);
  if (range == nullptr) return;
  range->position += count;
  range->crc = crc;
  received_bytes_ += count;
}

Status DownloadMachine::skipped(std::uint64_t request, std::uint64_t crc) const {
  const Range* const range = find(request);
  if (range == nullptr || !options_.hashed) return {};
  const std::uint64_t known = crc64nvme_combine(crc_, range->crc, range->position - range->begin);
  if (crc == known) return {};
  return Status(Kind::source_changed, "read again from its start, the object has other bytes than before")
      .during("read " + options_.url);
}

void DownloadMachine::read_done(std::uint64_t request, Status status, bool ranges) {
  Range* const range = find(request);
  if (range == nullptr) return;
  ended(*range, std::move(status));
  if (!ranges && std::exchange(ranges_allowed_, false)) go_single();
  advance();
}

void DownloadMachine::timer_fired(std::uint64_t request) {
  for (Range& range : ranges_) {
    if (range.request == request && range.state == State::waiting) return issue(range);
  }
}

void DownloadMachine::delivered(std::uint64_t count) {
  if (outcome_ || ranges_.empty()) return;
  ranges_.front().delivered += count;
  advance();
}

void DownloadMachine::fail(Status reason) {
  if (!outcome_) finish(std::move(reason));
}

std::uint64_t DownloadMachine::wanted(std::uint64_t request) const {
  const Range* const range = find(request);
  return range == nullptr ? 0 : range->call_end - range->position;
}

// --- ranges ---

DownloadMachine::Range* DownloadMachine::find(std::uint64_t request) {
  for (Range& range : ranges_) {
    if (range.request == request && range.state == State::calling) return &range;
  }
  return nullptr;
}

const DownloadMachine::Range* DownloadMachine::find(std::uint64_t request) const {
  return const_cast<DownloadMachine*>(this)->find(request);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

void DownloadMachine::advance() {
  if (outcome_) return;
  while (!ranges_.empty() && ranges_.front().state == State::complete &&
         ranges_.front().delivered == ranges_.front().end) {
    const Range& over = ranges_.front();
    crc_ = crc64nvme_combine(crc_, over.crc, over.end - over.begin);
    actions_.push_back({Fetch::drop, over.number, 0, 0, 0, 0, {}});
    ranges_.pop_front();
  }
  if (ranges_.empty() && next_ == end_) return judge();
  begin_ranges();
  const std::uint32_t before = lanes_.limit();
  lanes_.observe(now_, received_bytes_, under_way());
  if (lanes_.limit() > before) begin_ranges();
}

std::uint32_t DownloadMachine::under_way() const {
  return static_cast<std::uint32_t>(
      std::count_if(ranges_.begin(), ranges_.end(), [](const Range& r) { return r.state != State::complete; }));
}

void DownloadMachine::begin_ranges() {
  while (next_ != end_ && under_way() < lanes_.limit()) {
    if (!ranges_.empty() && (!ranges_allowed_ || !fits(next_length()))) return;
    begin_range();
  }
}

/// Of a range that would begin now: the window has room for one for each lane, and one that waits to be taken.
std::uint64_t DownloadMachine::next_length() const {
  if (options_.lanes.most == 1 || !ranges_allowed_) return end_ - next_;
  std::uint64_t length = options_.range_bytes;
  if (options_.lanes.adapts) {
    const std::uint64_t share = options_.window_slabs / (lanes_.limit() + 1) * options_.slab_bytes;
    length = std::min(length, std::max(share, options_.least_range_bytes));
  }
  return std::min(length, end_ - next_);
}

/// Memory that a range holds, or will, before all of it is delivered.
std::uint64_t DownloadMachine::slabs_of(const Range& range) const {
  const std::uint64_t slab = options_.slab_bytes;
  return (range.end - range.begin + slab - 1) / slab - (range.delivered - range.begin) / slab;
}

bool DownloadMachine::fits(std::uint64_t length) const {
  std::uint64_t slabs = (length + options_.slab_bytes - 1) / options_.slab_bytes;
  for (const Range& range : ranges_) slabs += slabs_of(range);
  return slabs <= options_.window_slabs;
}

void DownloadMachine::begin_range() {
  Range range;
  range.number = ++last_range_;
  range.begin = range.position = range.delivered = range.progress_at = next_;
  next_ += next_length();
  range.end = next_;
  ranges_.push_back(range);
  issue(ranges_.back());
}

void DownloadMachine::issue(Range& range) {
  range.state = State::calling;
  range.request = ++last_request_;
  range.sent_at = now_;
  range.call_end = range.end;
  ++range.attempts;
  FetchAction action{Fetch::read, range.number, range.request, range.position, range.end - range.position, 0, {}};
  if (!ranges_allowed_) {
    action.offset = 0;
    action.length = options_.object_size;
    action.skip = range.position;
  }
  actions_.push_back(action);
}

/// The call of a range has ended, in one way or another.
void DownloadMachine::ended(Range& range, Status status) {
  note_progress(range);
  if (!options_.sized && status.ok()) end_ = next_ = range.end = range.call_end = range.position;
  if (range.position == range.call_end) {  // whatever the end looked like, every byte is here
    range.attempts = 0;
    if (range.position == range.end) {
      range.state = State::complete;
      lanes_.completed();
    } else {
      issue(range);  // it grew meanwhile
    }
    return;
  }
  if (status.ok()) status = Status(Kind::network, "the answer ended early").with(Retry::transient);
  if (!again(range, status)) finish(give_up(range, status));
}

void DownloadMachine::note_progress(Range& range) {
  const std::uint64_t came = range.position - range.progress_at;
  if (came < options_.progress_bytes && range.position != range.call_end) return;
  range.progress_at = range.position;
  range.attempts = 0;
  range.refreshes = 0;
  tokens_.succeeded(std::exchange(range.tokens, 0));
}

/// Makes the range wait for another attempt; false if it is not to have one.
bool DownloadMachine::again(Range& range, const Status& status) {
  lanes_.failed(status, range.sent_at, now_);
  if (!status.retryable() || range.attempts >= options_.retry.max_attempts) return false;
  const bool refresh = status.retry() == Retry::credentials || status.retry() == Retry::clock;
  if (refresh && range.refreshes++ >= options_.retry.max_refreshes) return false;
  const std::uint32_t cost = RetryTokens::cost_of(status.retry());
  if (!tokens_.take(cost)) {
    out_of_tokens_ = true;
    return false;
  }
  range.tokens += cost;
  counts_.retries.count(status);
  counts_.last_retry = status;
  range.state = State::waiting;
  range.request = ++last_request_;
  const std::uint32_t failures = std::max<std::uint32_t>(range.attempts, 1);
  const auto delay = options_.retry.delay(status.error(), failures, options_.random);
  actions_.push_back({Fetch::wait, range.number, range.request, 0, 0, 0, delay});
  return true;
}

Status DownloadMachine::give_up(const Range& range, const Status& status) {
  Error error = status.error();
  if (out_of_tokens_) {
    error.cause += fmt::format(" (given up after {} retries of the whole download)", counts_.retries.total());
    if (error.advice.empty()) error.advice = "The store fails too often. Try again when it has recovered.";
  } else if (range.attempts > 1) {
    error.cause += fmt::format(" (given up after {} attempts)", range.attempts);
  }
  return Status(std::move(error)).during("read " + options_.url).at(range.position);
}

/// The origin turned out to have no ranges: what is behind the head is forgotten, and the head goes to the end.
void DownloadMachine::go_single() {
  while (ranges_.size() > 1) {
    actions_.push_back({Fetch::drop, ranges_.back().number, 0, 0, 0, 0, {}});
    ranges_.pop_back();
  }
  if (ranges_.empty()) return;
  Range& head = ranges_.front();
  head.end = next_ = end_;
  if (head.state == State::complete && head.position < head.end) issue(head);
}

DownloadCounts DownloadMachine::counts() const {
  DownloadCounts counts = counts_;
  counts.lanes = lanes_.limit();
  counts.under_way = under_way();
  return counts;
}

// --- the end ---

void DownloadMachine::judge() {
  if (!options_.crc64nvme || !options_.hashed) return finish({});
  verified_ = *options_.crc64nvme == crc_;
  if (verified_) return finish({});
  finish(Status(Kind::corrupt, fmt::format("the bytes have CRC64NVME {}, the store says {}", crc64nvme_base64(crc_),
                                           crc64nvme_base64(*options_.crc64nvme)))
             .during("read " + options_.url)
             .advise("What was read is not what is stored: do not use it, read it again."));
}

void DownloadMachine::finish(Status outcome) {
  outcome_ = std::move(outcome);
  for (const Range& range : ranges_) actions_.push_back({Fetch::drop, range.number, 0, 0, 0, 0, {}});
  ranges_.clear();
  actions_.push_back({Fetch::finished, 0, 0, 0, 0, 0, {}});
}

}  // namespace weir::transfer
