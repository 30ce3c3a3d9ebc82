// weir_pipeline_...: a pipeline put together by calls.
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "abi/entry.hpp"
#include "abi/host_transform.hpp"
#include "abi/job.hpp"
#include "abi/stages.hpp"
#include "abi/structs.hpp"
#include "weir/text/parse.hpp"

namespace weir::abi {

namespace {

/// Thread-safe.
class PipelineObject final : public Object {
 public:
  static constexpr const char* kType = "pipeline";
  explicit PipelineObject(std::shared_ptr<SharedContext> context) : context_(std::move(context)) {}
  const char* type() const noexcept override { return kType; }

  Answer from(std::string name) { return place(from_, std::move(name), "begins"); }
  Answer to(std::string name) { return place(to_, std::move(name), "ends"); }
  Answer through(Through stages) {
    const std::lock_guard lock(mutex_);
    WEIR_ABI_TRY(check_open());
    through_.append(std::move(stages));
    return {};
  }
  Answer through(std::string_view text) {
    auto stages = parse_through(text, *context_->registry());
    return stages ? through(std::move(*stages)) : Answer(stages.status());
  }

  /// What cannot be started stays as it is.
  Answer start(JobSettings settings, std::shared_ptr<JobObject>& into) {
    const std::lock_guard lock(mutex_);
    WEIR_ABI_TRY(check_open());
    if (settings.has_context && settings.context != context_)
      return Answer(WEIR_E_INVALID_ARGUMENT, "weir_job_options.context is another one than the pipeline's");
    settings.use(context_);
    if (!settings.through.empty())
      return Answer(WEIR_E_INVALID_ARGUMENT, "through is for copies: use weir_pipeline_through()");
    WEIR_ABI_TRY(check_ends(settings));
    const EndpointOptions endpoint = settings.endpoint(from_.value_or("") + "\n" + to_.value_or(""));
    std::unique_ptr<Source> source;
    std::unique_ptr<Sink> sink;
    if (from_) {
      auto opened = open_source(*from_, endpoint);
      if (!opened) return opened.status();
      source = std::move(*opened);
    }
    if (to_) {
      auto opened = open_sink(*to_, endpoint);
      if (!opened) return opened.status();
      sink = std::move(*opened);
    }
    Pipeline pipeline{std::move(source), {}, std::move(sink)};
    WEIR_ABI_TRY(attach_handles(settings, !from_, !to_, pipeline));
    pipeline.transforms = std::move(through_.transforms);
    started_ = true;
    into = make_job(std::move(pipeline), settings);
    return {};
  }

 private:
  Answer check_open() const {
    return started_ ? Answer(WEIR_E_STATE, "the pipeline was started, and a pipeline is started once") : Answer();
  }
  Answer place(std::optional<std::string>& at, std::string name, const char* what) {
    const std::lock_guard lock(mutex_);
    WEIR_ABI_TRY(check_open());
    if (at) return Answer(WEIR_E_INVALID_ARGUMENT, fmt::format("the pipeline {} with a place already", what));
    at = std::move(name);
    return {};
  }
  /// Each end has a place or a handle.
  Answer check_ends(const JobSettings& settings) const {
    if (from_.has_value() == (settings.push != nullptr))
      return Answer(WEIR_E_INVALID_ARGUMENT,
                    from_ ? "the pipeline begins with a place, and weir_job_options.push is given"
                          : "the pipeline has no beginning: a place, or weir_job_options.push");
    if (!from_ && settings.of_part())
      return Answer(WEIR_E_INVALID_ARGUMENT,
                    "what is pushed has no parts: read_offset, read_bytes and read_etag are of places");
    if (to_.has_value() == (settings.pull != nullptr))
      return Answer(WEIR_E_INVALID_ARGUMENT, to_ ? "the pipeline ends with a place, and weir_job_options.pull is given"
                                                 : "the pipeline has no end: a place, or weir_job_options.pull");
    return {};
  }

  const std::shared_ptr<SharedContext> context_;
  std::mutex mutex_;
  bool started_ = false;
  std::optional<std::string> from_;
  std::optional<std::string> to_;
  Through through_;
};

/// Calls `change` with the pipeline and a text that must be there.
template <class Change>
weir_status change_pipeline(weir_pipeline* handle, const char* given, const char* what, weir_error* error,
                            Change&& change) noexcept {
  return run(error, [&]() -> Answer {
    std::shared_ptr<PipelineObject> pipeline;
    WEIR_ABI_TRY(find_handle(handle, pipeline).during("put a pipeline together"));
    std::string text;
    WEIR_ABI_TRY(read_text(given, what, text).during("put a pipeline together"));
    return Answer(change(*pipeline, std::move(text))).during("put a pipeline together");
  });
}

}  // namespace

}  // namespace weir::abi

weir_status weir_pipeline_new(weir_context* context, weir_pipeline** pipeline, weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    if (pipeline == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, "the place for the pipeline is NULL");
    *pipeline = nullptr;
    std::shared_ptr<SharedContext> shared;
    WEIR_ABI_TRY(find_context(context, shared));
    auto made = std::make_shared<PipelineObject>(std::move(shared));
    *pipeline = static_cast<weir_pipeline*>(HandleTable::of_process().add(std::move(made)));
    return {};
  });
}

weir_status weir_pipeline_from(weir_pipeline* pipeline, const char* name, weir_error* error) {
  return weir::abi::change_pipeline(pipeline, name, "the name", error,
                                    [](auto& of, std::string text) { return of.from(std::move(text)); });
}

weir_status weir_pipeline_through(weir_pipeline* pipeline, const char* stages, weir_error* error) {
  return weir::abi::change_pipeline(pipeline, stages, "the text of the stages", error,
                                    [](auto& of, const std::string& text) { return of.through(text); });
}

weir_status weir_pipeline_to(weir_pipeline* pipeline, const char* name, weir_error* error) {
  return weir::abi::change_pipeline(pipeline, name, "the name", error,
                                    [](auto& of, std::string text) { return of.to(std::move(text)); });
}

weir_status weir_pipeline_through_own(weir_pipeline* pipeline, const char* name, const weir_transform* transform,
                                      weir_error* error) {
  using namespace weir::abi;
  return run(error, [&]() -> Answer {
    std::unique_ptr<weir::Transform> made;
    std::string text = "own";
    Answer named = read_optional_text(name, "the name of the stage", text);
    WEIR_ABI_TRY(read_transform(transform, text, made).during("put a pipeline together"));
    WEIR_ABI_TRY(std::move(named).during("put a pipeline together"));
    std::shared_ptr<PipelineObject> object;
    WEIR_ABI_TRY(find_handle(pipeline, object).during("put a pipeline together"));
    return object->through(weir::Through(std::move(made)));
  });
}

weir_status weir_pipeline_start(weir_pipeline* pipeline, const weir_job_options* options, weir_job** job,
                                weir_error* error) {
  using namespace weir::abi;
  return give_job(job, error, options, [&](JobSettings settings, std::shared_ptr<JobObject>& into) -> Answer {
    std::shared_ptr<PipelineObject> object;
    WEIR_ABI_TRY(find_handle(pipeline, object));
    return object->start(std::move(settings), into);
  });
}

void weir_pipeline_free(weir_pipeline* pipeline) {
  weir::abi::run_free([&] { (void)weir::abi::HandleTable::of_process().remove<weir::abi::PipelineObject>(pipeline); });
}
