// copy_many: files and objects, as many as there are, from anywhere to anywhere, several at once.
//
//   CopyOptions options;
//   options.recursive = true;
//   options.on_item = [](const CopyItem& item) { if (!item.status.ok()) fmt::print("{}\n", item.status); };
//   auto summary = weir::copy_many({"photos/"}, "s3://bucket/photos/", options);   // Result<CopySummary>
//   if (!summary || summary->failed > 0) return 1;
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/core/budget.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/stage.hpp"
#include "weir/core/status.hpp"
#include "weir/transfer/endpoint.hpp"
#include "weir/transfer/name_filter.hpp"

namespace weir {

/// What is left as it is at the destination.
enum class CopyUpdate : std::uint8_t {
  none,           ///< nothing: all is copied
  size_and_time,  ///< what has the same size, and is not older than the source
  checksum,       ///< what has the same size and CRC64NVME; where a store has none, it is copied
};

enum class CopyOutcome : std::uint8_t {
  copied,   ///< and proven, as a receipt proves it
  kept,     ///< the destination has it: see CopyOptions::update, and start_copy() of runs that go on
  planned,  ///< CopyOptions::dry_run: it would be copied
  failed,
  skipped,  ///< it was not to be copied, for CopyItem::reason
};
/// "copied".
const char* to_string(CopyOutcome outcome) noexcept;

/// One file or object, when it is done.
struct CopyItem {
  std::string source;       ///< as open_source() takes it
  std::string destination;  ///< as open_source() takes it; empty where it has none: links that are skipped
  std::uint64_t bytes = 0;
  CopyOutcome outcome = CopyOutcome::failed;
  Status status;              ///< why it failed
  std::string reason;         ///< why it was skipped, in words: "it is there already", "it is a symbolic link, and …"
  bool inside_store = false;  ///< copied by the store itself; the receipt has length and ETag alone
  Receipt receipt;
};

struct CopyOptions {
  EndpointOptions endpoint;  ///< `object`: of all that is stored
  bool recursive = false;    ///< a source may be a directory, a bucket, or the beginning of keys
  bool globs = false;        ///< a source may be a pattern (see Glob), unless there is something of just that name
  std::vector<FilterRule> filters;
  CopyUpdate update = CopyUpdate::none;
  bool dry_run = false;
  std::uint32_t files = 16;  ///< under way at once, each with a thread that waits for it; 1 to 256
  /// Of all of them together, as JobOptions::budget_bytes is of one.
  std::size_t budget_bytes = kDefaultBudgetBytes;
  std::shared_ptr<Executor> executor;  ///< of the transfers; none: the process-wide pool
  /// Told of each item when it is done, in no order. One call at a time, on a thread of the copy's own that may block.
  std::function<void(const CopyItem&)> on_item;
};

/// Counts of items, and bytes of their contents.
struct CopySummary {
  std::uint64_t copied = 0, kept = 0, planned = 0, failed = 0, skipped = 0;
  std::uint64_t bytes_copied = 0;
  std::uint64_t retries = 0;
  std::uint64_t duration_ns = 0;
  Status first_failure;
  std::uint64_t items() const { return copied + kept + planned + failed + skipped; }
};

struct CopyProgress : CopySummary {
  std::uint64_t found = 0;  ///< items so far: listings are read some way ahead. The total, once all_found
  std::uint64_t bytes_found = 0;
  bool all_found = false;
  std::uint64_t under_way = 0;
  std::uint64_t bytes_read = 0;  ///< with those under way
  std::uint64_t bytes_done = 0;  ///< of bytes_found: of items that have ended, however, and what was read of the others
  double bytes_per_second = 0;   ///< of bytes_read; smoothed, with a half-life of two seconds
  std::optional<double> eta_seconds;  ///< none while not all is found, in the first three seconds, and while stalled
  double stalled_seconds = 0;         ///< for how long nothing has moved and nothing has ended

  /// As Progress::stalled().
  bool stalled() const noexcept { return stalled_seconds >= 3; }
};

namespace transfer {
class CopyCore;
}  // namespace transfer

/// A copy under way; move-only. All calls are thread-safe. Dropping it cancels and does not wait.
class CopyRun {
 public:
  explicit CopyRun(std::shared_ptr<transfer::CopyCore> core);
  CopyRun(CopyRun&&) noexcept;
  CopyRun& operator=(CopyRun&&) noexcept;
  ~CopyRun();

  /// The summary, also where items failed; or why the whole could not be done: names that cannot be meant, cancelled,
  /// an error that every item would meet.
  Result<CopySummary> wait();
  std::optional<Result<CopySummary>> wait_for(std::chrono::nanoseconds timeout);
  /// Begins nothing more, and stops what is under way as Job::cancel() does. What was copied stays.
  void cancel();
  /// As cancel(), but stops what is under way as Job::suspend() does: the same call goes on with it.
  void suspend();
  CopyProgress progress() const;

 private:
  std::shared_ptr<transfer::CopyCore> core_;
};

/// Copies `sources` to `destination`. Nothing is ever deleted, but what has the same name is replaced.
///
/// A source is a file or object, with `recursive` a directory or what begins with "KEY/", with `globs` a pattern. A
/// single source that is one file goes to `destination` itself, unless that is a place for many: a directory, a bucket,
/// or a name with '/' at its end. Everything else goes below `destination`: a file under its own name, a tree under its
/// name too ("photos": "photos/a.jpg"), but one written with '/' at its end without ("photos/": "a.jpg"), what a
/// pattern matches under what follows the last '/' in front of the first '*', '?' or '['.
///
/// An error that every item would meet (no keys, no such bucket, no connection, a full disk) ends the whole, and is
/// told as its result alone. Otherwise each item is judged by itself, and one that fails stops no other: names that
/// cannot be keys there, keys that cannot be names of files here, a file "a" beside "a/b", names that a file system
/// takes for one. Skipped, which is no failure, are symbolic links, devices, pipes and sockets inside a tree, and with
/// ObjectOptions::no_clobber what the destination has under that name: it is looked at before anything is sent, and a
/// store that can refuses it once more. (Of a single file or object that was named it is a failure, already_exists.)
/// Objects that only stand for a folder ("a/", empty) are left
/// out where the destination has folders. Inside one service the store copies by itself; otherwise bytes stream through
/// here within the budget, and keep content type, headers and metadata where both stores have them.
///
/// With UploadOptions::ledger the same call goes on with a copy that was killed, stopped, or of which some failed: what
/// was copied is recorded, and is left out (CopyOutcome::kept) if the source is what it was then (a file: size, time,
/// inode; an object: size, time, ETag) and the destination still has what was stored (size and ETag). One call at a
/// time: the second gets unavailable. The record goes with a run that copied all. UploadOptions::resume off: the record
/// is removed, and all is copied. With `update` or `dry_run` nothing is recorded, nor where files are not synced.
CopyRun start_copy(std::vector<std::string> sources, std::string destination, CopyOptions options = {});
/// As above, and waits.
Result<CopySummary> copy_many(std::vector<std::string> sources, std::string destination, CopyOptions options = {});

}  // namespace weir
