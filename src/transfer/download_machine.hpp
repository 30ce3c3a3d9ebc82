// DownloadMachine: decides what a download reads next. No I/O, no clock, no thread: answers go in, actions come out.
//
// The object is read in ranges, each by one call at a time. Ranges are begun in order and only where the window has
// room for all of them to come whole, so that no range ever waits for another one's memory. With one lane there is one
// range to the end, and whoever drives it holds it back.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "transfer/concurrency.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/retry.hpp"
#include "weir/core/status.hpp"

namespace weir::transfer {

/// What the driver is to do.
enum class Fetch : std::uint8_t {
  read,      ///< Origin::read from `offset`; the first `skip` bytes of it are not wanted
  wait,      ///< timer_fired(request) after `delay`
  drop,      ///< cancel the call of `range`, if any; its bytes are needed no more
  finished,  ///< outcome() is there
};

struct FetchAction {
  Fetch what = Fetch::finished;
  std::uint64_t range = 0;    ///< number, from 1
  std::uint64_t request = 0;  ///< each attempt has its own
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t skip = 0;
  std::chrono::nanoseconds delay{0};
};

struct DownloadMachineOptions {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;          ///< where to stop; not `sized`: wherever the answer ends, at the latest here
  std::uint64_t object_size = 0;  ///< of the whole object
  bool sized = true;              ///< object_size is known
  bool ranges = true;             ///< the origin reads from any offset
  /// Ranges under way at once, those waiting for a retry included. Fixed at 1: one stream to the end.
  ConcurrencyOptions lanes = ConcurrencyOptions::fixed(1);
  std::uint64_t range_bytes = UINT64_MAX;  ///< of one; less where the window has to do for more of them
  std::uint64_t least_range_bytes = 0;     ///< but no less; in whole slabs, as is range_bytes
  std::uint64_t slab_bytes = 1;            ///< memory of a range comes in pieces of this
  std::uint64_t window_slabs = 0;          ///< for all ranges, with more than one lane
  bool hashed = false;                     ///< received() says checksums
  std::optional<std::uint64_t> crc64nvme;  ///< of what is read, as the store knows it
  std::uint64_t progress_bytes = 1;        ///< that must have come for attempts to be counted anew
  RetryPolicy retry;
  std::string url;  ///< for messages
  RandomBelow random;
};

struct DownloadCounts {
  std::uint32_t lanes = 0;      ///< ranges that may be under way at once, as it is now
  std::uint32_t under_way = 0;  ///< ranges
  RetryCounts retries;
  Status last_retry;  ///< what the last retry was for
};

/// Thread-compatible. A finished machine ignores whatever still comes.
class DownloadMachine {
 public:
  explicit DownloadMachine(DownloadMachineOptions options)
      : options_(std::move(options)),
        end_(options_.end),
        next_(options_.begin),
        ranges_allowed_(options_.ranges),
        lanes_(options_.lanes) {}

  /// When the input that follows comes.
  void now(Time time) { now_ = time; }
  void start() { advance(); }
  /// The first `bytes`, of this checksum, are had from elsewhere. Before start().
  void has_front(std::uint64_t bytes, std::uint64_t crc64nvme) {
    next_ = options_.begin + bytes;
    crc_ = crc64nvme;
  }

  // From the origin and the timers. `request` is that of the read action.

  /// `count` wanted bytes were taken; `crc` is of all bytes of the range so far.
  void received(std::uint64_t request, std::uint64_t count, std::uint64_t crc);
  /// What was skipped from begin() on has this checksum: source_changed if those bytes were others the first time.
  Status skipped(std::uint64_t request, std::uint64_t crc) const;
  /// The call has ended. `ranges`: what the origin says of itself by now.
  void read_done(std::uint64_t request, Status status, bool ranges);
  void timer_fired(std::uint64_t request);

  // From the consumer.

  /// A call had to wait because the budget has no memory, though the window had room.
  void short_of_memory() { lanes_.trouble(Trouble::memory, now_, now_); }
  /// The next `count` bytes of range head() were handed on.
  void delivered(std::uint64_t count);
  /// Nothing more is wanted. The first reason counts.
  void fail(Status reason);

  /// What to do now, in order; each is given once.
  std::vector<FetchAction> take_actions() { return std::exchange(actions_, {}); }

  /// The range whose bytes come next; 0: none is begun.
  std::uint64_t head() const noexcept { return ranges_.empty() ? 0 : ranges_.front().number; }
  /// How many bytes this call may still give; 0 where it is over.
  std::uint64_t wanted(std::uint64_t request) const;
  std::uint64_t begin() const noexcept { return options_.begin; }
  DownloadCounts counts() const;
  /// ok: every byte was delivered, and checked as far as it can be.
  const std::optional<Status>& outcome() const noexcept { return outcome_; }
  bool verified() const noexcept { return verified_; }

 private:
  enum class State : std::uint8_t { calling, waiting, complete };
  struct Range {
    std::uint64_t number = 0;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t call_end = 0;     // of what the call asked for
    std::uint64_t position = 0;     // behind what was received
    std::uint64_t delivered = 0;    // behind what was handed on
    std::uint64_t progress_at = 0;  // position when attempts were last counted anew
    std::uint64_t crc = 0;
    std::uint64_t request = 0;
    State state = State::calling;
    std::uint32_t attempts = 0;
    std::uint32_t refreshes = 0;
    std::uint32_t tokens = 0;
    Time sent_at{0};  // this attempt
  };

  Range* find(std::uint64_t request);
  const Range* find(std::uint64_t request) const;
  void advance();
  std::uint32_t under_way() const;
  void begin_ranges();
  std::uint64_t next_length() const;
  bool fits(std::uint64_t length) const;
  std::uint64_t slabs_of(const Range& range) const;
  void begin_range();
  void issue(Range& range);
  void ended(Range& range, Status status);
  void note_progress(Range& range);
  bool again(Range& range, const Status& status);
  Status give_up(const Range& range, const Status& status);
  void go_single();
  void judge();
  void finish(Status outcome);

  const DownloadMachineOptions options_;
  std::uint64_t end_;
  std::uint64_t next_;        // where the next range begins
  std::deque<Range> ranges_;  // in order; the front is the head
  std::uint64_t crc_ = 0;     // of all ranges that are gone
  std::uint64_t last_range_ = 0;
  std::uint64_t last_request_ = 0;
  bool ranges_allowed_;
  ConcurrencyController lanes_;
  Time now_{0};
  std::uint64_t received_bytes_ = 0;
  RetryTokens tokens_;
  bool out_of_tokens_ = false;
  DownloadCounts counts_;
  bool verified_ = false;
  std::vector<FetchAction> actions_;
  std::optional<Status> outcome_;
};

}  // namespace weir::transfer
