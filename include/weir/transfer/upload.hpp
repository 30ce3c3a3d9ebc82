// upload_to: the sink that puts a stream into a store, whatever the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "weir/core/retry.hpp"
#include "weir/core/stage.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/net/rate_limiter.hpp"
#include "weir/store/target.hpp"

namespace weir {

/// None of these changes the bytes of the object.
struct UploadOptions {
  std::uint64_t part_bytes = 0;  ///< 0: chosen by length, store and memory
  /// Parts under way at once. 0: adapts, from 4 up to 32 (8 where parts are held in memory), as throughput and the
  /// store's answers say.
  std::uint32_t concurrency = 0;
  std::shared_ptr<RateLimiter> limiter = {};  ///< of what is sent, repeats included; may be shared; null: no limit
  RetryPolicy retry;
  /// Compare the store's checksum with ours before saying "done". Off: only lengths are compared, and nothing is hashed
  /// but what the target's own options say (S3Checksum) and what is recorded to go on with. Also off where a local file
  /// is written with what comes from a download that verifies nothing.
  bool verify = true;
  /// Where uploads in parts are recorded, so that the same call goes on with them, in this process or another, at
  /// stores that keep an upload that nobody works on. Null: they begin anew. Streams are compared as they come: needs
  /// `verify`.
  std::shared_ptr<Ledger> ledger = {};
  /// False: begins anew, removes what an earlier run has sent, and leaves nothing to go on with.
  bool resume = true;
  /// Of a producer that cannot begin again (CallbackOptions::go_on_from): the most that the file may have, beside the
  /// ledger, in which lies what it has handed over and the store has not confirmed. Parts are no larger than what fits,
  /// and what they hold at once no more.
  std::uint64_t spool_bytes = 64 * kMiB;
  /// Told in one line why what an earlier run has sent may have to be sent again; and once there are several parts
  /// (into files 16 MiB), that a later run would have to make all of it again, where the last stage cannot be taken up
  /// in the middle. Any thread; must not block.
  std::function<void(const std::string& line)> on_notice = {};
  std::string resume_hint = {};  ///< kept with the job for whoever lists them (JobRecord::resume_hint); no secrets
};

/// Sends parts at once, retries, verifies, and leaves no unfinished upload behind.
///
/// A source that can be read again and whose length is known is read by the target itself: no part is kept in memory.
/// With a ledger, errors that may pass (network, keys, the store's own trouble) and Sink::suspend() leave the upload at
/// the store: the same call goes on with it. It asks the store which parts it has, reads the source again and compares
/// checksums, and sends the rest. source_changed if a file is not what it was. A stream (a pipe, or what stages make)
/// is made again from its beginning, and of it only what the store does not have is sent: equal parts stay, others are
/// replaced, so the object is always what came now.
/// A producer that cannot begin again (CallbackOptions::go_on_from) is asked to go on behind what the store and the
/// spool have. Its upload stays after every failure but cancel(). It needs `ledger` and `verify`, and a store that
/// keeps uploads; what is missing is an error of open(), before it is asked for anything: unsupported, unavailable (a
/// ledger that does not work), invalid_argument (too small a spool). A download into a file is gone on with too, if it
/// is of more than 16 MiB, of all of an object that its origin can tell from any other, and changed by nothing on its
/// way: what the file has is read from there and compared with what was recorded. So is a copy from file to file, by
/// reading both. Otherwise parts are held (shared, never copied) until the store has them. Destroying the sink before
/// it is closed aborts; what is under way then ends on its own. Errors of close(): the store's own, corrupt (what is
/// stored is not what was sent), source_changed, limit (a stream of unknown length that outgrew its plan: nothing is
/// stored; from open(), one whose max_bytes would), budget_too_small from open().
std::unique_ptr<Sink> upload_to(std::shared_ptr<Target> target, UploadOptions options = {});

}  // namespace weir
