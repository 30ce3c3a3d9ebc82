#include "transfer/download_driver.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "platform/platform.hpp"
#include "weir/codec/checksum.hpp"

namespace weir::transfer {
namespace {

Time monotonic_now() { return Time(platform::platform().monotonic_ns()); }

}  // namespace

DownloadDriver::DownloadDriver(std::shared_ptr<Origin> origin, ObjectInfo object, DownloadMachineOptions options,
                               const Context& context, std::shared_ptr<RateLimiter> limiter)
    : origin_(std::move(origin)),
      object_(std::move(object)),
      budget_(context.budget),
      executor_(context.executor ? context.executor : Executor::default_pool()),
      most_slabs_(std::max<std::size_t>(context.grant_bytes / kSliceBytes, 2)),
      hashed_(options.hashed),
      begin_(options.begin),
      flow_(std::move(limiter)),
      machine_(std::move(options)),
      wake_(context.wake) {}

DownloadDriver::~DownloadDriver() {
  if (origin_.use_count() == 1) executor_->post_blocking([origin = std::move(origin_)] {});
}

// --- the consumer's side ---

void DownloadDriver::has_front(std::uint64_t bytes, std::uint64_t crc64nvme) {
  const Lock lock(mutex_);
  machine_.has_front(bytes, crc64nvme);
}

Result<Chunk> DownloadDriver::next() {
  Lock lock(mutex_);
  if (!std::exchange(started_, true)) {
    lock.unlock();
    drive([](DownloadMachine& machine) { machine.start(); });
    lock.lock();
  }
  if (machine_.outcome() && machine_.outcome()->failed()) return *machine_.outcome();
  const auto head = lanes_.find(machine_.head());
  if (head == lanes_.end() || head->second->chunks.empty()) {
    if (machine_.outcome()) return Chunk();
    return Status::pending();
  }
  Chunk chunk = std::move(head->second->chunks.front());
  head->second->chunks.pop_front();
  --waiting_chunks_;
  lock.unlock();
  drive([&](DownloadMachine& machine) { machine.delivered(chunk.size()); });
  go_on();
  return chunk;
}

void DownloadDriver::stop() {
  {
    const Lock lock(mutex_);
    wake_ = nullptr;
  }
  drive([](DownloadMachine& machine) { machine.fail(Status(Kind::cancelled, "the transfer was cancelled")); });
  // Another thread may be at the actions still: the memory is to be free now.
  Lock lock(mutex_);
  while (!lanes_.empty()) drop(lanes_.begin()->first, lock);
}

DownloadCounts DownloadDriver::counts() const {
  const Lock lock(mutex_);
  return machine_.counts();
}

bool DownloadDriver::verified() const {
  const Lock lock(mutex_);
  return machine_.verified();
}

// --- actions ---

void DownloadDriver::drive(const Input& input) {
  Lock lock(mutex_);
  const std::uint64_t head = machine_.head();
  machine_.now(monotonic_now());
  input(machine_);
  for (const FetchAction& action : machine_.take_actions()) actions_.push_back(action);
  // What comes next may have come long ago.
  bool wake_due = machine_.head() != head;
  if (!std::exchange(performing_, true)) {
    while (!actions_.empty()) {
      const FetchAction action = actions_.front();
      actions_.pop_front();
      wake_due = wake_due || action.what == Fetch::finished;
      perform(action, lock);
    }
    performing_ = false;
  }
  const std::function<void()> wake = wake_due ? wake_ : nullptr;
  lock.unlock();
  if (wake) wake();
}

void DownloadDriver::perform(const FetchAction& action, Lock& lock) {
  switch (action.what) {
    case Fetch::read:
      return read(action, lock);
    case Fetch::wait:
      return later(action);
    case Fetch::drop:
      return drop(action.range, lock);
    case Fetch::finished:
      return;
  }
}

void DownloadDriver::read(const FetchAction& action, Lock& lock) {
  if (machine_.outcome()) return;  // it has failed since this was decided
  std::shared_ptr<Lane>& place = lanes_[action.range];
  if (!place) place = std::make_shared<Lane>();
  const std::shared_ptr<Lane> lane = place;
  const std::uint64_t request = lane->request = action.request;
  lane->skip = action.skip;
  lane->skipped = lane->skipped_crc = 0;
  lane->again = 0;
  lane->granted = 0;
  lane->paced = lane->turn_came = false;
  lock.unlock();
  Origin::Running call = origin_->read(
      object_, action.offset, action.length,
      [self = shared_from_this(), lane, request](std::span<const std::byte> data) {
        return self->take(lane, request, data);
      },
      [self = shared_from_this(), lane, request](Status status) { self->read_done(lane, request, std::move(status)); });
  lock.lock();
  const bool over = lane->request != request;  // it has ended already, or was dropped
  if (!over) lane->call = call;
  const bool goes_on = !over && (std::exchange(lane->held_back, false) || std::exchange(lane->turn_came, false));
  lock.unlock();
  if (over) {
    if (call.cancel) call.cancel();
  } else if (goes_on && call.resume) {
    call.resume();
  }
  lock.lock();
}

void DownloadDriver::drop(std::uint64_t range, Lock& lock) {
  const auto found = lanes_.find(range);
  if (found == lanes_.end()) return;
  const std::shared_ptr<Lane> lane = std::move(found->second);
  lanes_.erase(found);
  waiting_chunks_ -= lane->chunks.size();
  std::deque<Chunk> unused = std::move(lane->chunks);  // let go outside the lock: whoever waits for memory is woken
  lane->chunks.clear();
  lane->request = 0;
  Origin::Running call = std::move(lane->call);
  lane->call = {};
  lock.unlock();
  if (call.cancel) call.cancel();
  unused.clear();
  Slab slab;
  {
    const Lock own(lane->own);
    std::swap(slab, lane->slab);
  }
  slab = {};
  lock.lock();
}

void DownloadDriver::later(const FetchAction& action) {
  executor_->post_after(action.delay, [weak = weak_from_this(), request = action.request] {
    if (const auto self = weak.lock()) {
      self->drive([request](DownloadMachine& machine) { machine.timer_fired(request); });
    }
  });
}

void DownloadDriver::read_done(const std::shared_ptr<Lane>& lane, std::uint64_t request, Status status) {
  const bool ranges = origin_->ranges();
  Origin::Running over;  // the call's handle goes after the lock
  drive([&](DownloadMachine& machine) {
    if (lane->request != request) return;
    lane->request = 0;
    lane->held_back = false;
    over = std::exchange(lane->call, {});
    machine.read_done(request, std::move(status), ranges);
  });
}

// --- the origin's side ---

Status DownloadDriver::take(const std::shared_ptr<Lane>& shared, std::uint64_t request,
                            std::span<const std::byte> data) {
  Lane& lane = *shared;
  Lock own(lane.own);
  WEIR_TRY(wait_turn(shared, request, data.size() - std::min(lane.again, data.size())));
  // They may come cut otherwise than the first time.
  std::size_t done = std::min(lane.again, data.size());
  lane.again -= done;
  const std::size_t before = done;
  if (lane.skip > 0) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(lane.skip, data.size() - done));
    WEIR_TRY(skip(lane, request, data.subspan(done, count)));
    done += count;
  }
  Status status = take_wanted(lane, request, data.subspan(done), done);
  // What was not taken whole comes again from its first byte.
  if (status.is_pending()) lane.again = done;
  lane.granted -= std::min(lane.granted, done - before);
  flow_.moved(done - before);
  own.unlock();
  if (done > before) wake_for(lane);
  return status;
}

/// ok where `bytes` that came may be taken now; else they come again when it is their turn.
Status DownloadDriver::wait_turn(const std::shared_ptr<Lane>& lane, std::uint64_t request, std::size_t bytes) {
  if (flow_.slice_bytes() == SIZE_MAX && lane->granted == 0) return {};
  const Time now = monotonic_now();
  if (bytes <= lane->granted) {
    if (now >= lane->due) return {};
    const Lock lock(mutex_);
    lane->paced = true;
    return Status::pending();
  }
  const Time wait = flow_.reserve(RateLimiter::Way::in, bytes - lane->granted);
  lane->granted = bytes;
  lane->due = now + wait;
  if (wait <= Time(0)) return {};
  {
    const Lock lock(mutex_);
    if (lane->request != request) return Status(Kind::cancelled, "the transfer was cancelled");
    lane->paced = true;
  }
  executor_->post_after(wait, [weak = weak_from_this(), lane, request] {
    if (const auto self = weak.lock()) self->turn(lane, request);
  });
  return Status::pending();
}

/// What waited for its turn has it.
void DownloadDriver::turn(const std::shared_ptr<Lane>& lane, std::uint64_t request) {
  std::function<void()> resume;
  {
    const Lock lock(mutex_);
    if (lane->request != request || !std::exchange(lane->paced, false)) return;
    resume = lane->call.resume;
    if (!resume) lane->turn_came = true;
  }
  if (resume) resume();
}

/// Bytes that are known: they are to be the same as before.
Status DownloadDriver::skip(Lane& lane, std::uint64_t request, std::span<const std::byte> data) {
  if (hashed_ && lane.skipped + data.size() > begin_) {
    const std::uint64_t unwanted = begin_ > lane.skipped ? begin_ - lane.skipped : 0;
    lane.skipped_crc = crc64nvme(lane.skipped_crc, data.subspan(unwanted));
  }
  lane.skipped += data.size();
  lane.skip -= data.size();
  if (lane.skip > 0 || !hashed_) return {};
  const Lock lock(mutex_);
  return machine_.skipped(request, lane.skipped_crc);
}

Status DownloadDriver::take_wanted(Lane& lane, std::uint64_t request, std::span<const std::byte> data,
                                   std::size_t& done) {
  while (!data.empty()) {
    std::uint64_t wanted = 0;
    {
      Lock lock(mutex_);
      if (lane.request != request) return Status(Kind::cancelled, "the transfer was cancelled");
      wanted = machine_.wanted(request);
      // An origin without ranges does not know where to stop.
      if (wanted == 0) return Status(Kind::cancelled, "every byte that was wanted has come");
      if (lane.slab.free().empty()) WEIR_TRY(need_slab(lane));
    }
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>({wanted, lane.slab.free().size(), data.size()}));
    std::memcpy(lane.slab.free().data(), data.data(), count);
    Chunk chunk = lane.slab.take(count);
    if (hashed_) lane.crc = crc64nvme(lane.crc, chunk.bytes());
    keep(lane, request, std::move(chunk));
    data = data.subspan(count);
    done += count;
  }
  return {};
}

/// Each chunk that waits here is of another slab. The one handed out last may still be in work, and is ours until the
/// next is asked for; whoever keeps one longer has counted it as its own.
Status DownloadDriver::need_slab(Lane& lane) {
  if (waiting_chunks_ + 2 > most_slabs_) {
    lane.held_back = true;
    return Status::pending();
  }
  auto slab = budget_->acquire(kSliceBytes, [weak = weak_from_this(), executor = executor_] {
    // Not at once: memory may come free under a lock of ours.
    executor->post([weak] {
      if (const auto self = weak.lock()) self->go_on();
    });
  });
  if (!slab) {
    lane.held_back = slab.status().is_pending();
    if (lane.held_back) machine_.short_of_memory();
    return slab.status();
  }
  lane.slab = *std::move(slab);
  return {};
}

void DownloadDriver::keep(Lane& lane, std::uint64_t request, Chunk chunk) {
  const Lock lock(mutex_);
  if (lane.request != request) return;
  machine_.now(monotonic_now());
  machine_.received(request, chunk.size(), lane.crc);
  if (lane.chunks.empty() || !lane.chunks.back().join(chunk)) {
    lane.chunks.push_back(std::move(chunk));
    ++waiting_chunks_;
  }
}

void DownloadDriver::wake_for(const Lane& lane) {
  Lock lock(mutex_);
  const auto head = lanes_.find(machine_.head());
  const auto wake = head != lanes_.end() && head->second.get() == &lane ? wake_ : nullptr;
  lock.unlock();
  if (wake) wake();
}

/// Calls that were held back may go on: there is room, or memory.
void DownloadDriver::go_on() {
  std::vector<std::function<void()>> resumes;
  {
    const Lock lock(mutex_);
    for (auto& [range, lane] : lanes_) {
      if (!lane->held_back || !lane->call.resume) continue;
      lane->held_back = false;
      resumes.push_back(lane->call.resume);
    }
  }
  for (const auto& resume : resumes) resume();
}

}  // namespace weir::transfer
