// UploadDriver: performs what an UploadMachine decides, on a real target and a real clock.
//
// One mutex guards the machine; targets, wakers and releases of memory are called without it. One thread at a time
// performs actions, in their order; others only add to the queue. Calls under way keep the driver alive, so its owner
// may let go of it at any time.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "transfer/kept_check.hpp"
#include "transfer/upload_machine.hpp"
#include "transfer/upload_spool.hpp"
#include "weir/core/executor.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::transfer {

/// Thread-safe.
class UploadDriver : public std::enable_shared_from_this<UploadDriver> {
 public:
  /// `replay` is where parts are read again, or null where parts come with their bytes. `wake` is called from any
  /// thread when memory came free and at the end. The executor is not kept alive. `limiter` may be null, and so may
  /// `claim`, which is let go at the end.
  UploadDriver(std::shared_ptr<Target> target, MachineOptions options, std::shared_ptr<Replay> replay,
               const std::shared_ptr<Executor>& executor, std::shared_ptr<RateLimiter> limiter,
               std::function<void()> wake, std::shared_ptr<JobClaim> claim = nullptr);
  /// May run inside the target's last answer, on a thread of the target's own: lets the target go elsewhere.
  ~UploadDriver();
  UploadDriver(const UploadDriver&) = delete;
  UploadDriver& operator=(const UploadDriver&) = delete;

  /// What an earlier process stored can be read again from there. `by_source`: the source does, and delivers it; else
  /// it is compared with what the source has by reading both. Before everything else.
  void goes_on_from(std::shared_ptr<Kept> kept, bool by_source) {
    if (!by_source) kept_check_ = std::make_shared<KeptCheck>(kept);
    kept_ = std::move(kept);
  }
  /// Told what is safe. Before everything else.
  void confirms_to(std::shared_ptr<UploadSpool> spool) { spool_ = std::move(spool); }
  /// Given the claim, the id of the upload that ended, and whether it became the object: removes what begins without an
  /// answer have left, and says whether the job may be forgotten. Is called on a thread that may wait. Before
  /// everything else.
  using Tidy = std::function<bool(const JobClaim& claim, const std::string& id, bool stored)>;
  void tidies_by(Tidy tidy) { tidy_ = std::move(tidy); }
  void part_ready(ReadyPart part, std::vector<Chunk> chunks);
  void end_of_input();
  /// As of the machine; wakes when the answer is there.
  void ask();
  std::optional<std::vector<PartReceipt>> stored_front() const;
  void fail(Status reason);
  void cancel();
  void suspend();
  void leave(Status reason);
  void pause(bool on);
  /// cancel(), and no wake any more.
  void let_go();

  /// Of the parts that are not safe yet.
  std::uint64_t held_bytes() const;
  UploadProgress progress() const;
  /// Handed to the target's connections, repeats included; and of the parts under way, as far as each is.
  struct Sent {
    std::uint64_t total = 0;
    std::uint64_t under_way = 0;
  };
  Sent sent() const;
  /// ok while all is well, pending while it fails, then the reason.
  Status health() const;
  std::optional<Result<UploadProof>> outcome() const;
  bool may_go_on() const;

 private:
  struct Call {
    Action action;
    bool cancelled = false;
    Target::Cancel cancel;
    std::shared_ptr<Flow> flow;  // of a call that sends bytes
  };
  using Lock = std::unique_lock<std::mutex>;
  using Input = std::function<void(UploadMachine&)>;

  void drive(const Input& input, std::uint64_t ended_call = 0);
  std::uint64_t sent_under_way() const;
  void perform(const Action& action, Lock& lock);
  void prepare(const Action& action, Lock& lock);
  void make_call(std::uint64_t number);
  Target::Cancel send(std::uint64_t number, const Action& action, Part part);
  Target::Cancel check(std::uint64_t number, const Action& action);
  Target::Cancel sync(std::uint64_t number, const Action& action, const std::string& id);
  Target::Cancel note_upload(std::uint64_t number, const Action& action);
  void note_part(std::uint32_t part, Lock& lock);
  void note_is_written();
  void note_written(std::uint32_t part, Lock& lock);
  Target::Cancel begin(std::uint64_t number, const Action& action);
  void let_claim_go(Lock& lock);
  void end_claim(const std::shared_ptr<JobClaim>& claim, bool over);
  Part part_for(const Action& action) const;
  void cancel_calls(Lock& lock);
  void release(std::uint32_t part, Lock& lock);
  void release_all(Lock& lock);
  void later(const Action& action);
  void answer(std::uint64_t number, const Input& input);
  void answer_failure(std::uint64_t number, const Action& action, Status status);
  void whole_answered(std::uint64_t number, std::uint64_t request, Result<Stored> result);

  std::shared_ptr<Target> target_;
  const std::shared_ptr<Replay> replay_;
  std::shared_ptr<Kept> kept_;
  std::shared_ptr<KeptCheck> kept_check_;  // of `kept_`, where the source does not read it
  Tidy tidy_;                              // null: nothing is noted of begins
  std::shared_ptr<UploadSpool> spool_;     // of a producer that cannot begin again
  const std::weak_ptr<Executor> executor_;
  const std::shared_ptr<RateLimiter> limiter_;
  mutable std::mutex mutex_;
  UploadMachine machine_;
  std::function<void()> wake_;
  std::shared_ptr<JobClaim> claim_;
  bool ended_ = false;       // the machine has, and nothing is held
  bool claim_ends_ = false;  // the end waits until the ledger has it
  bool wake_due_ = false;
  bool asks_ = false;  // somebody waits for stored_front()
  bool performing_ = false;
  std::deque<Action> actions_;
  std::map<std::uint64_t, Call> calls_;
  std::uint64_t last_call_ = 0;
  std::size_t notes_under_way_ = 0;       // of a stream's parts
  std::uint64_t commit_after_notes_ = 0;  // the call that waits for them
  std::uint64_t sent_bytes_ = 0;          // by calls that have ended
  std::map<std::uint32_t, std::vector<Chunk>> held_;
  std::uint64_t held_bytes_ = 0;
};

}  // namespace weir::transfer
