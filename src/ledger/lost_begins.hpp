// Uploads that were begun without anybody learning their id: the request had reached the store, and the process was
// killed, or the connection ended, before the answer was written down.
//
// Such an upload is removed only where nobody can lose a byte by it: it has no part (ours never has: parts are sent
// once the id is recorded), was begun to this very object at the time of a begin whose answer is missing, is known to
// no record, and there are no more such uploads than begins that may account for them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "weir/ledger/ledger.hpp"

namespace weir::ledger {

/// A begin is sent when it is noted and has the store's word, or its connection's end, within that: ten seconds to
/// connect, thirty of silence, and some for whoever has to wait for keys or his turn.
inline constexpr std::int64_t kBeginTakesSeconds = 60;
/// How far a corrected clock may be off: both ends tell whole seconds.
inline constexpr std::int64_t kClockSlackSeconds = 2;
/// What a killed process had sent, a store has executed by then, if it does at all.
inline constexpr std::int64_t kSettlesSeconds = 5;

/// Whether what began then, by this machine's clock, may be of that begin.
inline bool may_be_of(const LostBegin& begin, std::int64_t begun_unix) {
  return begun_unix >= begin.at_unix - kClockSlackSeconds &&
         begun_unix <= begin.at_unix + kBeginTakesSeconds + kClockSlackSeconds;
}

/// Whether each of the times can have a begin of its own.
bool each_has_a_begin(std::vector<std::int64_t> times_unix, std::vector<LostBegin> begins);

/// What became of lost begins.
struct Swept {
  std::uint32_t removed = 0;
  /// Empty: the store has no upload of them, as far as can be told. Else in a few words why it may have.
  std::string doubt;
  Status failure;  ///< with `doubt`: the store could not be asked, and may be another time
};

/// Removes what `begins` of `job` have left at `target`, its place. `own_id`: of an upload that the caller knows; may
/// be empty. `killed`: those among them that were another process's, which may still be on their way: waits some
/// seconds for them to arrive. Blocks.
Swept remove_lost(Ledger& ledger, const JobRecord& job, const std::vector<LostBegin>& begins,
                  const std::vector<LostBegin>& killed, const std::string& own_id, Target& target);

/// For people.
std::string perhaps_left(const std::string& destination, const std::string& doubt);

}  // namespace weir::ledger
