#include "transfer/download_resume.hpp"

#include <utility>

#include "transfer/upload_ledger.hpp"

namespace weir::transfer {
namespace {

Status replaced(const JobRecord& job, const SourceIdentity& now) {
  std::string cause = job.source.size_bytes == now.size_bytes
                          ? "the object is another than when its download began"
                          : fmt::format("the object had {} bytes when its download began and now has {}",
                                        job.source.size_bytes, now.size_bytes);
  std::uint64_t bytes = 0;
  for (const PartReceipt& part : job.parts) bytes += part.length;
  return Status(Kind::source_changed, std::move(cause))
      .during("go on with the download to " + job.destination)
      .advise(fmt::format("The {} bytes that were read of it stay in a temporary file (job {}). Begin anew with what "
                          "the object is now, without resuming.",
                          bytes, job.id));
}

/// Those that follow each other from the first on.
std::vector<PartReceipt> front_of(const std::vector<PartReceipt>& parts) {
  std::vector<PartReceipt> front;
  std::uint64_t offset = 0;
  for (const PartReceipt& part : parts) {
    if (part.offset != offset || !part.crc64nvme) break;
    offset += part.length;
    front.push_back(part);
  }
  return front;
}

}  // namespace

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
  if (begun && (job.source.size_bytes != source.size_bytes || job.source.inode != source.inode)) {
    return replaced(job, source);
  }
  if (begun && job.part_bytes != 0) {
    std::vector<PartReceipt> front = front_of(job.parts);
    WEIR_ASSIGN(found.kept, target->kept(job.upload_id, front, source.size_bytes));
    found.earlier = EarlierUpload{job.upload_id, std::move(front)};
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
