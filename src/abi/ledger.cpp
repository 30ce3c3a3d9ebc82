// weir_ledger_...: what was not finished, by number.
#include "weir/ledger/ledger.hpp"

#include <unistd.h>

#include <climits>
#include <mutex>
#include <utility>

#include "abi/entry.hpp"
#include "abi/hint.hpp"
#include "abi/job.hpp"
#include "abi/places.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

class UnfinishedObject final : public Object {
 public:
  static constexpr const char* kType = "list of unfinished jobs";
  explicit UnfinishedObject(std::vector<JobRecord> jobs) : jobs_(std::move(jobs)) {}
  const char* type() const noexcept override { return kType; }

  Answer next(weir_unfinished_job& into) {
    const std::lock_guard lock(mutex_);
    if (at_ == jobs_.size()) return Answer(WEIR_END);
    const JobRecord& job = jobs_[at_++];
    weir_init(&into, sizeof into);
    into.id = job.id;
    into.can_resume = !job.set_aside && read_hint(job.resume_hint).ok() ? 1 : 0;
    into.bytes_stored = job.bytes_stored;
    into.bytes_total = job.is_many() ? 0 : job.source.size_bytes;
    into.owner_pid = job.owner_pid;
    into.created_unix = job.created_unix;
    into.updated_unix = job.updated_unix;
    into.source = job.source.name.c_str();
    into.destination = job.destination.c_str();
    return {};
  }

 private:
  std::mutex mutex_;
  const std::vector<JobRecord> jobs_;
  std::size_t at_ = 0;
};

Status in_another_directory(const std::string& directory) {
  char here[PATH_MAX];
  if (directory.empty() || (::getcwd(here, sizeof here) != nullptr && directory == here)) return {};
  return Status(Kind::unsupported, "it was started in another directory, where its names mean something else")
      .advise("Go on with it in " + directory + ".");
}

Answer resume_job(std::int64_t id, JobSettings settings, std::shared_ptr<JobObject>& into) {
  if (!settings.context->settings().ledger)
    return Answer(WEIR_E_INVALID_ARGUMENT, "the context records no jobs: weir_context_options.ledger is 0");
  if (settings.push || settings.pull || !settings.through.empty() || settings.of_part())
    return Answer(WEIR_E_INVALID_ARGUMENT, "handles, stages and what is read are those of the job as it was started");
  const auto ledger = settings.context->ledger();
  if (!ledger) return ledger.status();
  const auto job = (*ledger)->job(id);
  if (!job) return job.status();
  if (job->set_aside)
    return Answer(Status(Kind::unsupported, "what it stores has other properties than what was asked for since")
                      .advise("weir_ledger_abort() removes what was sent of it."));
  auto known = read_hint(job->resume_hint);
  if (!known) return known.status();
  WEIR_ABI_TRY(in_another_directory(known->directory));
  settings.object = known->object;
  settings.part_bytes = known->part_bytes;
  settings.through = known->through;
  settings.begin_anew = false;
  if (!known->pipeline.empty()) return make_pipeline_job(known->pipeline, std::move(settings), into);
  return make_copy_job(known->source, known->destination, std::move(settings), into);
}

Answer abort_job_of(SharedContext& context, std::int64_t id) {
  const auto ledger = context.ledger();
  if (!ledger) return ledger.status();
  WEIR_ABI_TRY((*ledger)->flush());
  const auto job = (*ledger)->job(id);
  if (!job) return job.status();
  if (job->is_many()) return forget_copy(**ledger, id);
  const auto place = open_store(job->destination, context.endpoint(job->destination));
  if (!place) return place.status();
  return abort_job(**ledger, id, *place->store->target(place->key, {}), context.settings().notice);
}

}  // namespace

}  // namespace weir::abi

weir_status weir_ledger_list(weir_context* context, weir_unfinished** list, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    if (list == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the list is NULL");
    *list = nullptr;
    std::shared_ptr<SharedContext> shared;
    WEIR_ABI_TRY(find_context(context, shared));
    const auto ledger = shared->ledger();
    if (!ledger) return ledger.status();
    WEIR_ABI_TRY((*ledger)->flush());
    auto jobs = (*ledger)->jobs();
    if (!jobs) return jobs.status();
    auto made = std::make_shared<UnfinishedObject>(std::move(*jobs));
    *list = static_cast<weir_unfinished*>(HandleTable::of_process().add(std::move(made)));
    return {};
  });
}

weir_status weir_unfinished_next(weir_unfinished* list, weir_unfinished_job* job, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    std::shared_ptr<UnfinishedObject> object;
    WEIR_ABI_TRY(find_handle(list, object));
    WEIR_ABI_TRY(check_result(job, "weir_unfinished_job"));
    weir_unfinished_job full;
    WEIR_ABI_TRY(object->next(full));
    write_result(job, full);
    return {};
  });
}

void weir_unfinished_free(weir_unfinished* list) {
  using namespace weir::abi;
  run_free([&] { (void)HandleTable::of_process().remove<UnfinishedObject>(list); });
}

weir_status weir_ledger_resume(int64_t id, const weir_job_options* options, weir_job** job, weir_error* error) {
  using namespace weir::abi;
  if (job != nullptr) *job = nullptr;
  const auto refused = [&] { release_job_options(options); };
  return run_waiting(error, refused, [&]() -> Answer {
    const std::string operation = fmt::format("go on with job {}", id);
    JobSettings settings;
    WEIR_ABI_TRY(read_job_options(options, settings).during(operation));
    if (job == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the job is NULL").during(operation);
    std::shared_ptr<JobObject> made;
    WEIR_ABI_TRY(resume_job(id, std::move(settings), made).during(operation));
    begin_job(made, job);
    return {};
  });
}

weir_status weir_ledger_abort(weir_context* context, int64_t id, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    std::shared_ptr<SharedContext> shared;
    WEIR_ABI_TRY(find_context(context, shared));
    return abort_job_of(*shared, id).during(fmt::format("abort job {}", id));
  });
}
