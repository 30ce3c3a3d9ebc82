// Where parts last only once they are synced (a local file), many are synced at once, beside the parts that follow, and
// written down when that is done. Until then they are noted without a promise: after a kill, which loses nothing that
// was written, the next run finds them by reading them again.
#include <algorithm>
#include <utility>

#include "transfer/upload_machine.hpp"

namespace weir::transfer {
namespace {

// What came in so long is fetched once more after a loss of power at the worst moment. A disk that takes long for a
// sync is left alone for longer: syncs without a pause would hold up the writes beside them.
constexpr Time kSyncTime = std::chrono::milliseconds(250);
constexpr int kPauses = 4;  // as long as the last sync took

}  // namespace

/// The part is done: it is written down, now or once it lasts.
void UploadMachine::note(std::uint32_t number) {
  if (!options_.syncs) {
    actions_.push_back({Do::note_part, 0, 0, number, {}});
    return;
  }
  actions_.push_back({Do::note_written, 0, 0, number, {}});
  sync_later(number);
}

void UploadMachine::sync_later(std::uint32_t number) {
  if (unsynced_.empty() && !syncing_ && synced_at_ == Time(0)) synced_at_ = now_;
  unsynced_.push_back(number);
  sync_if_due();
}

void UploadMachine::sync_if_due() {
  if (syncing_ || unsynced_.empty()) return;
  if (now_ - synced_at_ >= std::max(kSyncTime, sync_took_ * kPauses)) start_sync();
}

void UploadMachine::start_sync() {
  syncing_ = true;
  being_synced_ = std::exchange(unsynced_, {});
  sync_begun_ = now_;
  start(Do::sync);
}

void UploadMachine::sync_done(std::uint64_t request, const Status& answer) {
  if (answered(request, Do::sync) == nullptr) return;
  requests_.erase(request);
  syncing_ = false;
  synced_at_ = now_;
  sync_took_ = now_ - sync_begun_;
  const std::vector<std::uint32_t> synced = std::exchange(being_synced_, {});
  if (answer.ok()) {
    for (const std::uint32_t number : synced) actions_.push_back({Do::note_part, 0, 0, number, {}});
    if (phase_ == Phase::sending) sync_if_due();
  } else {
    // What is there cannot be trusted, by nobody: it is not kept, whatever the failure was.
    noted_ = false;
    unsynced_.clear();
    fail(Status(answer));
  }
  if (phase_ == Phase::keeping) {
    phase_ = Phase::draining;
    drained();
    return;
  }
  advance();
}

}  // namespace weir::transfer
