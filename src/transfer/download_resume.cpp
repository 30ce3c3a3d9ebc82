#include "transfer/download_resume.hpp"

#include <utility>

#include "ledger/file_parts.hpp"
#include "transfer/upload_ledger.hpp"

namespace weir::transfer {
namespace {

bool is_file(const SourceIdentity& source) { return source.name.starts_with('/'); }

/// How the source differs from what was there when the copy began; empty if it does not.
std::string difference_of(const SourceIdentity& was, const SourceIdentity& is) {
  const char* const what = is_file(is) ? "the file" : "the object";
  const char* const began = is_file(is) ? "copy began" : "download began";
  if (was.size_bytes != is.size_bytes) {
    return fmt::format("{} had {} bytes when its {} and now has {}", what, was.size_bytes, began, is.size_bytes);
  }
  if (is_file(is) && was.mtime_ns != is.mtime_ns) return "the file was written to after its copy began";
  if (was.inode != is.inode) return fmt::format("{} is another than when its {}", what, began);
  return {};
}

Status replaced(const JobRecord& job, const EarlierUpload& earlier, const SourceIdentity& now, std::string cause) {
  const std::uint64_t bytes = earlier.parts.back().offset + earlier.parts.back().length;
  return Status(Kind::source_changed, std::move(cause))
      .during(fmt::format("go on with the {} to {}", is_file(now) ? "copy" : "download", job.destination))
      .advise(fmt::format("The {} bytes that were read of it stay in a temporary file (job {}). Begin anew with what "
                          "the {} is now, without resuming.",
                          bytes, job.id, is_file(now) ? "file" : "object"));
}

}  // namespace

EarlierUpload earlier_in_file(const JobRecord& job) {
  ledger::FileParts there = ledger::parts_in_file(job);
  EarlierUpload earlier;
  earlier.id = job.upload_id;
  earlier.parts = std::move(there.parts);
  earlier.unsynced = std::move(there.unsynced);
  return earlier;
}

Result<KeptDownload> find_kept(const UploadOptions& options, const std::shared_ptr<Target>& target,
                               const UploadIdentity& identity, const SourceIdentity& source, std::uint64_t part_bytes,
                               const std::shared_ptr<Executor>& executor) {
  KeptDownload found;
  JobRecord wanted = job_to(options, *target, identity, part_bytes);
  wanted.source = source;
  WEIR_ASSIGN(auto claim, claim_job(options, target, wanted, executor));
  if (!claim) return found;

  const JobRecord job = claim->record();
  const bool begun = !job.upload_id.empty();
  EarlierUpload earlier = earlier_in_file(job);
  std::string cause = begun ? difference_of(job.source, source) : std::string();
  if (!cause.empty() && !earlier.parts.empty()) return replaced(job, earlier, source, std::move(cause));
  if (begun && cause.empty() && job.part_bytes != 0) {
    WEIR_ASSIGN(found.kept, target->kept(job.upload_id, earlier.parts, source.size_bytes));
    found.earlier = std::move(earlier);
    found.part_bytes = job.part_bytes;
  }
  if (!found.kept) {
    found.earlier.reset();
    if (begun) (void)target->abort(job.upload_id, [](const auto&) {});  // what is left of it, if it is ours
    if (!claim->start(wanted).ok()) return found;
  }
  found.claim = std::move(claim);
  return found;
}

}  // namespace weir::transfer
