// What a next run may look for in the partial file of a job into a file.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "weir/ledger/ledger.hpp"

namespace weir::ledger {

/// Whether the job's place is a file: its parts last only once they are synced.
bool is_into_file(const JobRecord& job);

struct FileParts {
  std::vector<PartReceipt> parts;    ///< that follow each other from the first on, each with its checksum
  std::set<std::uint32_t> unsynced;  ///< numbers of those that nobody has synced
};

/// Of `job.parts` and `job.written`. A kill loses nothing that was written, synced or not; what a loss of power has
/// taken is found as each part is read and compared. The last word on a part counts: it may have been written twice.
FileParts parts_in_file(const JobRecord& job);

}  // namespace weir::ledger
