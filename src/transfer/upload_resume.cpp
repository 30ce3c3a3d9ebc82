// How an upload goes on with what an earlier process began: the store says which parts it has, the source must still
// have their bytes, and only the rest is sent.
#include <set>
#include <utility>

#include "transfer/upload_machine.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/units.hpp"

namespace weir::transfer {
namespace {

/// Nobody can or will say which parts there are.
bool says_nothing(const Status& status) {
  return !status.retryable() && (status.kind() == Kind::unsupported || status.kind() == Kind::access_denied);
}

bool same_part(const PartReceipt& ours, const PartReceipt& theirs) {
  return ours.length == theirs.length && ours.etag == theirs.etag &&
         (!ours.crc64nvme || !theirs.crc64nvme || *ours.crc64nvme == *theirs.crc64nvme);
}

}  // namespace

// --- what the store has ---

void UploadMachine::ask() {
  if (phase_ == Phase::idle && options_.earlier && !outcome_ && !failing()) ask_earlier();
}

void UploadMachine::ask_earlier() {
  upload_id_ = options_.earlier->id;
  upload_open_ = noted_ = true;
  phase_ = Phase::asking;
  start(Do::list_parts);
}

std::optional<std::vector<PartReceipt>> UploadMachine::stored_front() const {
  if (phase_ == Phase::idle || phase_ == Phase::asking) return {};
  std::vector<PartReceipt> front;
  std::uint64_t offset = 0;
  for (const auto& [number, candidate] : candidates_) {
    const PartReceipt& part = candidate.receipt;
    if (!candidate.noted || number != front.size() + 1 || part.offset != offset) break;
    offset += part.length;
    front.push_back(part);
  }
  return front;
}

void UploadMachine::list_done(std::uint64_t request, Result<std::vector<PartReceipt>> answer) {
  if (answered(request, Do::list_parts) == nullptr) return;
  const Status status = answer.status();
  if (phase_ == Phase::draining) {
    requests_.erase(request);
  } else if (answer.ok()) {
    succeeded(request);
    match(*answer);
    phase_ = Phase::sending;
  } else if (status.kind() == Kind::not_found && !status.retryable()) {
    requests_.erase(request);
    earlier_gone(status);
  } else if (says_nothing(status)) {
    requests_.erase(request);
    if (!options_.can_resend_all && options_.begins_again) return start(Do::inspect), advance();
    trust_notes();
    phase_ = Phase::sending;
  } else if (!again(request, status)) {
    fail(give_up(request, status, "ask what the store has of the upload of " + options_.url));
  }
  advance();
}

/// The store wins: what it does not list is sent again, and a part that was not written down any more counts if the
/// store tells its checksum.
void UploadMachine::match(const std::vector<PartReceipt>& listed) {
  std::map<std::uint32_t, const PartReceipt*> ours;
  for (const PartReceipt& part : options_.earlier->parts) ours[part.number] = &part;
  for (const PartReceipt& theirs : listed) {
    const auto found = ours.find(theirs.number);
    if (found != ours.end() && found->second->crc64nvme && same_part(*found->second, theirs)) {
      candidates_[theirs.number] = {*found->second, true};
    } else if (theirs.crc64nvme) {
      candidates_[theirs.number] = {theirs, false};
    }
  }
  count_earlier();
}

void UploadMachine::trust_notes() {
  for (const PartReceipt& part : options_.earlier->parts) {
    if (part.crc64nvme) candidates_[part.number] = {part, true};
  }
  count_earlier();
}

void UploadMachine::count_earlier() {
  counts_.bytes_earlier = 0;
  for (const auto& [number, candidate] : candidates_) counts_.bytes_earlier += candidate.receipt.length;
}

/// The store does not say whether the upload is still there, and a stream's parts are let go as they are found stored:
/// they could not be sent again. If the object has the size of all that was sent, it was completed, as far as anybody
/// can tell, and all is sent anew; in case it was not, it is removed.
void UploadMachine::earlier_looked(const Result<Stored>& answer) {
  std::uint64_t sent = 0;
  for (const PartReceipt& part : options_.earlier->parts) sent += part.length;
  if (answer.ok() && answer->length == sent) return start(Do::abort);
  trust_notes();
  phase_ = Phase::sending;
}

/// Removed by a lifecycle rule, or completed just before the earlier process ended: if all was sent, a look at the
/// object tells.
void UploadMachine::earlier_gone(const Status& status) {
  upload_open_ = noted_ = false;
  candidates_.clear();
  if (earlier_sent_all() || options_.earlier->all) {
    looks_for_earlier_ = true;
    trust_notes();
    earlier_gone_ = status;
    phase_ = Phase::sending;
    return;
  }
  phase_ = Phase::beginning;
  start(Do::begin);
}

/// The earlier process may have completed the upload, and nobody has looked whether it did.
bool UploadMachine::earlier_sent_all() const {
  if (!options_.earlier || looks_for_earlier_ || !ended_) return false;
  std::set<std::uint32_t> sent;
  for (const PartReceipt& part : options_.earlier->parts) {
    const bool fits = part.number != 0 && part.number <= parts_.size() && part.crc64nvme.has_value() &&
                      parts_[part.number - 1].ready.length == part.length;
    if (fits) sent.insert(part.number);
  }
  return sent.size() == parts_.size();
}

/// A store may still be at work on the completion that the earlier process asked for: the upload is gone by then, and
/// the object not there yet.
void UploadMachine::look_again() {
  const auto delay = std::chrono::milliseconds(250) * (1u << (kLooks - looks_left_--));
  Request& request = requests_[++last_request_];
  request.what = Do::inspect;
  request.state = Request::State::waiting;
  actions_.push_back({Do::wait, last_request_, 0, 0, delay});
}

// --- what the source has ---

/// False: the part is to be sent. Otherwise it need not be, or that is being found out.
bool UploadMachine::go_on(std::uint32_t number) {
  const auto found = candidates_.find(number);
  if (found == candidates_.end()) return false;
  const ReadyPart& part = parts_[number - 1].ready;
  if (found->second.receipt.length != part.length) {
    candidates_.erase(found);
    return false;
  }
  if (!part.crc64nvme || options_.syncs) {
    start(Do::check_part, number);
  } else if (*part.crc64nvme == *found->second.receipt.crc64nvme) {
    take_over(number);
  } else {
    return differs(part, *part.crc64nvme);
  }
  return true;
}

void UploadMachine::check_done(std::uint64_t request, Result<std::uint64_t> crc64nvme) {
  Request* const asked = answered(request, Do::check_part);
  if (asked == nullptr) return;
  const std::uint32_t number = asked->part;
  if (phase_ == Phase::draining) {
    requests_.erase(request);
  } else if (options_.syncs && crc64nvme.status().kind() == Kind::not_found) {
    requests_.erase(request);
    candidates_.erase(number);
    start(Do::put_part, number);
  } else if (!crc64nvme.ok()) {
    const ReadyPart& part = parts_[number - 1].ready;
    fail(give_up(request, crc64nvme.status().at(part.offset), fmt::format("read part {} again", number)));
  } else {
    requests_.erase(request);
    if (*crc64nvme == *candidates_[number].receipt.crc64nvme) {
      take_over(number);
    } else if (!differs(parts_[number - 1].ready, *crc64nvme)) {
      start(Do::put_part, number);
    }
  }
  advance();
}

Result<std::uint64_t> UploadMachine::recorded_crc(std::uint32_t number) const {
  const auto found = candidates_.find(number);
  if (found != candidates_.end() && found->second.receipt.crc64nvme) return *found->second.receipt.crc64nvme;
  return Status(Kind::not_found, "nothing is recorded of it");
}

void UploadMachine::take_over(std::uint32_t number) {
  PartState& part = parts_[number - 1];
  Candidate candidate = std::move(candidates_[number]);
  candidates_.erase(number);
  candidate.receipt.offset = part.ready.offset;
  part.receipt = std::move(candidate.receipt);
  counts_.bytes_acked += part.ready.length;
  counts_.bytes_resumed += part.ready.length;
  ++counts_.parts_done;
  ++counts_.parts_resumed;
  part.was_noted = candidate.noted;
  if (!candidate.noted) {
    actions_.push_back({Do::note_part, 0, 0, number, {}});
  } else if (options_.earlier->unsynced.contains(number)) {
    sync_later(number);
  }
  actions_.push_back({Do::release_part, 0, 0, number, {}});
}

/// False: nobody wrote down that we sent what the store has there, or nobody promised the same again, so ours is sent.
/// Otherwise the source has changed.
bool UploadMachine::differs(const ReadyPart& part, std::uint64_t crc_now) {
  if (!candidates_[part.number].noted || !options_.same_source) {
    candidates_.erase(part.number);
    return false;
  }
  leave(
      Status(Kind::source_changed,
             fmt::format("the bytes that were sent as part {} are not there any more: their crc64nvme was {} and is {}",
                         part.number, crc64nvme_base64(*candidates_[part.number].receipt.crc64nvme),
                         crc64nvme_base64(crc_now)))
          .during("go on with the upload of " + options_.url)
          .at(part.offset));
  return true;
}

/// More likely the producer failed than that nothing is to be stored.
void UploadMachine::refuse_empty() {
  leave(Status(Kind::source_changed, "the stream is empty, and an earlier run has sent parts of it")
            .during("go on with the upload of " + options_.url));
}

// --- what is left to a later process ---

void UploadMachine::note_done(std::uint64_t request, const Status& answer) {
  if (answered(request, Do::note_upload) == nullptr) return;
  requests_.erase(request);
  noted_ = answer.ok();
  if (phase_ == Phase::noting) phase_ = Phase::sending;
  advance();
}

void UploadMachine::suspend() { leave(Status(Kind::cancelled, "the upload was suspended")); }

void UploadMachine::leave(Status reason) {
  if (!failing() && !outcome_) keep_anyway_ = true;
  fail(std::move(reason));
}

bool UploadMachine::may_go_on() const noexcept {
  if (!failing() || (removed_ && counts_.parts_done > 0)) return false;
  // Where nobody can begin again, what there is goes only when that is asked for, or is of no use.
  const bool only_this =
      !options_.begins_again && failure_.kind() != Kind::cancelled && (upload_open_ || counts_.parts_done == 0);
  return keep_anyway_ || only_this || may_pass(failure_.kind());
}

bool UploadMachine::keeps() const {
  const bool anything = !options_.syncs || options_.earlier || counts_.parts_done > 0;
  return noted_ && anything && may_go_on();
}

std::string UploadMachine::kept_advice() const {
  if (failure_.kind() == Kind::source_changed && options_.begins_again) {
    return fmt::format(
        "The {} parts that were {}. Begin anew with what the source is now, without resuming; or put back what it was "
        "and run this again.",
        counts_.parts_resumed + candidates_.size(),
        options_.syncs ? "written stay in a temporary file" : "sent stay at the store");
  }
  if (counts_.parts_done == 0) return "Run this again.";
  return fmt::format("{} {} ({}) {} safe {}: run this again to go on.", counts_.parts_done,
                     counts_.parts_done == 1 ? "part" : "parts", format_size(counts_.bytes_acked),
                     counts_.parts_done == 1 ? "is" : "are", options_.syncs ? "on the disk" : "at the store");
}

}  // namespace weir::transfer
