#include "transfer/download_resume.hpp"

#include <map>
#include <set>
#include <utility>

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

Status replaced(const JobRecord& job, const SourceIdentity& now, std::string cause) {
  std::uint64_t bytes = 0;
  for (const PartReceipt& part : job.parts) bytes += part.length;
  return Status(Kind::source_changed, std::move(cause))
      .during(fmt::format("go on with the {} to {}", is_file(now) ? "copy" : "download", job.destination))
      .advise(fmt::format("The {} bytes that were read of it stay in a temporary file (job {}). Begin anew with what "
                          "the {} is now, without resuming.",
                          bytes, job.id, is_file(now) ? "file" : "object"));
}

/// What can be looked for in the file of an earlier process: those that follow each other from the first on. A kill
/// loses nothing that was written, synced or not; what a loss of power has taken is found as each part is read and
/// compared. The last word on a part counts: it may have been written twice.
EarlierUpload what_may_be_there(const JobRecord& job) {
  EarlierUpload earlier;
  earlier.id = job.upload_id;
  std::map<std::uint32_t, PartReceipt> known;
  for (const PartReceipt& part : job.written) known[part.number] = part;
  std::set<std::uint32_t> synced;
  for (const PartReceipt& part : job.parts) {
    if (known.emplace(part.number, part).first->second.crc64nvme == part.crc64nvme) synced.insert(part.number);
  }
  std::uint64_t offset = 0;
  for (const auto& [number, part] : known) {
    const bool follows = number == earlier.parts.size() + 1 && part.offset == offset;
    const bool fits = part.length != 0 && part.length <= job.source.size_bytes - offset;
    if (!follows || !fits || !part.crc64nvme) break;
    offset += part.length;
    earlier.parts.push_back(part);
    if (!synced.contains(number)) earlier.unsynced.insert(number);
  }
  return earlier;
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
  std::string cause = begun ? difference_of(job.source, source) : std::string();
  if (!cause.empty()) return replaced(job, source, std::move(cause));
  if (begun && job.part_bytes != 0) {
    EarlierUpload earlier = what_may_be_there(job);
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
