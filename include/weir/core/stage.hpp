// The three stage shapes. A stage owns no thread: it is called, does a piece of work, and returns.
//
// What a stage may answer besides ok and an error:
//   pending  it waits for something outside. It must call Context's waker when to ask again. Nothing was consumed.
//   more     (transforms) it holds more output of the input it was given: call process({}, out) again when there is
//   room.
// A stage that must block says so with `blocking()` and is then run on a thread that may.
// All calls to one stage come from one thread at a time; open() first, close() or abort() last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/core/budget.hpp"
#include "weir/core/chunk.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/job_clock.hpp"
#include "weir/core/mark.hpp"
#include "weir/core/spool.hpp"
#include "weir/core/status.hpp"

namespace weir {

/// What tells one state of a source from another in any process of this machine: equal, and the bytes should be too.
struct SourceIdentity {
  std::string name;  ///< where it is: a file's absolute path, an object's URL without secrets
  std::uint64_t device = 0;
  std::uint64_t inode = 0;  ///< of an object: the CRC64NVME of its ETag
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;  ///< of its bytes, since 1970

  bool operator==(const SourceIdentity&) const = default;
};

/// Reads any range of a source again, as often as wanted. Thread-safe.
class Replay {
 public:
  virtual ~Replay() = default;
  /// Fills the front of `into` from `offset`; returns how many bytes, short only at the end or where the system was
  /// short. With `may_block` false it answers pending rather than wait for a disk.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into, bool may_block) = 0;
  /// source_changed if the source is no longer what it was when it was opened.
  virtual Status check_unchanged() = 0;
  /// None where another process could not find the same source again. May look at the file system.
  virtual std::optional<SourceIdentity> lasting_identity() const { return {}; }
};

/// The first bytes of a source as an earlier process has stored them. Its user reads them from here, and the rest from
/// the source. Reads come from one thread at a time, which may block; the rest is thread-safe.
class Kept {
 public:
  virtual ~Kept() = default;
  /// Fills the front of `into` with the next bytes, each compared before with what was recorded of it; 0: there are no
  /// more, what follows is for the source.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
  /// So many bytes were found to be what they were.
  virtual std::uint64_t good_bytes() const = 0;
  virtual std::uint64_t crc64nvme() const = 0;  ///< of these
};

/// A source whose first bytes may come from elsewhere.
class Continuable {
 public:
  virtual ~Continuable() = default;
  virtual SourceIdentity identity() const = 0;
  /// Between the source's open() and its first next(): it delivers what `kept` gives, and then the rest.
  virtual void go_on_from(std::shared_ptr<Kept> kept) = 0;
};

/// What each chunk is a whole number of. A last line may lack its end.
enum class Framing : std::uint8_t { bytes, lines };

/// What is known, where a stage sits, about the bytes that will reach it. Each stage passes it on in `describe`.
struct Upstream {
  const std::atomic<bool>* stopping = nullptr;  ///< during describe(): the job is to end, and what waits gives up
  std::string source;                           ///< name of the source, for messages
  std::optional<std::uint64_t> exact_bytes;     ///< the length, if known
  std::optional<std::uint64_t> max_bytes;       ///< an upper bound, if known
  std::shared_ptr<Replay> replay;               ///< set while the bytes are a replayable source's own
  bool observed = false;                        ///< a stage before needs to see the bytes even if the sink does not
  std::shared_ptr<Continuable> continuable;     ///< set while the bytes are those of a source that is one
  std::int64_t modified_unix = 0;               ///< when its store last changed the object that is read; 0: unknown
  bool unverified = false;                      ///< nobody wants a checksum of them, as their source was told
  /// Set while the same bytes can be made again: from this source, by these stages. The planner sees to both.
  std::shared_ptr<Replay> made_from;
  Framing framing = Framing::bytes;  ///< the planner keeps it
  std::size_t chunk_bytes =
      kSliceBytes;     ///< none is larger, lines longer than that apart; rings and others count by it
  std::string stages;  ///< Transform::recipe() of each that changed the bytes so far, or "NAME ?", a line each
};

/// The memory a stage will hold. The planner reserves `min_bytes` before the start and deals out what is left.
struct MemoryNeed {
  std::size_t min_bytes = 0;
  std::size_t step_bytes = 0;  ///< useful increment above the minimum
  std::size_t max_bytes = 0;   ///< no use for more; 0: the minimum
};

/// What a stage gets from the job that runs it. Valid from open() until the stage is destroyed; thread-safe.
struct Context {
  std::string name;  ///< of the stage, "zstd"
  std::shared_ptr<Budget> budget;
  std::shared_ptr<Executor> executor;
  std::function<void()> wake;      ///< runs the stage's segment again; any thread, any time, also after the end
  std::function<bool()> stopping;  ///< true once the job is cancelled or has failed
  /// The job's. When a pause ends every segment is woken.
  std::shared_ptr<const JobClock> clock;
  Upstream upstream;
  std::size_t grant_bytes = 0;  ///< how much memory the stage may hold; at least its minimum
  /// The slab size that suits whoever comes next. Slabs larger than kSliceBytes are that stage's memory: fill each to
  /// its end before taking another, or take kSliceBytes; a half-filled one that is let go may be the last there was.
  std::size_t slab_bytes = kSliceBytes;
  std::shared_ptr<Marks> marks;  ///< of the last transform, where the sink keeps them
  std::shared_ptr<Spool> spool;  ///< of a source with nothing between it and a sink that has one
};

/// What a stage found out, for the receipt: "sha256" → hex, "etag" → "…".
using Facts = std::map<std::string, std::string>;

/// The proof of a finished transfer.
struct Receipt {
  std::uint64_t bytes_read = 0;    ///< that the source delivered, in this run
  std::uint64_t bytes_acked = 0;   ///< that the sink acknowledged
  std::uint64_t bytes_stored = 0;  ///< that the store reports for the finished object
  std::string destination;         ///< without secrets
  std::string etag;
  std::string checksum;            ///< "crc64nvme:rosUhgp5mIg=": ours
  bool checksum_verified = false;  ///< the store's own checksum was compared with ours and is equal
  /// The destination is a file, which has no checksum of its own: checksum_verified then says that its source's, of
  /// these very bytes, was compared.
  bool in_file = false;
  std::uint32_t parts = 0;
  std::uint32_t retries = 0;
  std::uint64_t bytes_resumed = 0;  ///< of bytes_acked: an earlier run had sent them
  /// Of bytes_resumed: nobody even made them again, neither the last transform (Marks) nor a producer that goes on from
  /// an offset.
  std::uint64_t bytes_skipped = 0;
  std::uint64_t duration_ns = 0;
  Facts facts;  ///< what taps found: digests by name
};

struct Progress;

class Stage {
 public:
  virtual ~Stage() = default;
  /// One word, for messages and progress: "zstd".
  virtual std::string name() const = 0;
  /// The stage waits in calls: run it on a thread that may block, with a ring before and behind it.
  virtual bool blocking() const { return false; }
  /// Its calls may wait for very long, for a host say: what was made before is handed on first, however little it is.
  virtual bool waits() const { return blocking(); }
  /// Much work per byte: worth a ring before it, so that it overlaps with what comes before.
  virtual bool heavy() const { return false; }
  /// What its input must be. Of sources nobody asks.
  virtual Framing needs() const { return Framing::bytes; }
  virtual MemoryNeed memory(const Upstream&) const { return {}; }
  virtual Status open(Context&) { return {}; }
  /// What it found out, after the end.
  virtual Facts facts() const { return {}; }
  /// Adds to a snapshot what only this stage knows, such as bytes on the wire. Any thread, any time after open().
  virtual void tell(Progress&) const {}
};

class Source : public Stage {
 public:
  /// Says what it will deliver. Called before open(), may look at the outside world, must not change it.
  virtual Status describe(Upstream& upstream) = 0;
  /// The next piece; an empty chunk is the end.
  virtual Result<Chunk> next() = 0;
  // As those of Sink: from any thread, at any time before the end.

  virtual std::uint32_t retries() const { return 0; }
  virtual Status last_retry() const { return {}; }
};

/// Where a transform puts its output. Belongs to the runner; valid during the call.
class Emit {
 public:
  virtual ~Emit() = default;
  /// Takes it: `chunk` is empty after.
  virtual void operator()(Chunk&& chunk) = 0;
  void operator()(const Chunk& chunk) { (*this)(Chunk(chunk)); }
  /// False: return `more` soon, what is emitted now only queues up.
  virtual bool room() const noexcept = 0;
};

class Transform : public Stage {
 public:
  /// It only looks: the chunks pass unchanged.
  virtual bool tap() const { return false; }
  /// Turns what is known of its input into what is known of its output.
  virtual void describe(Upstream& upstream) const {
    if (tap()) {
      upstream.observed = true;
      return;
    }
    upstream.exact_bytes.reset();
    upstream.max_bytes.reset();
    upstream.replay.reset();
    upstream.continuable.reset();
  }
  /// It has work with every byte. Two such taps need nothing of each other: beside a heavy one the other gets a thread.
  virtual bool computes() const { return heavy(); }
  /// What its output is.
  virtual Framing framing(Framing input) const { return tap() ? input : Framing::bytes; }
  /// It has what it wants: no more input is asked for, and finish() follows. The source may then be left unread.
  virtual bool done() const { return false; }
  /// All that its output depends on beside its input, in one line, versions of libraries included: what has the same
  /// recipe and the same input has the same output, today and next year. None: nobody can say. Taps need none.
  virtual std::optional<std::string> recipe() const { return {}; }
  /// What it makes of a chunk depends on that chunk alone, and finish() has nothing to add: several chunks of one
  /// stream may be given to several of it. See parallel.hpp.
  virtual bool independent() const { return false; }
  /// The author's cut: so many chunks wait in a ring before it. 0: the planner decides. Its segment then is that of the
  /// stage behind it, wherever that runs.
  virtual std::size_t ring_before() const { return 0; }
  /// It must be called also while what comes before it waits in a call: a ring stands between them then.
  virtual bool watches() const { return false; }
  /// Slab size that it likes its input in; 0: no wish, ask the next.
  virtual std::size_t likes_slabs_of() const { return 0; }
  /// Takes `chunk` whole. Empty: only after `more` or `pending`, to go on.
  virtual Status process(Chunk&& chunk, Emit& out) = 0;
  /// The input has ended. Called again after `more` or `pending`.
  virtual Status finish(Emit&) { return {}; }
  /// Output of earlier input may become ready by itself (workers are at it): process({}, out) may then be called to
  /// fetch it also while no input comes.
  virtual bool working() const { return false; }
  /// Time that its workers, on other threads, spent for it. Any thread, any time after open().
  virtual std::uint64_t workers_busy_ns() const { return 0; }
};

class Sink : public Stage {
 public:
  /// The sink fetches the source's bytes itself; only `observed` pipelines still send them past it.
  virtual bool replays(const Upstream&) const { return false; }
  /// ok: write() will take a chunk now.
  virtual Status ready() { return {}; }
  /// For the last transform. Asked before anything is opened.
  virtual std::shared_ptr<Marks> marks() { return {}; }
  /// For a source right before it. Asked before anything is opened.
  virtual std::shared_ptr<Spool> spool() { return {}; }
  /// Takes `chunk` whole and may move it away; or answers pending (it has left it as it was, and gets it again after
  /// the wake-up) or an error.
  virtual Status write(Chunk&& chunk) = 0;
  /// All was written: finish, and prove it. Called again after pending. Success only if everything is safe.
  virtual Result<Receipt> close() = 0;
  /// Leave nothing behind. May start work that ends later; `stopped()` tells.
  virtual void abort() = 0;
  /// As abort(), but what can be gone on with by a later job stays.
  virtual void suspend() { abort(); }
  /// After abort(): ok when nothing is left, pending (with a wake) until that is known, an error where something had to
  /// be left behind: its advice says what.
  virtual Status stopped() { return {}; }
  // The rest may be called from any thread, at any time before the end.

  /// Bytes that the destination has confirmed so far.
  virtual std::uint64_t confirmed_bytes() const { return 0; }
  virtual std::uint32_t retries() const { return 0; }
  /// What the last of these was for; ok where there was none.
  virtual Status last_retry() const { return {}; }
  /// Parts done, in flight.
  virtual std::pair<std::uint32_t, std::uint32_t> parts() const { return {0, 0}; }
  /// Stops or allows the start of new work; what is under way ends.
  virtual void pause(bool) {}
};

}  // namespace weir
