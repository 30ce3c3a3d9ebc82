#include "ledger/abort_job.hpp"

#include <set>

#include "ledger/lost_begins.hpp"
#include "ledger/wait_for.hpp"
#include "store/left_files.hpp"

namespace weir {
namespace {

constexpr std::uint32_t kAttempts = 5;

/// Small files that a copy was writing when it was killed are recorded nowhere: their names tell whose they are.
void remove_left(Ledger& ledger, const JobRecord& job) {
  const auto jobs = ledger.jobs();
  const bool is_local = job.place.starts_with(std::string(JobRecord::kManyPrefix) + "file /");
  if (!jobs || !is_local || job.source.inode == 0) return;
  std::set<std::string> kept;
  for (const JobRecord& other : *jobs) kept.insert(other.upload_id);
  const std::string directory = job.destination.substr(0, job.destination.rfind('/') + 1);
  store::LeftFiles(store::mark_of_copy(job.source.inode), std::move(kept)).remove_below(directory);
}

}  // namespace

namespace ledger {
namespace {

Status remove_upload(const JobRecord& job, Target& target) {
  return wait_for<Target::None>(kAttempts, [&](auto done) { (void)target.abort(job.upload_id, std::move(done)); })
      .status();
}

}  // namespace

Status abort_job(Ledger& ledger, std::int64_t id, Target& target, LostBegins lost, const Notice& on_notice) {
  WEIR_ASSIGN(const auto claim, ledger.claim(id));
  const JobRecord& job = claim->record();
  const std::string operation = fmt::format("remove what was sent of {} (job {})", job.destination, id);
  const std::optional<UploadIdentity> identity = target.identity();
  const bool at_store = !job.upload_id.empty() || !job.begins.empty();
  if (at_store && (!identity || identity->place != job.place)) {
    return Status(Kind::invalid_argument, "the upload is not at the place that was asked").during(operation);
  }
  if (!job.upload_id.empty()) WEIR_TRY(remove_upload(job, target).during(operation));
  if (lost == LostBegins::stay && !job.begins.empty()) {
    claim->upload_begun({}, nullptr);
    return ledger.flush();
  }
  const Swept swept = remove_lost(ledger, job, job.begins, job.begins, {}, target);
  if (swept.failure.failed()) return Status(swept.failure).during(operation);
  if (!swept.doubt.empty() && on_notice) on_notice(perhaps_left(job.destination, swept.doubt));
  claim->finished();
  return ledger.flush();
}

}  // namespace ledger

Status abort_job(Ledger& ledger, std::int64_t id, Target& target, const ledger::Notice& on_notice) {
  return ledger::abort_job(ledger, id, target, ledger::LostBegins::go, on_notice);
}

Status forget_copy(Ledger& ledger, std::int64_t id) {
  WEIR_ASSIGN(const auto claim, ledger.claim(id));
  if (!claim->record().is_many()) {
    return Status(Kind::invalid_argument, "it is one file, of which the store may keep parts")
        .during(fmt::format("forget job {}", id));
  }
  remove_left(ledger, claim->record());
  claim->finished();
  return ledger.flush();
}

}  // namespace weir
