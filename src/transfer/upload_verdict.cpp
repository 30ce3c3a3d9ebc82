// How an upload ends: commit, what its lost replies mean, proof, abort.
#include <algorithm>
#include <utility>

#include "transfer/may_have_worked.hpp"
#include "transfer/upload_machine.hpp"
#include "weir/codec/checksum.hpp"

namespace weir::transfer {

// --- the store's word ---

void UploadMachine::commit_done(std::uint64_t request, Result<Stored> answer) {
  if (answered(request, Do::commit) == nullptr) return;
  const Status status = answer.status();
  if (answer.ok()) {
    upload_open_ = false;
    stored_ = true;
    succeeded(request);
    if (phase_ == Phase::committing) judge(std::move(*answer));
  } else if (phase_ == Phase::draining) {
    in_doubt_ = true;
    requests_.erase(request);
  } else if (status.kind() == Kind::not_found && !status.retryable()) {
    requests_.erase(request);
    // An earlier process may have asked for the completion too, just before it was killed.
    if (in_doubt_ || counts_.parts_resumed > 0) {
      settle(status, true);
    } else {
      upload_gone(status);
    }
  } else if (in_doubt_ = in_doubt_ || may_have_worked(status); !again(request, status)) {
    Status reason = give_up(request, status, "complete " + options_.url);
    if (in_doubt_) {
      settle(std::move(reason), false);
    } else {
      fail(std::move(reason));
    }
  }
  advance();
}

void UploadMachine::whole_done(std::uint64_t request, Result<Stored> answer) {
  if (answered(request, Do::put_whole) == nullptr) return;
  const Status status = answer.status();
  if (answer.ok()) {
    stored_ = true;
    sent_crc_ = answer->sent_crc64nvme;
    succeeded(request);
    if (phase_ == Phase::whole) judge(std::move(*answer));
  } else if (phase_ == Phase::draining) {
    in_doubt_ = true;
    requests_.erase(request);
  } else if (in_doubt_ = in_doubt_ || may_have_worked(status); !again(request, status)) {
    Status reason = give_up(request, status, "store " + options_.url);
    if (in_doubt_ && our_crc()) {
      settle(std::move(reason), false);
    } else {
      fail(std::move(reason));
    }
  }
  advance();
}

void UploadMachine::inspect_done(std::uint64_t request, Result<Stored> answer) {
  if (answered(request, Do::inspect) == nullptr) return;
  const Status status = answer.status();
  if (phase_ == Phase::draining) {
    requests_.erase(request);
  } else if (answer.ok() || !again(request, status)) {
    Status reason;
    if (answer.ok()) {
      succeeded(request);
    } else {
      reason = give_up(request, status, "look at what is stored as " + options_.url);
    }
    if (phase_ == Phase::asking) {
      earlier_looked(answer);
    } else if (phase_ == Phase::looking) {
      looked(answer);
    } else if (phase_ == Phase::settling) {
      settled(answer);
    } else if (answer.ok()) {
      judge(std::move(*answer));
    } else if (status.kind() == Kind::access_denied || status.kind() == Kind::unsupported) {
      // A key that may write but not read: the object is there, but nobody can show us its checksum.
      judge({total_bytes_, etag_, {}, {}});
    } else {
      fail(std::move(reason));
    }
  }
  advance();
}

/// The store says that it has the object: compare what it has with what was sent.
void UploadMachine::judge(Stored stored) {
  const std::optional<std::uint64_t> ours = our_crc();
  const auto refuse = [&](std::string cause) {
    fail(Status(Kind::corrupt, std::move(cause))
             .during("prove " + options_.url)
             .advise("What is stored there is not what was sent: do not use it, upload it again."));
  };
  if (stored.length != total_bytes_) {
    return refuse(fmt::format("{} bytes were sent and the store has {}", total_bytes_, stored.length));
  }
  if (ours && stored.crc64nvme && *stored.crc64nvme != *ours) {
    return refuse(fmt::format("the store's checksum crc64nvme {} is not ours, {}", crc64nvme_base64(*stored.crc64nvme),
                              crc64nvme_base64(*ours)));
  }
  if (ours && sent_crc_ && *sent_crc_ != *ours) return refuse("the bytes that were sent are not those that were read");
  if (etag_.empty()) etag_ = stored.etag;
  const bool verified = ours && stored.crc64nvme;
  // Where no checksum is wanted, the store's answer is its word for the whole body (RFC 9110, section 15.3).
  if (!verified && ours && !std::exchange(inspected_, true)) {
    phase_ = Phase::verifying;
    start(Do::inspect);
    return;
  }
  stored.etag = etag_;
  counts_.bytes_acked = total_bytes_;
  counts_.parts_done = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(parts_.size()));
  outcome_ = UploadProof{std::move(stored), total_bytes_, ours, verified, counts_.parts_done};
  phase_ = Phase::finished;
  actions_.push_back({Do::finished, 0, 0, 0, {}});
}

/// Our checksum of the whole, if that of every part is known.
std::optional<std::uint64_t> UploadMachine::crc_of_all() const {
  std::uint64_t crc = 0;
  for (const PartState& part : parts_) {
    std::optional<std::uint64_t> known = part.receipt ? part.receipt->crc64nvme : std::nullopt;
    if (!known) known = part.ready.crc64nvme ? part.ready.crc64nvme : sent_crc_;
    if (!known) return {};
    crc = crc64nvme_combine(crc, *known, part.ready.length);
  }
  return crc;
}

// --- commit ---

/// Without checksums of the store, only the ETag will tell a new object from what was there: asks for it first.
void UploadMachine::look_or_commit() {
  if (earlier_gone_.failed()) return settle(earlier_gone_, true);
  const bool blind =
      std::any_of(parts_.begin(), parts_.end(), [](const auto& p) { return p.receipt->checksum.empty(); });
  phase_ = blind && options_.verify ? Phase::looking : Phase::committing;
  start(phase_ == Phase::looking ? Do::inspect : Do::commit);
}

void UploadMachine::looked(const Result<Stored>& answer) {
  if (answer.ok()) etag_before_ = answer->etag;
  if (answer.status().kind() == Kind::not_found) etag_before_.emplace();
  phase_ = Phase::committing;
  start(Do::commit);
}

// --- lost replies and lost uploads ---

/// A reply was lost: looks whether the object is there. `doubt` is the error that counts if it is not.
void UploadMachine::settle(Status doubt, bool upload_gone) {
  doubt_ = std::move(doubt);
  upload_gone_ = upload_gone;
  inspected_ = true;
  phase_ = Phase::settling;
  start(Do::inspect);
}

void UploadMachine::settled(const Result<Stored>& answer) {
  // An object of our length without a checksum may be an older one. It is ours if the upload is gone after we asked
  // for its completion and what is there now was not there before; a store that only kept failing proves nothing.
  const auto crc = our_crc();
  const bool ours = answer.ok() && answer->length == total_bytes_ &&
                    (answer->crc64nvme && crc ? *answer->crc64nvme == *crc
                                              : upload_gone_ && etag_before_ && *etag_before_ != answer->etag);
  if (ours) {
    upload_open_ = false;
    stored_ = true;
    judge(*answer);
    return;
  }
  if (earlier_gone_.failed() && looks_left_ > 0) return look_again();
  // What is there may still be ours, damaged or not to be told from an older one; unless this shows that it cannot be.
  const bool untouched = answer.ok() ? answer->length != total_bytes_ || (etag_before_ && *etag_before_ == answer->etag)
                                     : answer.status().kind() == Kind::not_found;
  if (untouched) in_doubt_ = false;
  if (upload_gone_ && (answer.ok() || untouched)) {
    upload_gone(doubt_);
  } else {
    fail(doubt_);
  }
}

/// The store does not know the upload any more. Begins anew once, if all parts can be sent again.
void UploadMachine::upload_gone(const Status& status) {
  upload_open_ = false;
  if (options_.can_resend_all && (earlier_sent_all() || counts_.restarts == 0)) {
    if (!earlier_sent_all()) ++counts_.restarts;
    gone_ = status;
    restarting_ = true;
    drain();
    return;
  }
  Error error = status.error();
  error.cause = fmt::format("the store has no upload {} any more: {}", upload_id_, error.cause);
  if (error.operation.empty()) error.operation = "complete " + options_.url;
  if (error.advice.empty()) {
    error.advice = "Something removed the unfinished upload, a lifecycle rule perhaps. Upload it again from the start.";
  }
  fail(Status(std::move(error)));
}

void UploadMachine::begin_anew() {
  restarting_ = false;
  queue_.clear();
  for (PartState& part : parts_) {
    part.receipt.reset();
    queue_.push_back(part.ready.number);
  }
  counts_.bytes_acked = counts_.bytes_resumed = 0;
  counts_.parts_done = counts_.parts_resumed = 0;
  candidates_.clear();
  earlier_gone_ = Status();
  noted_ = false;
  was_in_doubt_ = was_in_doubt_ || in_doubt_;
  in_doubt_ = false;
  etag_before_.reset();
  if (earlier_sent_all()) {
    earlier_gone(gone_);
    return fill();
  }
  phase_ = Phase::beginning;
  start(Do::begin);
}

// --- the end ---

void UploadMachine::fail(Status reason) {
  if (outcome_ || failing()) return;
  failure_ = std::move(reason);
  restarting_ = false;
  drain();
  advance();
}

/// Nothing new; what waits is dropped, what is under way is cancelled, and when all has ended drained() goes on.
void UploadMachine::drain() {
  std::erase_if(requests_, [](const auto& entry) { return entry.second.state != Request::State::calling; });
  queue_.clear();
  phase_ = Phase::draining;
  if (!requests_.empty()) actions_.push_back({Do::cancel_calls, 0, 0, 0, {}});
}

void UploadMachine::drained() {
  if (!requests_.empty()) return;
  if (restarting_) {
    begin_anew();
  } else if (upload_open_ && keeps() && !all_noted()) {
    phase_ = Phase::keeping;
    start_sync();
  } else if (!upload_open_ || keeps()) {
    kept_ = upload_open_;
    finish(failure_);
  } else {
    phase_ = Phase::aborting;
    start(Do::abort);
  }
}

void UploadMachine::finish(Status failure) {
  if (stored_ || in_doubt_ || was_in_doubt_) {
    Error error = failure.error();
    if (!error.advice.empty()) error.advice += '\n';
    error.advice += stored_ ? fmt::format("The store has completed {} all the same.", options_.url)
                            : fmt::format("Whether {} was completed all the same is not known.", options_.url);
    failure = Status(std::move(error));
  }
  if (kept_) failure.add_advice(kept_advice()).keep(counts_.bytes_acked);
  outcome_ = std::move(failure);
  phase_ = Phase::finished;
  actions_.push_back({Do::finished, 0, 0, 0, {}});
}

}  // namespace weir::transfer
