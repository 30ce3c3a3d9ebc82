#include "transfer/upload_machine.hpp"

#include <algorithm>
#include <utility>

namespace weir::transfer {
namespace {

// An abort is repeated on its own account: the job's tokens may be what ran out.
constexpr std::uint32_t kAbortAttempts = 5;

/// New work, which a pause holds back.
bool waits_while_paused(Do what) noexcept {
  return what == Do::begin || what == Do::put_part || what == Do::put_whole || what == Do::commit ||
         what == Do::list_parts || what == Do::check_part;
}

std::string part_of(const ReadyPart& part, const std::string& url) {
  return fmt::format("store part {} of {}", part.number, url);
}

}  // namespace

// --- inputs ---

void UploadMachine::part_ready(ReadyPart part) {
  if (outcome_ || failing()) return;
  total_bytes_ += part.length;
  queue_.push_back(part.number);
  parts_.push_back({part, {}, false});
  advance();
}

void UploadMachine::end_of_input() {
  ended_ = true;
  advance();
}

void UploadMachine::pause(bool on) {
  paused_ = on;
  if (on) return;
  for (auto& [id, request] : requests_) {
    if (request.state == Request::State::held) issue(id, request);
  }
  advance();
}

void UploadMachine::begin_done(std::uint64_t request, Result<std::string> answer) {
  if (answered(request, Do::begin) == nullptr) return;
  if (answer.ok()) upload_id_ = *answer, upload_open_ = true;
  if (phase_ == Phase::draining) {
    requests_.erase(request);
  } else if (answer.ok()) {
    succeeded(request);
    phase_ = options_.records ? Phase::noting : Phase::sending;
    if (options_.records) start(Do::note_upload);
  } else if (!again(request, answer.status())) {
    fail(give_up(request, answer.status(), "begin the upload of " + options_.url));
  }
  advance();
}

void UploadMachine::part_done(std::uint64_t request, Result<PartReceipt> answer) {
  Request* const asked = answered(request, Do::put_part);
  if (asked == nullptr) return;
  PartState& part = parts_[asked->part - 1];
  Status status = answer.ok() ? check_receipt(part, *answer) : answer.status();
  if (phase_ == Phase::draining) {
    requests_.erase(request);
  } else if (status.ok()) {
    part.receipt = std::move(*answer);
    counts_.bytes_acked += part.ready.length;
    ++counts_.parts_done;
    actions_.push_back({Do::release_part, 0, 0, part.ready.number, {}});
    if (noted_) note(part.ready.number);
    concurrency_.completed();
    succeeded(request);
  } else if (status.kind() == Kind::not_found && !status.retryable()) {
    requests_.erase(request);
    upload_gone(status.during(part_of(part.ready, options_.url)).at(part.ready.offset));
  } else if (!again(request, status)) {
    fail(give_up(request, status.at(part.ready.offset), part_of(part.ready, options_.url)));
  }
  advance();
}

void UploadMachine::abort_done(std::uint64_t request, const Status& answer) {
  Request* const asked = answered(request, Do::abort);
  if (asked == nullptr) return;
  if (answer.ok()) {
    upload_open_ = false;
    removed_ = phase_ == Phase::aborting;
  } else if (answer.retryable() && asked->attempts < kAbortAttempts) {
    asked->state = Request::State::waiting;
    const auto delay = options_.retry.delay(answer.error(), asked->attempts, options_.random);
    actions_.push_back({Do::wait, request, asked->attempts, 0, delay});
    return;
  } else if (phase_ == Phase::aborting) {
    Error error = failure_.error();
    if (!error.advice.empty()) error.advice += '\n';
    error.advice += fmt::format("The unfinished upload {} of {} could not be removed ({}): remove it at the store.",
                                upload_id_, options_.url, answer.error().cause);
    failure_ = Status(std::move(error));
  }
  requests_.erase(request);
  if (phase_ == Phase::aborting) return finish(failure_);
  if (phase_ == Phase::asking) {
    // The earlier process's: whatever is left of it, ours is another.
    upload_open_ = noted_ = false;
    phase_ = Phase::beginning;
    start(Do::begin);
  }
  advance();
}

bool UploadMachine::aborts(std::uint64_t request) const {
  const auto found = requests_.find(request);
  return found != requests_.end() && found->second.what == Do::abort;
}

void UploadMachine::timer_fired(std::uint64_t request) {
  const auto found = requests_.find(request);
  if (found == requests_.end() || found->second.state != Request::State::waiting) return;
  found->second.state = Request::State::held;
  if (!paused_ || !waits_while_paused(found->second.what)) issue(request, found->second);
}

// --- requests ---

void UploadMachine::start(Do what, std::uint32_t part) {
  Request& request = requests_[++last_request_];
  request.what = what;
  request.part = part;
  if (!paused_ || !waits_while_paused(what)) issue(last_request_, request);
}

void UploadMachine::issue(std::uint64_t id, Request& request) {
  request.state = Request::State::calling;
  request.sent_at = now_;
  actions_.push_back({request.what, id, ++request.attempts, request.part, {}});
}

/// The request that this answer belongs to, if any still waits for it.
UploadMachine::Request* UploadMachine::answered(std::uint64_t id, Do what) {
  const auto found = requests_.find(id);
  if (found == requests_.end() || found->second.what != what) return nullptr;
  return found->second.state == Request::State::calling ? &found->second : nullptr;
}

void UploadMachine::succeeded(std::uint64_t id) {
  const auto found = requests_.find(id);
  tokens_.succeeded(found->second.tokens);
  requests_.erase(found);
}

/// What one more attempt costs, or nothing if the request has had its attempts of that kind. Counts the retry.
std::optional<std::uint32_t> UploadMachine::price_of(Request& request, const Status& status) {
  const bool corrupt =
      status.kind() == Kind::corrupt && (request.what == Do::put_part || request.what == Do::put_whole);
  if (!corrupt && !status.retryable()) return {};
  if (request.attempts >= options_.retry.max_attempts) return {};
  const bool refresh = status.retry() == Retry::credentials || status.retry() == Retry::clock;
  if (corrupt && request.resends++ >= options_.retry.max_resends) return {};
  if (refresh && request.refreshes++ >= options_.retry.max_refreshes) return {};
  const std::uint32_t cost = RetryTokens::cost_of(status.retry());
  if (!tokens_.take(cost)) {
    out_of_tokens_ = true;
    return {};
  }
  counts_.last_retry = status;
  counts_.retries.count(status);
  return cost;
}

/// Makes the request wait for another attempt; false if it is not to have one.
bool UploadMachine::again(std::uint64_t id, const Status& status) {
  Request& request = requests_[id];
  concurrency_.failed(status, request.sent_at, now_);
  const std::optional<std::uint32_t> cost = price_of(request, status);
  if (!cost) return false;
  request.tokens += *cost;
  request.state = Request::State::waiting;
  const auto delay = options_.retry.delay(status.error(), request.attempts, options_.random);
  actions_.push_back({Do::wait, id, request.attempts, request.part, delay});
  return true;
}

/// Ends a request that is not to have another attempt; the status to report.
Status UploadMachine::give_up(std::uint64_t id, Status status, std::string operation) {
  status.during(std::move(operation));
  const std::uint32_t attempts = requests_[id].attempts;
  requests_.erase(id);
  Error error = status.error();
  if (std::exchange(out_of_tokens_, false)) {
    error.cause += fmt::format(" (given up after {} retries of the whole upload)", counts_.retries.total());
    if (error.advice.empty()) error.advice = "The store fails too often. Try again when it has recovered.";
  } else if (attempts > 1) {
    error.cause += fmt::format(" (given up after {} attempts)", attempts);
  }
  return Status(std::move(error));
}

Status UploadMachine::check_receipt(const PartState& part, const PartReceipt& receipt) const {
  if (receipt.length != part.ready.length) {
    return Status(Kind::corrupt, fmt::format("{} bytes of the part's {} were sent", receipt.length, part.ready.length));
  }
  const bool both = part.ready.crc64nvme && receipt.crc64nvme;
  if (options_.verify && both && *part.ready.crc64nvme != *receipt.crc64nvme) {
    return Status(Kind::corrupt, "the bytes that were sent are not those that were read: their checksums differ");
  }
  return {};
}

// --- the way forward ---

void UploadMachine::advance() {
  if (phase_ == Phase::idle && !paused_ && may_open()) open();
  if (phase_ == Phase::sending) {
    fill();
    adapt();
  }
  if (phase_ == Phase::draining) drained();
}

/// What may be the whole waits for the word of its source, which may yet say at its end that the bytes were wrong.
bool UploadMachine::may_open() const { return ended_ || (!parts_.empty() && !parts_[0].ready.last); }

/// One request where the whole fits a part, else an upload in parts.
void UploadMachine::open() {
  if (options_.earlier) return ask_earlier();
  const bool one = parts_.size() == 1 && ended_;
  if (parts_.empty() || (one && parts_[0].ready.length <= options_.max_single_bytes)) {
    phase_ = Phase::whole;
    queue_.clear();
    start(Do::put_whole, parts_.empty() ? 0 : 1);
  } else {
    phase_ = Phase::beginning;
    start(Do::begin);
  }
}

void UploadMachine::fill() {
  while (!paused_ && !queue_.empty() && parts_in_flight() < concurrency_.limit()) {
    const std::uint32_t number = queue_.front();
    queue_.pop_front();
    if (!go_on(number)) start(Do::put_part, number);
  }
  if (phase_ != Phase::sending) return;
  if (ended_ && parts_.empty()) return refuse_empty();
  if (!ended_ || counts_.parts_done != parts_.size()) return;
  // All is written down before it is complete: who is killed in between knows by that.
  if (all_noted()) return look_or_commit();
  if (!syncing_) start_sync();
}

/// Learns from how it goes. A pause is not how it goes.
void UploadMachine::adapt() {
  if (paused_ || phase_ != Phase::sending) return;
  const std::uint32_t before = concurrency_.limit();
  // What is only read again says nothing of the network.
  concurrency_.observe(now_, counts_.bytes_acked - counts_.bytes_resumed + sent_under_way_,
                       parts_in_flight() - checks_in_flight());
  if (concurrency_.limit() > before) fill();
}

std::uint32_t UploadMachine::parts_in_flight() const noexcept {
  // While parts are sent, every request is one of a part, but for syncs.
  return phase_ == Phase::sending || phase_ == Phase::draining
             ? static_cast<std::uint32_t>(requests_.size()) - (syncing_ ? 1 : 0)
         : phase_ == Phase::whole ? 1
                                  : 0;
}

std::uint32_t UploadMachine::checks_in_flight() const noexcept {
  return static_cast<std::uint32_t>(std::count_if(
      requests_.begin(), requests_.end(), [](const auto& entry) { return entry.second.what == Do::check_part; }));
}

UploadProgress UploadMachine::progress() const noexcept {
  UploadProgress progress = counts_;
  progress.parts_in_flight = parts_in_flight();
  progress.concurrency = concurrency_.limit();
  return progress;
}

std::vector<PartReceipt> UploadMachine::receipts() const {
  std::vector<PartReceipt> receipts;
  receipts.reserve(parts_.size());
  for (const PartState& part : parts_) receipts.push_back(*part.receipt);
  return receipts;
}

}  // namespace weir::transfer
