// weir_start() and weir_start_copy().
#include <utility>

#include "abi/entry.hpp"
#include "abi/hint.hpp"
#include "abi/job.hpp"
#include "abi/stages.hpp"
#include "abi/structs.hpp"
#include "weir/text/parse.hpp"

namespace weir::abi {

weir_status give_job(weir_job** job, weir_error* error, const weir_job_options* options,
                     const std::function<Answer(JobSettings, std::shared_ptr<JobObject>&)>& make) noexcept {
  if (job != nullptr) *job = nullptr;
  return run(error, [&]() -> Answer {
    JobSettings settings;
    WEIR_ABI_TRY(read_job_options(options, settings).during("start a job"));
    if (job == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the job is NULL").during("start a job");
    std::shared_ptr<JobObject> made;
    WEIR_ABI_TRY(make(std::move(settings), made));
    begin_job(made, job);
    return {};
  });
}

std::shared_ptr<JobObject> make_job(Pipeline pipeline, JobSettings& settings) {
  auto core = std::make_shared<detail::JobCore>(std::move(pipeline), std::move(settings.job));
  return std::make_shared<JobObject>(std::move(core), settings.context);
}

void begin_job(const std::shared_ptr<JobObject>& made, weir_job** job) {
  // The handle first: callbacks may come at once, and ask for it.
  *job = static_cast<weir_job*>(HandleTable::of_process().add(made));
  made->begin();
}

Answer make_pipeline_job(const std::string& text, JobSettings settings, std::shared_ptr<JobObject>& into) {
  if (!settings.through.empty())
    return Answer(WEIR_E_INVALID_ARGUMENT, "through is for copies: write the stages into the pipeline");
  ParseOptions options;
  const auto registry = settings.context->registry();
  options.registry = registry.get();
  options.endpoint = settings.endpoint(text);
  if (!settings.push && !settings.pull) options.endpoint.upload.resume_hint = hint_of_pipeline(text, settings);
  Reading now(settings);
  auto pipeline = parse(text, options);
  if (!pipeline) return pipeline.status();
  WEIR_ABI_TRY(now.attach(*pipeline).during("start a job"));
  into = make_job(std::move(*pipeline), settings);
  return {};
}

Answer make_copy_job(const std::string& source, const std::string& destination, JobSettings settings,
                     std::shared_ptr<JobObject>& into) {
  if (settings.push) return idle_handle("push").during("start a copy");
  if (settings.pull) return idle_handle("pull").during("start a copy");
  auto through = settings.read_through();
  if (!through) return through.status();
  EndpointOptions endpoint = settings.endpoint(source + "\n" + destination);
  endpoint.upload.resume_hint = hint_of_copy(source, destination, settings);
  auto from = open_source(source, endpoint);
  if (!from) return from.status();
  auto to = open_sink(destination, endpoint);
  if (!to) return to.status();
  into = make_job(From(std::move(*from)) | std::move(*through) | To(std::move(*to)), settings);
  return {};
}

}  // namespace weir::abi

weir_status weir_start(const char* pipeline, const weir_job_options* options, weir_job** job, weir_error* error) {
  using namespace weir::abi;
  return give_job(job, error, options, [&](JobSettings settings, std::shared_ptr<JobObject>& into) -> Answer {
    std::string text;
    WEIR_ABI_TRY(read_text(pipeline, "the pipeline", text).during("start a job"));
    return make_pipeline_job(text, std::move(settings), into);
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
    return make_copy_job(from, to, std::move(settings), into);
  });
}
