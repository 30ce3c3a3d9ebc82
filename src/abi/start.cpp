// weir_start() and weir_start_copy().
#include <utility>

#include "abi/entry.hpp"
#include "abi/hint.hpp"
#include "abi/job.hpp"
#include "abi/stages.hpp"
#include "abi/structs.hpp"
#include "weir/text/parse.hpp"

namespace weir::abi {

namespace {

/// A handle that was given, and that the pipeline has no stage for, would wait for ever.
Answer check_used(const JobSettings& settings) {
  for (const char* const stage : {"push", "pull"}) {
    const bool idle =
        stage[2] == 's' ? settings.push && !settings.push->attached() : settings.pull && !settings.pull->attached();
    if (idle) {
      return Answer(WEIR_E_INVALID_ARGUMENT,
                    fmt::format("weir_job_options.{} is given, and the pipeline has no stage \"{}\"", stage, stage));
    }
  }
  return {};
}

}  // namespace

weir_status give_job(weir_job** job, weir_error* error, const weir_job_options* options,
                     const std::function<Answer(JobSettings, std::shared_ptr<JobObject>&)>& start) noexcept {
  if (job != nullptr) *job = nullptr;
  return run(error, [&]() -> Answer {
    JobSettings settings;
    WEIR_ABI_TRY(read_job_options(options, settings).during("start a job"));
    if (job == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the job is NULL").during("start a job");
    std::shared_ptr<JobObject> started;
    WEIR_ABI_TRY(start(std::move(settings), started));
    *job = static_cast<weir_job*>(HandleTable::of_process().add(std::move(started)));
    return {};
  });
}

std::shared_ptr<JobObject> start_job(Pipeline pipeline, const JobSettings& settings) {
  return std::make_shared<JobObject>(weir::start(std::move(pipeline), settings.job), settings.context);
}

Answer start_pipeline(const std::string& text, JobSettings settings, std::shared_ptr<JobObject>& into) {
  if (!settings.through.empty())
    return Answer(WEIR_E_INVALID_ARGUMENT, "through is for copies: write the stages into the pipeline");
  ParseOptions options;
  const auto registry = settings.context->registry();
  options.registry = registry.get();
  options.endpoint = settings.endpoint(text);
  if (!settings.push && !settings.pull) options.endpoint.upload.resume_hint = hint_of_pipeline(text, settings);
  auto pipeline = [&] {
    const Reading now(settings);
    return parse(text, options);
  }();
  if (!pipeline) return pipeline.status();
  WEIR_ABI_TRY(check_used(settings).during("start a job"));
  into = start_job(std::move(*pipeline), settings);
  return {};
}

Answer start_copy(const std::string& source, const std::string& destination, JobSettings settings,
                  std::shared_ptr<JobObject>& into) {
  WEIR_ABI_TRY(check_used(settings).during("start a copy"));
  auto through = settings.read_through();
  if (!through) return through.status();
  EndpointOptions endpoint = settings.endpoint(source + "\n" + destination);
  endpoint.upload.resume_hint = hint_of_copy(source, destination, settings);
  auto from = open_source(source, endpoint);
  if (!from) return from.status();
  auto to = open_sink(destination, endpoint);
  if (!to) return to.status();
  into = start_job(From(std::move(*from)) | std::move(*through) | To(std::move(*to)), settings);
  return {};
}

}  // namespace weir::abi

weir_status weir_start(const char* pipeline, const weir_job_options* options, weir_job** job, weir_error* error) {
  using namespace weir::abi;
  return give_job(job, error, options, [&](JobSettings settings, std::shared_ptr<JobObject>& into) -> Answer {
    std::string text;
    WEIR_ABI_TRY(read_text(pipeline, "the pipeline", text).during("start a job"));
    return start_pipeline(text, std::move(settings), into);
  });
}

weir_status weir_start_copy(const char* source, const char* destination, const weir_job_options* options,
                            weir_job** job, weir_error* error) {
  using namespace weir::abi;
  return give_job(job, error, options, [&](JobSettings settings, std::shared_ptr<JobObject>& into) -> Answer {
    std::string from;
    std::string to;
    WEIR_ABI_TRY(read_text(source, "the source", from).during("start a copy"));
    WEIR_ABI_TRY(read_text(destination, "the destination", to).during("start a copy"));
    return start_copy(from, to, std::move(settings), into);
  });
}
