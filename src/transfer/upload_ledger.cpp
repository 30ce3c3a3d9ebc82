#include "transfer/upload_ledger.hpp"

#include <utility>

#include "ledger/abort_job.hpp"
#include "ledger/lost_begins.hpp"
#include "transfer/download_resume.hpp"

namespace weir::transfer {
namespace {

/// How the source differs from what was there when the upload began; empty if it does not. The number of a device is
/// not looked at: it may be another after the machine was started anew.
std::string difference(const SourceIdentity& was, const SourceIdentity& is) {
  if (was.size_bytes != is.size_bytes) {
    return fmt::format("the file had {} bytes when its upload began and now has {}", was.size_bytes, is.size_bytes);
  }
  if (was.mtime_ns != is.mtime_ns) return "the file was written to after its upload began";
  if (was.inode != is.inode) return "the file is another than when its upload began";
  return {};
}

Status changed(const JobRecord& job, std::size_t parts, std::string cause, bool in_file) {
  return Status(Kind::source_changed, std::move(cause))
      .during("go on with the upload of " + job.destination)
      .advise(fmt::format("The {} parts that were {} (job {}). Begin anew with what the file is now, without resuming; "
                          "or put back what it was and run this again.",
                          parts, in_file ? "written stay in a temporary file" : "sent stay at the store", job.id));
}

/// Nobody can find a stream again: who comes with one of the same kind for the same place goes on with it.
SourceIdentity stream_named(const std::string& name) {
  SourceIdentity source;
  source.name = name;
  return source;
}

/// Its bytes are not compared, so that nobody else's may be taken for them.
SourceIdentity stream_of(const std::string& producer) { return stream_named("producer " + producer); }

Status other_object(const JobRecord& job) {
  return Status(Kind::invalid_argument, "it was begun with other properties of the object than it is to have now")
      .during("go on with the upload to " + job.destination)
      .advise(
          fmt::format("What was sent stays at the store (job {}). Give it the properties that it was begun with; or "
                      "remove it ('weir jobs abort {}', abort_job) and let the producer begin anew.",
                      job.id, job.id));
}

std::string one_line(std::string stages) {
  if (stages.empty()) return "none";
  stages.pop_back();
  for (std::size_t at = 0; (at = stages.find('\n', at)) != std::string::npos;) stages.replace(at, 1, " | ");
  return stages;
}

std::string other_stages(const JobRecord& found, const JobRecord& wanted) {
  return fmt::format(
      "the upload to {} was begun with other stages ({}; now {}): of what was sent only equal parts are kept",
      found.destination, one_line(found.stages), one_line(wanted.stages));
}

/// Later, on a thread that may wait: nobody waits for it. What cannot be removed stays in the ledger, and so do lost
/// begins: the upload that is about to begin may be taken for one of theirs.
void remove_later(const UploadOptions& options, const std::shared_ptr<Target>& target, std::int64_t job,
                  const std::shared_ptr<Executor>& executor) {
  executor->post_blocking([ledger = options.ledger, target, job] {
    (void)ledger::abort_job(*ledger, job, *target, ledger::LostBegins::stay, nullptr);
  });
}

}  // namespace

JobRecord job_to(const UploadOptions& options, const Target& target, const UploadIdentity& identity,
                 std::uint64_t part_bytes) {
  JobRecord job;
  job.place = identity.place;
  job.destination = identity.destination.empty() ? target.url() : identity.destination;
  job.fingerprint = identity.fingerprint;
  job.part_bytes = part_bytes;
  job.resume_hint = options.resume_hint;
  return job;
}

Result<std::unique_ptr<JobClaim>> claim_job(const UploadOptions& options, const std::shared_ptr<Target>& target,
                                            const JobRecord& wanted, const std::shared_ptr<Executor>& executor) {
  auto claimed = options.ledger->claim(wanted);
  if (!claimed.ok()) {
    if (claimed.status().kind() == Kind::unavailable) return claimed.status();
    return std::unique_ptr<JobClaim>();
  }
  if (options.resume) return claimed;
  const std::int64_t id = (*claimed)->record().id;
  const bool begun = !(*claimed)->record().upload_id.empty();
  if (!begun && (*claimed)->record().begins.empty()) (*claimed)->finished();
  claimed->reset();
  if (begun) remove_later(options, target, id, executor);
  return std::unique_ptr<JobClaim>();
}

Result<Recorded> find_earlier(const UploadOptions& options, const std::shared_ptr<Target>& target,
                              const Upstream& upstream, std::uint64_t part_bytes,
                              const std::shared_ptr<Executor>& executor, const std::string& producer) {
  Recorded recorded;
  const std::optional<UploadIdentity> identity = target->identity();
  if (!options.ledger || !identity || (identity->readable && !producer.empty())) return recorded;
  recorded.in_file = identity->readable;
  JobRecord wanted = job_to(options, *target, *identity, part_bytes);
  const auto source = upstream.made_from ? upstream.made_from->lasting_identity() : std::nullopt;
  recorded.same_source = source.has_value() || !producer.empty();
  wanted.source = source ? *source : producer.empty() ? stream_named(upstream.source) : stream_of(producer);
  wanted.stages = upstream.stages;

  WEIR_ASSIGN(auto claim, claim_job(options, target, wanted, executor));
  if (!claim) return recorded;
  const JobRecord found = claim->record();
  EarlierUpload earlier = recorded.in_file ? earlier_in_file(found) : EarlierUpload{found.upload_id, found.parts};
  const bool same = found.fingerprint == wanted.fingerprint && found.part_bytes != 0;
  std::string cause = same && recorded.same_source ? difference(found.source, wanted.source) : std::string();
  Status written;
  if (found.upload_id.empty()) {
    written = claim->start(wanted);
  } else if (!same && !producer.empty()) {
    return other_object(found);
  } else if (!same || (!cause.empty() && earlier.parts.empty())) {
    written = claim->set_aside(wanted);
    if (written.ok()) remove_later(options, target, found.id, executor);
  } else if (!cause.empty()) {
    return changed(found, earlier.parts.size(), std::move(cause), recorded.in_file);
  } else {
    if (found.stages != wanted.stages) {
      written = claim->adopt(wanted);
      recorded.same_source = false;
      if (options.on_notice) options.on_notice(other_stages(found, wanted));
    }
    recorded.earlier = std::move(earlier);
    recorded.part_bytes = found.part_bytes;
  }
  if (recorded.earlier && recorded.in_file) {
    WEIR_ASSIGN(recorded.kept, target->kept(found.upload_id, recorded.earlier->parts, UINT64_MAX));
    if (!recorded.kept) {
      recorded.earlier.reset();
      (void)target->abort(found.upload_id, [](const auto&) {});  // what is left of it, if it is ours
      written = claim->start(wanted);
    }
  }
  if (written.ok()) recorded.claim = std::move(claim);
  return recorded;
}

std::function<bool(const JobClaim&, const std::string&, bool)> lost_remover(const UploadOptions& options,
                                                                            const std::shared_ptr<Target>& target) {
  return [ledger = options.ledger, target, on_notice = options.on_notice](const JobClaim& claim,
                                                                          const std::string& own_id, bool stored) {
    const JobRecord& job = claim.record();
    const ledger::Swept swept = ledger::remove_lost(*ledger, job, claim.lost_begins(), job.begins, own_id, *target);
    if (swept.failure.failed() && !stored) return false;
    if (!swept.doubt.empty() && on_notice) on_notice(ledger::perhaps_left(job.destination, swept.doubt));
    return true;
  };
}

std::string made_again(const std::string& stages, bool in_file) {
  return fmt::format("should this be stopped, the same again is made from the first byte ({}), and only what the {}",
                     one_line(stages), in_file ? "file lacks is written" : "store lacks is sent");
}

}  // namespace weir::transfer
