#include "transfer/upload_driver.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "platform/platform.hpp"
#include "store/range_body.hpp"
#include "transfer/may_have_worked.hpp"

namespace weir::transfer {

UploadDriver::UploadDriver(std::shared_ptr<Target> target, MachineOptions options, std::shared_ptr<Replay> replay,
                           const std::shared_ptr<Executor>& executor, std::shared_ptr<RateLimiter> limiter,
                           std::function<void()> wake, std::shared_ptr<JobClaim> claim)
    : target_(std::move(target)),
      replay_(std::move(replay)),
      executor_(executor),
      limiter_(std::move(limiter)),
      machine_(std::move(options)),
      wake_(std::move(wake)),
      claim_(std::move(claim)) {}

UploadDriver::~UploadDriver() {
  if (target_.use_count() > 1) return;
  if (const auto executor = executor_.lock()) executor->post_blocking([target = std::move(target_)] {});
}

// --- inputs ---

void UploadDriver::part_ready(ReadyPart part, std::vector<Chunk> chunks) {
  drive([&](UploadMachine& machine) {
    if (machine.failing()) return;
    if (!replay_) {
      held_bytes_ += part.length;
      held_[part.number] = std::move(chunks);
    }
    machine.part_ready(part);
  });
}

void UploadDriver::end_of_input() {
  drive([](UploadMachine& machine) { machine.end_of_input(); });
}

void UploadDriver::ask() {
  drive([this](UploadMachine& machine) {
    asks_ = true;
    machine.ask();
  });
}

std::optional<std::vector<PartReceipt>> UploadDriver::stored_front() const {
  const Lock lock(mutex_);
  return machine_.stored_front();
}

void UploadDriver::fail(Status reason) {
  drive([&](UploadMachine& machine) { machine.fail(std::move(reason)); });
}

void UploadDriver::cancel() {
  drive([](UploadMachine& machine) { machine.cancel(); });
}

void UploadDriver::suspend() {
  drive([](UploadMachine& machine) { machine.suspend(); });
}

void UploadDriver::leave(Status reason) {
  drive([&](UploadMachine& machine) { machine.leave(std::move(reason)); });
}

void UploadDriver::pause(bool on) {
  drive([on](UploadMachine& machine) { machine.pause(on); });
}

void UploadDriver::let_go() {
  std::function<void()> gone;
  {
    const Lock lock(mutex_);
    gone.swap(wake_);
  }
  cancel();
}

// --- state ---

std::uint64_t UploadDriver::held_bytes() const {
  const Lock lock(mutex_);
  return held_bytes_;
}

UploadProgress UploadDriver::progress() const {
  const Lock lock(mutex_);
  return machine_.progress();
}

UploadDriver::Sent UploadDriver::sent() const {
  const Lock lock(mutex_);
  Sent sent{sent_bytes_, sent_under_way()};
  for (const auto& [number, call] : calls_) sent.total += call.flow ? call.flow->total() : 0;
  return sent;
}

Status UploadDriver::health() const {
  const Lock lock(mutex_);
  if (const auto& outcome = machine_.outcome()) return ended_ && !claim_ends_ ? outcome->status() : Status::pending();
  return machine_.failing() ? Status::pending() : Status();
}

std::optional<Result<UploadProof>> UploadDriver::outcome() const {
  const Lock lock(mutex_);
  return ended_ && !claim_ends_ ? machine_.outcome() : std::nullopt;
}

bool UploadDriver::may_go_on() const {
  const Lock lock(mutex_);
  return machine_.may_go_on();
}

// --- actions ---

void UploadDriver::drive(const Input& input, std::uint64_t ended_call) {
  Call gone;  // the call's handle goes after the lock
  Lock lock(mutex_);
  if (const auto found = calls_.find(ended_call); found != calls_.end()) {
    gone = std::move(found->second);
    calls_.erase(found);
    if (gone.flow) sent_bytes_ += gone.flow->total();
  }
  machine_.now(Time(platform::platform().monotonic_ns()), sent_under_way());
  input(machine_);
  for (const Action& action : machine_.take_actions()) actions_.push_back(action);
  if (asks_ && (machine_.stored_front() || machine_.failing())) asks_ = false, wake_due_ = true;
  if (std::exchange(performing_, true)) return;
  while (!actions_.empty()) {
    const Action action = actions_.front();
    actions_.pop_front();
    perform(action, lock);
  }
  performing_ = false;
  const std::function<void()> wake = std::exchange(wake_due_, false) ? wake_ : nullptr;
  lock.unlock();
  if (wake) wake();
}

/// Of the parts under way: as far as each is, which is not yet what the store has of it.
std::uint64_t UploadDriver::sent_under_way() const {
  std::uint64_t bytes = 0;
  for (const auto& [number, call] : calls_) {
    if (call.flow && !call.cancelled) bytes += std::min(call.flow->position(), machine_.part(call.action.part).length);
  }
  return bytes;
}

void UploadDriver::perform(const Action& action, Lock& lock) {
  switch (action.what) {
    case Do::wait:
      return later(action);
    case Do::release_part:
      return release(action.part, lock);
    case Do::cancel_calls:
      return cancel_calls(lock);
    case Do::note_part:
      return note_part(action.part, lock);
    case Do::note_written:
      return note_written(action.part, lock);
    case Do::finished:
      let_claim_go(lock);
      return release_all(lock);
    default:
      return prepare(action, lock);
  }
}

/// Makes the call; one that makes the object, only after a look (which may block) at the source.
void UploadDriver::prepare(const Action& action, Lock& lock) {
  const std::uint64_t number = ++last_call_;
  calls_[number].action = action;
  const std::uint64_t whole_bytes = action.what == Do::commit ? machine_.whole().length : 0;
  const std::shared_ptr<JobClaim> noted_by = action.what == Do::begin && tidy_ ? claim_ : nullptr;
  const bool waits = action.what == Do::commit && notes_under_way_ > 0;
  if (waits) commit_after_notes_ = number;
  lock.unlock();
  const bool look = replay_ && (action.what == Do::put_whole || (action.what == Do::commit && action.attempt == 1));
  const std::shared_ptr<Executor> executor = look ? executor_.lock() : nullptr;
  if (spool_ && action.what == Do::commit) {
    // All is written down before it is complete: who is killed in between must not need the producer for it.
    spool_->when_confirmed(whole_bytes, [self = shared_from_this(), number] { self->make_call(number); });
  } else if (waits) {
    // Where the store lists no parts, only their sum tells a next run whether the object was completed by this one, and
    // a stream's parts cannot be sent again: all are written down before.
  } else if (noted_by) {
    // Where it cannot be noted, only what it begins cannot be found again.
    noted_by->upload_begins([self = shared_from_this(), number](const Status&) { self->make_call(number); });
  } else if (!executor) {
    make_call(number);
  } else {
    executor->post_blocking([self = shared_from_this(), number, action] {
      if (Status changed = self->replay_->check_unchanged(); !changed.ok()) {
        self->answer_failure(number, action, std::move(changed));
      } else {
        self->make_call(number);
      }
    });
  }
  lock.lock();
}

void UploadDriver::make_call(std::uint64_t number) {
  Lock lock(mutex_);
  const Action action = calls_[number].action;
  if (calls_[number].cancelled) {
    lock.unlock();
    return answer_failure(number, action, Status(Kind::cancelled, "cancelled before it was sent"));
  }
  Part part = part_for(action);
  if (part.length > 0) part.flow = calls_[number].flow = std::make_shared<Flow>(limiter_);
  lock.unlock();
  Target::Cancel cancel = send(number, action, std::move(part));
  lock.lock();
  const auto found = calls_.find(number);
  if (found == calls_.end()) {  // it has ended already
    lock.unlock();
  } else if (found->second.cancelled) {
    lock.unlock();
    if (cancel) cancel();
  } else {
    found->second.cancel = std::move(cancel);
    lock.unlock();
  }
}

Part UploadDriver::part_for(const Action& action) const {
  Part part;
  if (action.what == Do::put_whole && action.part == 0) part.crc64nvme = 0;  // the empty object
  if ((action.what != Do::put_part && action.what != Do::put_whole) || action.part == 0) return part;
  const ReadyPart& ready = machine_.part(action.part);
  part.number = ready.number;
  part.offset = ready.offset;
  part.length = ready.length;
  part.crc64nvme = ready.crc64nvme;
  part.wants_crc = machine_.wants_crc();
  part.replay = replay_;
  if (const auto found = held_.find(ready.number); found != held_.end()) part.chunks = found->second;
  return part;
}

Target::Cancel UploadDriver::send(std::uint64_t number, const Action& action, Part part) {
  // Only calls that the machine still waits for are made, and only their answers change what is read here.
  Lock lock(mutex_);
  const std::string id = machine_.upload_id();
  std::vector<PartReceipt> receipts;
  Whole whole;
  if (action.what == Do::commit) {
    receipts = machine_.receipts();
    whole = machine_.whole();
  }
  lock.unlock();
  const auto reply = [self = shared_from_this(), number, request = action.request](auto input) {
    return [self, number, request, input](auto result) {
      self->answer(number, [&](UploadMachine& machine) { (machine.*input)(request, std::move(result)); });
    };
  };
  switch (action.what) {
    case Do::begin:
      return begin(number, action);
    case Do::put_part:
      return target_->put_part(id, std::move(part), reply(&UploadMachine::part_done));
    case Do::put_whole:
      return target_->put_whole(std::move(part),
                                [self = shared_from_this(), number, request = action.request](Result<Stored> result) {
                                  self->whole_answered(number, request, std::move(result));
                                });
    case Do::commit:
      return target_->commit(id, std::move(receipts), whole, reply(&UploadMachine::commit_done));
    case Do::list_parts:
      return target_->list_parts(id, reply(&UploadMachine::list_done));
    case Do::check_part:
      return check(number, action);
    case Do::note_upload:
      return note_upload(number, action);
    case Do::sync:
      return sync(number, action, id);
    case Do::abort:
      return target_->abort(
          id, [self = shared_from_this(), number, request = action.request](const Result<Target::None>& result) {
            self->answer(number, [&](UploadMachine& machine) { machine.abort_done(request, result.status()); });
          });
    default:
      return target_->inspect(reply(&UploadMachine::inspect_done));
  }
}

Target::Cancel UploadDriver::begin(std::uint64_t number, const Action& action) {
  std::shared_ptr<JobClaim> claim;
  {
    const Lock lock(mutex_);
    claim = tidy_ ? claim_ : nullptr;
  }
  return target_->begin([self = shared_from_this(), number, request = action.request,
                         claim = std::move(claim)](Result<std::string> result) {
    if (claim && has_begun_nothing(result.status())) claim->nothing_begun();
    self->answer(number, [&](UploadMachine& machine) { machine.begin_done(request, std::move(result)); });
  });
}

/// Reads the part again, on a thread that may block.
Target::Cancel UploadDriver::check(std::uint64_t number, const Action& action) {
  const std::shared_ptr<Executor> executor = executor_.lock();
  auto cancelled = std::make_shared<std::atomic<bool>>(false);
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::optional<std::uint64_t> crc;  // of the source's bytes, where they passed by
  {
    const Lock lock(mutex_);
    offset = machine_.part(action.part).offset;
    length = machine_.part(action.part).length;
    crc = machine_.part(action.part).crc64nvme;
  }
  if (kept_ && !kept_check_) {
    const bool good = kept_->good_bytes() >= offset + length;
    answer(number, [&](UploadMachine& machine) {
      machine.check_done(action.request, good ? machine.recorded_crc(action.part) : Status(Kind::not_found, "changed"));
    });
    return [] {};
  }
  if (!executor || !(replay_ || crc)) {
    answer_failure(number, action, Status(Kind::cancelled, "nothing is left to read it on"));
    return [] {};
  }
  executor->post_blocking([self = shared_from_this(), number, request = action.request, offset, length, crc,
                           cancelled] {
    const auto look = [&]() -> Result<std::uint64_t> {
      if (self->kept_check_) {
        WEIR_ASSIGN(const bool good, self->kept_check_->is_good(offset + length, *cancelled));
        if (!good) return Status(Kind::not_found, "what was stored is not what it was");
      }
      if (crc) return *crc;
      WEIR_ASSIGN(const store::RangeSums sums, store::sums_of_range(*self->replay_, offset, length, false, *cancelled));
      return sums.crc64nvme;
    };
    const Result<std::uint64_t> found = look();
    self->answer(number, [&](UploadMachine& machine) { machine.check_done(request, found); });
  });
  return [cancelled] { cancelled->store(true); };
}

Target::Cancel UploadDriver::sync(std::uint64_t number, const Action& action, const std::string& id) {
  return target_->sync(id, [self = shared_from_this(), number, request = action.request](const auto& result) {
    self->answer(number, [&](UploadMachine& machine) { machine.sync_done(request, result.status()); });
  });
}

/// Without a claim there is nothing to go on with later.
Target::Cancel UploadDriver::note_upload(std::uint64_t number, const Action& action) {
  std::shared_ptr<JobClaim> claim;
  std::string id;
  {
    const Lock lock(mutex_);
    claim = claim_;
    id = machine_.upload_id();
  }
  if (!claim) {
    answer_failure(number, action, Status(Kind::unsupported, "there is no ledger"));
    return [] {};
  }
  claim->upload_begun(id, [self = shared_from_this(), number, request = action.request](const Status& status) {
    if (!status.ok() && self->spool_) self->spool_->stop_keeping();
    self->answer(number, [&](UploadMachine& machine) { machine.note_done(request, status); });
  });
  return [] {};
}

void UploadDriver::note_part(std::uint32_t part, Lock& lock) {
  const std::shared_ptr<JobClaim> claim = claim_;
  const std::optional<PartReceipt> receipt = machine_.receipt(part);
  if (!claim || !receipt) return;
  std::function<void(Status)> done;
  if (spool_) {
    done = [spool = spool_, offset = receipt->offset, length = receipt->length](const Status& status) {
      status.ok() ? spool->confirmed(offset, length) : spool->stop_keeping();
    };
  } else if (!replay_) {
    ++notes_under_way_;
    done = [self = shared_from_this()](const Status&) { self->note_is_written(); };
  }
  lock.unlock();
  claim->part_stored(*receipt, std::move(done));
  lock.lock();
}

/// Or cannot be, which the ledger tells by itself.
void UploadDriver::note_is_written() {
  Lock lock(mutex_);
  const std::uint64_t commit = --notes_under_way_ == 0 ? std::exchange(commit_after_notes_, 0) : 0;
  lock.unlock();
  if (commit != 0) make_call(commit);
}

void UploadDriver::note_written(std::uint32_t part, Lock& lock) {
  const std::shared_ptr<JobClaim> claim = claim_;
  const std::optional<PartReceipt> receipt = machine_.receipt(part);
  const std::shared_ptr<Executor> executor = executor_.lock();
  if (!claim || !receipt || !executor) return;
  lock.unlock();
  executor->post_blocking([claim, receipt = *receipt] { claim->part_written(receipt); });
  lock.lock();
}

/// What the store has no upload of any more, nobody goes on with. The end is told once that is written, so that whoever
/// hears of it may go on at once.
void UploadDriver::let_claim_go(Lock& lock) {
  std::shared_ptr<JobClaim> claim = std::exchange(claim_, nullptr);
  if (!claim) return;
  // What a producer has handed over is safe here too.
  const bool over = !machine_.upload_open() && !(spool_ && machine_.may_go_on());
  claim_ends_ = true;
  const std::string id = machine_.upload_id();
  const bool stored = !machine_.failing();
  lock.unlock();
  if (spool_) spool_->close();  // who claims the job next has its file
  const bool lost = over && tidy_ && !claim->lost_begins().empty();
  const std::shared_ptr<Executor> executor = lost ? executor_.lock() : nullptr;
  if (executor) {
    executor->post_blocking(
        [self = shared_from_this(), claim, id, stored] { self->end_claim(claim, self->tidy_(*claim, id, stored)); });
  } else {
    end_claim(claim, over);
  }
  claim.reset();
  lock.lock();
}

void UploadDriver::end_claim(const std::shared_ptr<JobClaim>& claim, bool over) {
  if (over) claim->finished();
  claim->let_go([self = shared_from_this()] {
    Lock inner(self->mutex_);
    self->claim_ends_ = false;
    const std::function<void()> wake = self->wake_;
    inner.unlock();
    if (wake) wake();
  });
}

/// The object is there at once, so the source is looked at once more: it may have changed while it was read.
void UploadDriver::whole_answered(std::uint64_t number, std::uint64_t request, Result<Stored> result) {
  const auto tell = [self = shared_from_this(), number, request](const Result<Stored>& stored) {
    self->answer(number, [&](UploadMachine& machine) { machine.whole_done(request, stored); });
  };
  const std::shared_ptr<Executor> executor = replay_ && result.ok() ? executor_.lock() : nullptr;
  if (!executor) return tell(result);
  executor->post_blocking([replay = replay_, url = target_->url(), tell, result = std::move(result)] {
    Status changed = replay->check_unchanged();
    if (changed.ok()) return tell(result);
    changed.advise(fmt::format("What is stored as {} may be a mixture: do not use it, upload it again.", url));
    tell(changed);
  });
}

void UploadDriver::answer(std::uint64_t number, const Input& input) { drive(input, number); }

/// For the calls that are looked at before they are made.
void UploadDriver::answer_failure(std::uint64_t number, const Action& action, Status status) {
  answer(number, [&](UploadMachine& machine) {
    const std::uint64_t request = action.request;
    switch (action.what) {
      case Do::begin:
        return machine.begin_done(request, std::move(status));
      case Do::put_part:
        return machine.part_done(request, std::move(status));
      case Do::put_whole:
        return machine.whole_done(request, std::move(status));
      case Do::commit:
        return machine.commit_done(request, std::move(status));
      case Do::abort:
        return machine.abort_done(request, status);
      case Do::list_parts:
        return machine.list_done(request, std::move(status));
      case Do::check_part:
        return machine.check_done(request, std::move(status));
      case Do::note_upload:
        return machine.note_done(request, status);
      case Do::sync:
        return machine.sync_done(request, status);
      default:
        return machine.inspect_done(request, std::move(status));
    }
  });
}

void UploadDriver::cancel_calls(Lock& lock) {
  std::vector<Target::Cancel> cancels;
  for (auto& [number, call] : calls_) {
    const Do what = call.action.what;
    if (what == Do::begin || what == Do::abort || what == Do::sync || std::exchange(call.cancelled, true)) continue;
    if (call.cancel) cancels.push_back(call.cancel);
  }
  lock.unlock();
  for (const Target::Cancel& cancel : cancels) cancel();
  cancels.clear();
  lock.lock();
}

void UploadDriver::release(std::uint32_t part, Lock& lock) {
  const auto found = held_.find(part);
  if (found == held_.end()) return;
  const ReadyPart done = machine_.part(part);
  held_bytes_ -= done.length;
  const std::shared_ptr<UploadSpool> spool = machine_.was_noted(part) ? spool_ : nullptr;
  std::vector<Chunk> chunks = std::move(found->second);
  held_.erase(found);
  wake_due_ = true;
  lock.unlock();
  if (spool) spool->confirmed(done.offset, done.length);
  chunks.clear();  // may run the owner's code
  lock.lock();
}

void UploadDriver::release_all(Lock& lock) {
  std::map<std::uint32_t, std::vector<Chunk>> chunks = std::exchange(held_, {});
  held_bytes_ = 0;
  wake_due_ = true;
  lock.unlock();
  chunks.clear();
  lock.lock();
  ended_ = true;  // who hears of it finds nothing held any more
}

void UploadDriver::later(const Action& action) {
  const std::shared_ptr<Executor> executor = executor_.lock();
  if (!executor) return;  // the host takes everything down: nothing is left to run on
  // A wait may be minutes: it keeps the driver, and the source's file with it, only where an upload is to be removed.
  const std::shared_ptr<UploadDriver> kept = machine_.aborts(action.request) ? shared_from_this() : nullptr;
  executor->post_after(action.delay, [weak = weak_from_this(), kept, request = action.request] {
    if (const auto self = weak.lock()) {
      self->drive([request](UploadMachine& machine) { machine.timer_fired(request); });
    }
  });
}

}  // namespace weir::transfer
