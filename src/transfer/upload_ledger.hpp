// What a ledger knows of an upload that is about to begin.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "transfer/upload_machine.hpp"
#include "weir/ledger/ledger.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::transfer {

/// Both empty: the upload is not recorded.
struct Recorded {
  std::unique_ptr<JobClaim> claim;
  std::optional<EarlierUpload> earlier;
  std::uint64_t part_bytes = 0;  ///< of `earlier`
  std::shared_ptr<Kept> kept;    ///< with `earlier`, into a file: what is in it
  bool in_file = false;          ///< parts last only once they are synced
  bool same_source = false;      ///< other bytes than those of `earlier` are an error
};

/// The job of an upload to `target`, whose identity that is; without its source and stages.
JobRecord job_to(const UploadOptions& options, const Target& target, const UploadIdentity& identity,
                 std::uint64_t part_bytes);
/// Claims the job that `wanted` is. Null: it is not recorded, because the ledger does not work, which it tells by
/// itself, or because nothing is to be resumed; what an earlier process has stored is then removed later. Errors:
/// unavailable (another process is at it).
Result<std::unique_ptr<JobClaim>> claim_job(const UploadOptions& options, const std::shared_ptr<Target>& target,
                                            const JobRecord& wanted, const std::shared_ptr<Executor>& executor);
/// Claims the job of this source and target, and finds out what to go on with. Waits for the ledger's file. `producer`:
/// the stream of one that cannot begin again; else empty.
/// Errors: unavailable (another process is at it), source_changed (an earlier process has sent parts of what the source
/// was); of a producer's, invalid_argument (what was sent is to become part of another object), and nothing is removed.
/// A ledger that does not work is no error: it tells so by itself.
Result<Recorded> find_earlier(const UploadOptions& options, const std::shared_ptr<Target>& target,
                              const Upstream& upstream, std::uint64_t part_bytes,
                              const std::shared_ptr<Executor>& executor, const std::string& producer);

/// Removes what begins whose answer is missing have left at `target`, which is where the job of the claim that it is
/// given goes; with the id of the upload that has just ended, and whether that became the object. False: the store
/// could not be asked, and the job is to stay for that. Waits.
std::function<bool(const JobClaim&, const std::string&, bool)> lost_remover(const UploadOptions& options,
                                                                            const std::shared_ptr<Target>& target);

/// For people: whoever goes on with a stream of these stages makes all of it again.
std::string made_again(const std::string& stages, bool in_file);

}  // namespace weir::transfer
