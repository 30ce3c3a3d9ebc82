// What a ledger knows of a download into a file that is about to begin.
#pragma once

#include <memory>
#include <optional>

#include "transfer/upload_machine.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::transfer {

/// Without a claim: the download is not recorded. Without `kept` it begins anew.
struct KeptDownload {
  std::unique_ptr<JobClaim> claim;
  std::optional<EarlierUpload> earlier;
  std::shared_ptr<Kept> kept;
  std::uint64_t part_bytes = 0;  ///< of `earlier`
};

/// What can be looked for in the partial file of a job into a file.
EarlierUpload earlier_in_file(const JobRecord& job);

/// Claims the job of this source and target, whose `identity` is readable, and finds out what to go on with. Waits for
/// disks. Errors: unavailable (another process is at it), source_changed (an earlier process has stored parts of what
/// the source was). A ledger that does not work is no error: it tells so by itself.
Result<KeptDownload> find_kept(const UploadOptions& options, const std::shared_ptr<Target>& target,
                               const UploadIdentity& identity, const SourceIdentity& source, std::uint64_t part_bytes,
                               const std::shared_ptr<Executor>& executor);

}  // namespace weir::transfer
