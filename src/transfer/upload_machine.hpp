// UploadMachine: decides what an upload does next. No I/O, no clock, no thread: answers go in, actions come out.
//
// Whoever drives it performs each action and reports its end under the action's request number. One request has one
// attempt under way at a time. A finished machine ignores whatever still comes.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "transfer/concurrency.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/retry.hpp"
#include "weir/core/status.hpp"
#include "weir/store/target.hpp"

namespace weir::transfer {

/// What the driver is to do.
enum class Do : std::uint8_t {
  list_parts,    ///< Target::list_parts of the upload that an earlier process began
  check_part,    ///< the checksum of `part`, read again: does the source still have what an earlier process sent? With
                 ///< `syncs`, of what is stored or of the source; not_found where what is stored is not what it was
  begin,         ///< Target::begin
  note_upload,   ///< write down upload_id(), and say when that is safe
  put_part,      ///< Target::put_part of `part`
  sync,          ///< Target::sync: what is done lasts
  put_whole,     ///< Target::put_whole: part 1, or an empty object if `part` is 0
  commit,        ///< Target::commit of receipts() and whole()
  inspect,       ///< Target::inspect
  abort,         ///< Target::abort
  wait,          ///< timer_fired(request) after `delay`
  note_part,     ///< write down receipt(part)
  note_written,  ///< with `syncs`: write down, without a sync, receipt(part), which is not synced yet either
  release_part,  ///< `part` is safe: its bytes are needed no more
  cancel_calls,  ///< cancel every call under way, but begin: an upload whose id is lost cannot be removed
  finished,      ///< outcome() is there
};

struct Action {
  Do what = Do::finished;
  std::uint64_t request = 0;
  std::uint32_t attempt = 0;  ///< from 1
  std::uint32_t part = 0;     ///< number, from 1
  std::chrono::nanoseconds delay{0};
};

/// A part whose bytes can be sent now.
struct ReadyPart {
  std::uint32_t number = 0;  ///< consecutive from 1
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::optional<std::uint64_t> crc64nvme;
  bool last = false;  ///< known to be the last one
};

/// An upload that an earlier process began, as far as that was written down.
struct EarlierUpload {
  std::string id;
  std::vector<PartReceipt> parts;
  bool all = false;  ///< these are all parts: of a file, or of a stream that had come to its end
  /// With `syncs`: numbers of those that nobody has synced.
  std::set<std::uint32_t> unsynced = {};
};

struct MachineOptions {
  RetryPolicy retry;
  /// Parts under way at once, those waiting for a retry included.
  ConcurrencyOptions concurrency = ConcurrencyOptions::fixed(4);
  bool verify = true;                           ///< compare checksums; ask for the store's where its answer has none
  bool can_resend_all = false;                  ///< parts that are done can be sent once more
  bool begins_again = true;                     ///< at least a later run can; false: it only goes on
  std::uint64_t max_single_bytes = UINT64_MAX;  ///< of one put_whole
  bool records = false;                         ///< somebody writes down what is done: a later process can go on
  std::optional<EarlierUpload> earlier;         ///< to go on with; with `records`
  bool syncs = false;                           ///< with `records`: parts are written down once Do::sync is done
  bool same_source = true;  ///< whose source must be the same: other bytes are an error, not just sent again
  std::string url;          ///< for messages
  RandomBelow random;
};

struct UploadProgress {
  std::uint64_t bytes_acked = 0;
  std::uint32_t parts_done = 0;
  std::uint32_t parts_in_flight = 0;
  std::uint32_t concurrency = 0;  ///< parts that may be under way at once, as it is now
  RetryCounts retries;
  std::uint32_t restarts = 0;       ///< uploads begun anew because the store had lost the first
  std::uint32_t parts_resumed = 0;  ///< of parts_done: an earlier process had sent them
  std::uint64_t bytes_resumed = 0;
  std::uint64_t bytes_earlier = 0;  ///< that are there from an earlier process, compared with the source or not
  Status last_retry;                ///< what the last retry was for
};

/// What a finished upload has to show.
struct UploadProof {
  Stored stored;
  std::uint64_t bytes = 0;
  std::optional<std::uint64_t> crc64nvme;  ///< ours; none with verify off, or if nobody computed it
  bool verified = false;                   ///< the store's own checksum is equal to ours
  std::uint32_t parts = 0;
};

/// Thread-compatible.
class UploadMachine {
 public:
  explicit UploadMachine(MachineOptions options) : options_(std::move(options)), concurrency_(options_.concurrency) {
    if (!options_.earlier) return;
    upload_id_ = options_.earlier->id;
    upload_open_ = noted_ = true;
  }

  /// When the input that follows comes, and how many bytes of the parts under way have left by then.
  void now(Time time, std::uint64_t sent_under_way) {
    now_ = time;
    sent_under_way_ = sent_under_way;
  }

  // From the source.
  void part_ready(ReadyPart part);
  void end_of_input();
  /// Asks what the store has of the earlier upload before there is a part.
  void ask();
  /// The parts from the first on that an earlier process sent and the store has; none while that is not known.
  std::optional<std::vector<PartReceipt>> stored_front() const;
  /// The source failed, or a limit would be passed: no object may come of this. The first reason counts.
  void fail(Status reason);

  // From the target, the ledger and the timers.
  void list_done(std::uint64_t request, Result<std::vector<PartReceipt>> answer);
  void check_done(std::uint64_t request, Result<std::uint64_t> crc64nvme);
  void note_done(std::uint64_t request, const Status& answer);
  void sync_done(std::uint64_t request, const Status& answer);
  void begin_done(std::uint64_t request, Result<std::string> answer);
  void part_done(std::uint64_t request, Result<PartReceipt> answer);
  void whole_done(std::uint64_t request, Result<Stored> answer);
  void commit_done(std::uint64_t request, Result<Stored> answer);
  void inspect_done(std::uint64_t request, Result<Stored> answer);
  void abort_done(std::uint64_t request, const Status& answer);
  void timer_fired(std::uint64_t request);

  // From the user.
  /// While on, nothing new is sent; what is under way ends.
  void pause(bool on);
  void cancel() { fail(Status(Kind::cancelled, "the upload was cancelled")); }
  /// As cancel(), but an upload that is written down stays at the store.
  void suspend();
  /// As fail(), but what becomes of what was sent is for people to say.
  void leave(Status reason);

  /// What to do now, in order; each is given once.
  std::vector<Action> take_actions() { return std::exchange(actions_, {}); }

  const std::string& upload_id() const noexcept { return upload_id_; }
  /// The store has an upload of ours, as far as is known.
  bool upload_open() const noexcept { return upload_open_; }
  /// It failed, and a later process may still make the object of what there is.
  bool may_go_on() const noexcept;
  /// An earlier process has written down this part.
  bool was_noted(std::uint32_t number) const { return parts_[number - 1].was_noted; }
  /// None: the part is to be sent again after all.
  const std::optional<PartReceipt>& receipt(std::uint32_t number) const { return parts_[number - 1].receipt; }
  const ReadyPart& part(std::uint32_t number) const { return parts_[number - 1].ready; }
  std::vector<PartReceipt> receipts() const;
  /// Of a part that is being checked, as the earlier process wrote it down.
  Result<std::uint64_t> recorded_crc(std::uint32_t number) const;
  /// Whether a part's checksum is of use: to compare, or for a later process that goes on.
  bool wants_crc() const noexcept { return options_.verify || options_.records; }
  Whole whole() const { return {total_bytes_, crc_of_all()}; }
  /// The request is the abort, which must be repeated even if nobody waits for the outcome.
  bool aborts(std::uint64_t request) const;
  UploadProgress progress() const noexcept;
  bool failing() const noexcept { return failure_.failed(); }
  const std::optional<Result<UploadProof>>& outcome() const noexcept { return outcome_; }

 private:
  enum class Phase : std::uint8_t {
    idle,       // nothing was sent
    asking,     // what the store has of an earlier process's upload; where it does not say, whether it was completed
    beginning,  // begin is under way
    noting,     // the upload that was begun
    sending,    // parts
    looking,    // inspects what is there before the commit
    whole,      // put_whole is under way
    committing,
    settling,   // inspects: did a commit or put_whole whose reply was lost succeed?
    verifying,  // inspects: the store's checksum
    draining,   // waits for calls to end, then begins anew, keeps or aborts
    keeping,    // the last sync of an upload that a later process may go on with
    aborting,
    finished,
  };
  struct Request {
    enum class State : std::uint8_t { held, calling, waiting } state = State::held;
    Do what = Do::begin;
    std::uint32_t part = 0;
    std::uint32_t attempts = 0;
    std::uint32_t resends = 0;
    std::uint32_t refreshes = 0;
    std::uint32_t tokens = 0;
    Time sent_at{0};  ///< this attempt
  };
  struct PartState {
    ReadyPart ready;
    std::optional<PartReceipt> receipt;
    bool was_noted = false;
  };
  /// A part that an earlier process sent, if the source still has its bytes.
  struct Candidate {
    PartReceipt receipt;
    bool noted = false;
  };

  // upload_machine.cpp: requests and parts
  void advance();
  bool may_open() const;
  void open();
  void ask_earlier();
  void fill();
  void adapt();
  void start(Do what, std::uint32_t part = 0);
  void issue(std::uint64_t id, Request& request);
  Request* answered(std::uint64_t id, Do what);
  void succeeded(std::uint64_t id);
  bool again(std::uint64_t id, const Status& status);
  std::optional<std::uint32_t> price_of(Request& request, const Status& status);
  Status give_up(std::uint64_t id, Status status, std::string operation);
  Status check_receipt(const PartState& part, const PartReceipt& receipt) const;
  std::uint32_t parts_in_flight() const noexcept;

  std::uint32_t checks_in_flight() const noexcept;

  // upload_resume.cpp: how it goes on with what an earlier process began
  void match(const std::vector<PartReceipt>& listed);
  void trust_notes();
  void earlier_gone(const Status& status);
  void count_earlier();
  void earlier_looked(const Result<Stored>& answer);
  bool earlier_sent_all() const;
  void look_again();
  bool go_on(std::uint32_t number);
  void take_over(std::uint32_t number);
  void refuse_empty();
  bool differs(const ReadyPart& part, std::uint64_t crc_now);
  bool keeps() const;
  std::string kept_advice() const;

  // upload_sync.cpp: when what is done may be written down
  void note(std::uint32_t number);
  void sync_later(std::uint32_t number);
  void sync_if_due();
  void start_sync();
  bool all_noted() const noexcept { return !noted_ || (!syncing_ && unsynced_.empty()); }

  // upload_verdict.cpp: how it ends
  void begin_anew();
  void look_or_commit();
  void looked(const Result<Stored>& answer);
  void judge(Stored stored);
  void settle(Status doubt, bool upload_gone);
  void settled(const Result<Stored>& answer);
  void upload_gone(const Status& status);
  void drain();
  void drained();
  void finish(Status failure);
  std::optional<std::uint64_t> our_crc() const { return options_.verify ? crc_of_all() : std::nullopt; }
  std::optional<std::uint64_t> crc_of_all() const;

  const MachineOptions options_;
  Phase phase_ = Phase::idle;
  bool paused_ = false;
  bool ended_ = false;               // all parts are known
  std::uint64_t total_bytes_ = 0;    // of the parts known
  std::vector<PartState> parts_;     // by number - 1
  std::deque<std::uint32_t> queue_;  // parts to send
  std::map<std::uint32_t, Candidate> candidates_;
  std::map<std::uint64_t, Request> requests_;
  std::uint64_t last_request_ = 0;
  ConcurrencyController concurrency_;
  Time now_{0};
  std::uint64_t sent_under_way_ = 0;
  RetryTokens tokens_;
  bool out_of_tokens_ = false;  // a request had attempts left, the upload had none
  std::string upload_id_;
  bool upload_open_ = false;             // the store has an upload of ours
  bool noted_ = false;                   // and it is written down
  std::vector<std::uint32_t> unsynced_;  // done and not written down
  bool syncing_ = false;
  std::vector<std::uint32_t> being_synced_;
  Time sync_begun_{0};
  Time synced_at_{0};  // the last sync ended
  Time sync_took_{0};
  bool keep_anyway_ = false;                  // whatever the failure is, somebody will decide what becomes of it
  bool removed_ = false;                      // from the store, because of the failure
  bool kept_ = false;                         // it was left at the store to be gone on with
  Status earlier_gone_;                       // the store has no such upload any more; all its parts were sent
  bool looks_for_earlier_ = false;            // whether the earlier process completed it: once
  static constexpr std::uint32_t kLooks = 5;  // over eight seconds
  std::uint32_t looks_left_ = kLooks;
  Status gone_;                             // restarting: why
  bool restarting_ = false;                 // draining leads to begin
  bool in_doubt_ = false;                   // a commit or put_whole may have succeeded without our knowing
  bool was_in_doubt_ = false;               // so ended an upload before the one that is under way
  bool stored_ = false;                     // the store said that the object is there
  bool inspected_ = false;                  // the store's checksum was asked for
  std::optional<std::string> etag_before_;  // of what was there before the commit; empty: nothing; none: not known
  bool upload_gone_ = false;                // settling: the upload is not there any more
  Status doubt_;                            // settling: the error that counts if the object is not there
  std::optional<std::uint64_t> sent_crc_;   // of put_whole
  std::string etag_;                        // as commit or put_whole said it
  Status failure_;
  UploadProgress counts_;
  std::vector<Action> actions_;
  std::optional<Result<UploadProof>> outcome_;
};

}  // namespace weir::transfer
