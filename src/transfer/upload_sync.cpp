// Where parts last only once they are synced (a local file), many are synced at once, beside the parts that follow, and
// written down when that is done.
#include <utility>

#include "transfer/upload_machine.hpp"

namespace weir::transfer {
namespace {

// So much, or what came in so long, is fetched once more after a kill at the worst moment.
constexpr std::uint64_t kSyncBytes = 256 * kMiB;
constexpr Time kSyncTime = std::chrono::milliseconds(250);

}  // namespace

/// The part is done: it is written down, now or once it lasts.
void UploadMachine::note(std::uint32_t number) {
  if (!options_.syncs) {
    actions_.push_back({Do::note_part, 0, 0, number, {}});
    return;
  }
  if (unsynced_.empty() && !syncing_ && synced_at_ == Time(0)) synced_at_ = now_;
  unsynced_.push_back(number);
  unsynced_bytes_ += parts_[number - 1].ready.length;
  sync_if_due();
}

void UploadMachine::sync_if_due() {
  if (syncing_ || unsynced_.empty()) return;
  if (unsynced_bytes_ >= kSyncBytes || now_ - synced_at_ >= kSyncTime) start_sync();
}

void UploadMachine::start_sync() {
  syncing_ = true;
  being_synced_ = std::exchange(unsynced_, {});
  unsynced_bytes_ = 0;
  synced_at_ = now_;
  start(Do::sync);
}

void UploadMachine::sync_done(std::uint64_t request, const Status& answer) {
  if (answered(request, Do::sync) == nullptr) return;
  requests_.erase(request);
  syncing_ = false;
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
