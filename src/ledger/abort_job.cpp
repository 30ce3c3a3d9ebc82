#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "platform/platform.hpp"
#include "store/left_files.hpp"
#include "weir/core/retry.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir {
namespace {

constexpr std::uint32_t kAttempts = 5;

/// One attempt, waited for.
Status abort_once(Target& target, const std::string& upload_id) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<Status> status;
  };
  const auto answer = std::make_shared<Answer>();
  (void)target.abort(upload_id, [answer](const Result<Target::None>& result) {
    const std::lock_guard lock(answer->mutex);
    answer->status = result.status();
    answer->came.notify_all();
  });
  std::unique_lock lock(answer->mutex);
  answer->came.wait(lock, [&] { return answer->status.has_value(); });
  return *answer->status;
}

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

Status abort_job(Ledger& ledger, std::int64_t id, Target& target) {
  WEIR_ASSIGN(const auto claim, ledger.claim(id));
  const JobRecord& job = claim->record();
  const std::string operation = fmt::format("remove what was sent of {} (job {})", job.destination, id);
  const std::optional<UploadIdentity> identity = target.identity();
  if (!job.upload_id.empty()) {
    if (!identity || identity->place != job.place) {
      return Status(Kind::invalid_argument, "the upload is not at the place that was asked").during(operation);
    }
    const RetryPolicy retry;
    for (std::uint32_t attempt = 1;; ++attempt) {
      const Status status = abort_once(target, job.upload_id);
      if (status.ok()) break;
      if (!status.retryable() || attempt == kAttempts) return Status(status).during(operation);
      std::this_thread::sleep_for(retry.delay(status.error(), attempt, platform::random_below));
    }
  }
  claim->finished();
  return ledger.flush();
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
