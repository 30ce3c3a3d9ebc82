// Ledger: what is known for certain about uploads, and about downloads into files, so that another process can go on
// with them.
//
// A ledger stands for a state directory. A job is one source on its way to one place; whoever works on it has claimed
// it, and no two do. What is recorded of a job is only a claim about the store and the source: who goes on asks the
// store, which wins, and reads the source again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/mark.hpp"
#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/store/target.hpp"

namespace weir {

struct LedgerOptions {
  /// A directory of this user's alone, made where it is missing. Empty: weir/ in $XDG_STATE_HOME, else ~/.local/state.
  std::string state_dir;
  /// Told once that nothing can be recorded any more, in one line. Transfers go on, but cannot be gone on with after a
  /// kill. Any thread; must not block.
  std::function<void(const std::string& line)> on_trouble;
};

/// One file or object of a copy of many (copy_many) that is stored. What it was made of, and what was stored then, are
/// hashes, as whoever records them takes them.
struct ItemRecord {
  std::string key;  ///< at the destination
  std::uint64_t bytes = 0;
  std::uint64_t source = 0;  ///< of what its source was
  std::uint64_t stored = 0;  ///< of what the destination has

  bool operator==(const ItemRecord&) const = default;
};

/// A request to begin an upload that was about to be sent, and whose answer is not recorded: the store may have an
/// upload of it, whose id nobody knows.
struct LostBegin {
  std::uint32_t number = 0;  ///< of its job's
  std::int64_t at_unix = 0;  ///< seconds, by this machine's clock, just before it was sent

  bool operator==(const LostBegin&) const = default;
};

/// One upload as the ledger has it, or one copy of many. Sizes in bytes, times in seconds since 1970.
struct JobRecord {
  std::int64_t id = 0;  ///< never used again for another
  /// size_bytes 0: a stream, which nobody can find again; its name says what kind. Of a copy of many `inode` is a
  /// random number that marks its temporary files.
  SourceIdentity source;
  std::string stages;  ///< Upstream::stages: what makes the object's bytes of the source's; empty: they are the same
  std::string place;   ///< Target::identity(): which object of which service
  std::string destination;  ///< as people read it, "s3://bucket/key"
  std::string fingerprint;  ///< of all that becomes part of the object beside its bytes
  std::uint64_t part_bytes = 0;
  std::string upload_id;           ///< the store's; empty: none was begun
  std::string resume_hint;         ///< the caller's own, opaque
  bool set_aside = false;          ///< will not be gone on with: only to be removed from the store
  std::vector<PartReceipt> parts;  ///< that the store has acknowledged, by number; empty in lists
  /// From a claim and Ledger::job(): what JobClaim::part_written() said of this upload, `parts` among it. Nobody
  /// promises that it is there.
  std::vector<PartReceipt> written = {};
  /// Into a file these two count what a next run looks for there, `written` included, which a loss of power may take.
  std::uint32_t parts_stored = 0;
  std::uint64_t bytes_stored = 0;
  std::uint64_t items_stored = 0;  ///< of a copy of many
  std::int64_t owner_pid = 0;      ///< of the process that is at it now; 0: none
  /// From a claim and lists: of processes that were at it before.
  std::vector<LostBegin> begins = {};
  std::int64_t created_unix = 0;
  std::int64_t updated_unix = 0;
  /// From Ledger::job(): the offset from which the producer of the stream is to go on (CallbackOptions::go_on_from), as
  /// far as is recorded; the store has the last word. None: it is no such stream.
  std::optional<std::uint64_t> goes_on_from = {};

  /// How the place of a copy of many begins: it has no parts, but items.
  static constexpr const char* kManyPrefix = "many ";
  bool is_many() const { return place.starts_with(kManyPrefix); }
};

/// A job that this process works on. Destroying it lets others claim it soon; what is recorded stays. Thread-safe.
///
/// Calls other than start(), set_aside(), adopt(), part_written(), marks() and items() return at once and are written
/// together, in order; what is written is synced. They fail quietly after LedgerOptions::on_trouble was told.
class JobClaim {
 public:
  virtual ~JobClaim() = default;
  /// As it was found; new: with an empty upload_id.
  virtual const JobRecord& record() const = 0;
  /// Forgets parts, marks, items and upload of the job, but not lost_begins(), and takes `wanted` for what it is to be.
  virtual Status start(const JobRecord& wanted) = 0;
  /// As start(), but what was found stays under its own id, set aside: its upload is still at the store. lost_begins()
  /// come along: they are of the place.
  virtual Status set_aside(const JobRecord& wanted) = 0;
  /// Takes `wanted` for what it is to be, forgets marks, and keeps upload, part size and parts, for whoever compares
  /// each before it counts.
  virtual Status adopt(const JobRecord& wanted) = 0;
  /// A request to begin an upload is about to be sent, and is sent once `done` was called, on any thread: from then on
  /// it is among lost_begins(). One at a time.
  virtual void upload_begins(std::function<void(Status)> done) = 0;
  /// That request has begun nothing: it was refused, or never left.
  virtual void nothing_begun() = 0;
  /// Those whose answer is missing, of this process and of earlier ones; they stay until finished().
  virtual std::vector<LostBegin> lost_begins() const = 0;
  /// The answer to the last upload_begins(), if there was one. `done` is called once it is written, on any thread.
  /// Parts recorded for an earlier upload are forgotten.
  virtual void upload_begun(const std::string& upload_id, std::function<void(Status)> done) = 0;
  /// `done`, if any, as of upload_begun().
  virtual void part_stored(const PartReceipt& part, std::function<void(Status)> done = nullptr) = 0;
  /// The part was written where it can be read again, and not synced yet: a next run may look whether it is there. What
  /// is recorded so survives the process and no loss of power. Needs the part's checksum. Waits for the write.
  virtual void part_written(const PartReceipt& part) = 0;
  /// A piece of the last transform's work, by number from 0, and the transform's state behind it; empty: it has none.
  virtual void mark_made(std::uint64_t index, const Mark& mark, std::string state = {}) = 0;
  /// Of the piece of that number; not_found. Looks into the file.
  virtual Result<std::string> state_behind(std::uint64_t index) = 0;
  /// Those recorded, from number `from` on, without a gap; `most` at most. Looks into the file.
  virtual Result<std::vector<Mark>> marks(std::uint64_t from, std::size_t most) = 0;
  /// Of a copy of many: these are stored. What was recorded under their keys is replaced.
  virtual void items_stored(std::vector<ItemRecord> items) = 0;
  /// Those recorded whose keys are not before `from`, in the order of their bytes; `most` at most. Looks into the file.
  virtual Result<std::vector<ItemRecord>> items(const std::string& from, std::size_t most) = 0;
  /// Where the job's spool is, beside the ledger; finished() removes the file.
  virtual std::string spool_path() const = 0;
  /// The upload is complete or removed: forgets the job.
  virtual void finished() = 0;
  /// Ends the claim: nothing else may follow. `done` is called, on any thread, once all is written and others may claim
  /// the job.
  virtual void let_go(std::function<void()> done) = 0;
};

/// Thread-safe.
class Ledger {
 public:
  /// The engine is SQLite, in "ledger.sqlite". Errors: access_denied (a directory or file that others can write, or a
  /// symbolic link), unsupported (a newer version wrote it), corrupt, io, no_space.
  static Result<std::shared_ptr<Ledger>> open(LedgerOptions options = {});
  /// As open(), when the first upload asks for it: who moves only small objects touches no file. That it cannot be
  /// opened is told by on_trouble.
  static std::shared_ptr<Ledger> on_demand(LedgerOptions options = {});
  virtual ~Ledger() = default;

  /// The file, for messages.
  virtual std::string path() const = 0;
  /// The job with `wanted`'s source and place, new if there is none. unavailable while another holds it: says which
  /// process.
  virtual Result<std::unique_ptr<JobClaim>> claim(const JobRecord& wanted) = 0;
  /// A job by its number. Errors: not_found, and as above.
  virtual Result<std::unique_ptr<JobClaim>> claim(std::int64_t id) = 0;
  /// All whose upload was begun, or may have been, or that have a spool; oldest first, without their parts.
  virtual Result<std::vector<JobRecord>> jobs() = 0;
  /// One with its parts; not_found.
  virtual Result<JobRecord> job(std::int64_t id) = 0;
  /// Writes what waits to be written: that is done by itself soon, but who ends the process at once does not see it.
  virtual Status flush() = 0;
};

/// Removes from the store what was sent of a job, and the job from the ledger. `target` must be where it goes. Waits;
/// repeats until the store has nothing left of it. `on_notice` is told, in one line, where the store may still have an
/// upload of the job's lost_begins() that cannot be told from another's. Errors: not_found, unavailable (a process is
/// at it), invalid_argument (another target), the store's own: the job then stays.
Status abort_job(Ledger& ledger, std::int64_t id, Target& target,
                 const std::function<void(const std::string& line)>& on_notice = nullptr);
/// Removes a copy of many from the ledger; what it has stored stays. Errors: not_found, unavailable (a process is at
/// it), invalid_argument (it is none).
Status forget_copy(Ledger& ledger, std::int64_t id);

}  // namespace weir
