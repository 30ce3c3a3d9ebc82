// What can be done with a job that was started.
#include "abi/job.hpp"

#include <algorithm>
#include <utility>

#include "abi/entry.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

template <class Call>
weir_status with_job(weir_job* handle, weir_error* error, Call&& call) noexcept {
  return run(error, [&]() -> Answer {
    std::shared_ptr<JobObject> job;
    WEIR_ABI_TRY(find_handle(handle, job));
    call(job->job);
    return {};
  });
}

}  // namespace

Result<int> JobObject::descriptor() {
  const std::lock_guard lock(mutex_);
  if (!ended_) {
    const auto made = std::make_shared<Signal>();
    made->lower();
    WEIR_TRY(made->descriptor().status());
    core_->when_ended([made] { made->raise(); });
    ended_ = made;
  }
  return ended_->descriptor();
}

std::optional<Result<Receipt>> wait_for_end(JobObject& job, std::int64_t timeout_ms) {
  auto result = timeout_ms < 0 ? job.job.wait() : job.job.wait_for(time_to_wait(timeout_ms));
  if (result) job.context->flush();  // who ends the process now must not lose what an end has to say
  return result;
}

}  // namespace weir::abi

weir_status weir_job_wait(weir_job* job, int64_t timeout_ms, weir_receipt* receipt, weir_error* error) {
  using namespace weir::abi;
  return run_waiting(error, [&]() -> Answer {
    std::shared_ptr<JobObject> object;
    WEIR_ABI_TRY(find_handle(job, object));
    WEIR_ABI_TRY(check_receipt(receipt));
    const auto result = wait_for_end(*object, timeout_ms);
    if (!result) return Answer(WEIR_PENDING);
    if (!result->ok()) return result->status();
    fill_receipt(**result, receipt);
    return {};
  });
}

weir_status weir_job_progress(weir_job* job, weir_progress* progress, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    std::shared_ptr<JobObject> object;
    WEIR_ABI_TRY(find_handle(job, object));
    WEIR_ABI_TRY(check_result(progress, "weir_progress"));
    weir_progress full;
    fill_progress(object->job.progress(), full);
    write_result(progress, full);
    return {};
  });
}

weir_status weir_job_fd(weir_job* job, int32_t* fd, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    std::shared_ptr<JobObject> object;
    WEIR_ABI_TRY(find_handle(job, object));
    if (fd == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the file descriptor is NULL");
    const auto descriptor = object->descriptor();
    if (!descriptor) return descriptor.status();
    *fd = *descriptor;
    return {};
  });
}

weir_status weir_job_pause(weir_job* job, weir_error* error) {
  return weir::abi::with_job(job, error, [](weir::Job& running) { running.pause(); });
}
weir_status weir_job_resume(weir_job* job, weir_error* error) {
  return weir::abi::with_job(job, error, [](weir::Job& running) { running.resume(); });
}
weir_status weir_job_cancel(weir_job* job, weir_error* error) {
  return weir::abi::with_job(job, error, [](weir::Job& running) { running.cancel(); });
}
weir_status weir_job_suspend(weir_job* job, weir_error* error) {
  return weir::abi::with_job(job, error, [](weir::Job& running) { running.suspend(); });
}

void weir_job_free(weir_job* job) {
  using namespace weir::abi;
  run_free([&] {
    // Also where another thread is inside a call on it and keeps it.
    if (const auto object = HandleTable::of_process().remove<JobObject>(job)) object->job.cancel();
  });
}
