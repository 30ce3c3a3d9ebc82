#include "abi/stages.hpp"

#include <utility>

#include "abi/job.hpp"

namespace weir::abi {

namespace {

/// Who reads on this thread.
Reading*& reading() noexcept {
  thread_local Reading* reader = nullptr;
  return reader;
}

/// Stands in the pipeline until all of it was read and is right: a handle is for one job, and a slip of the pen must
/// not use it up. It is replaced before anything runs.
class PushPlace final : public Source {
 public:
  std::string name() const override { return "push"; }
  Status describe(Upstream&) override { return {}; }
  Result<Chunk> next() override { return Status(Kind::internal, "a handle was not attached"); }
};
class PullPlace final : public Sink {
 public:
  std::string name() const override { return "pull"; }
  Status write(Chunk&&) override { return Status(Kind::internal, "a handle was not attached"); }
  Result<Receipt> close() override { return Status(Kind::internal, "a handle was not attached"); }
  void abort() override {}
};

Status no_handle(const char* stage) {
  return Status(Kind::invalid_argument, fmt::format("weir_job_options.{} is NULL, and the pipeline has a stage of that "
                                                    "name",
                                                    stage));
}

Result<std::unique_ptr<Source>> push_stage(const StageArguments&, const EndpointOptions&) {
  if (reading() == nullptr || !reading()->use_push()) return no_handle("push");
  return std::unique_ptr<Source>(std::make_unique<PushPlace>());
}

Result<std::unique_ptr<Sink>> pull_stage(const StageArguments&, const EndpointOptions&) {
  if (reading() == nullptr || !reading()->use_pull()) return no_handle("pull");
  return std::unique_ptr<Sink>(std::make_unique<PullPlace>());
}

std::shared_ptr<const StageRegistry> with_handles() {
  auto all = std::make_shared<StageRegistry>(StageRegistry::builtin());
  StageType push;
  push.name = "push";
  push.help = "what the host writes into weir_job_options.push";
  push.make_source = push_stage;
  (void)all->add(std::move(push));
  StageType pull;
  pull.name = "pull";
  pull.help = "what the host reads from weir_job_options.pull";
  pull.make_sink = pull_stage;
  (void)all->add(std::move(pull));
  return all;
}

}  // namespace

Reading::Reading(const JobSettings& settings) noexcept : settings_(settings), before_(reading()) { reading() = this; }
Reading::~Reading() { reading() = before_; }

bool Reading::use_push() noexcept { return uses_push_ = settings_.push != nullptr; }
bool Reading::use_pull() noexcept { return uses_pull_ = settings_.pull != nullptr; }

Answer Reading::attach(Pipeline& pipeline) {
  if (settings_.push && !uses_push_) return idle_handle("push");
  if (settings_.pull && !uses_pull_) return idle_handle("pull");
  return attach_handles(settings_, uses_push_, uses_pull_, pipeline);
}

Answer attach_handles(const JobSettings& settings, bool push, bool pull, Pipeline& pipeline) {
  if (push) WEIR_ABI_TRY(settings.push->claim());
  if (pull) {
    if (Status claimed = settings.pull->claim(); !claimed.ok()) {
      if (push) settings.push->disclaim();
      return claimed;
    }
  }
  if (push) pipeline.source = settings.push->source();
  if (pull) pipeline.sink = settings.pull->sink();
  return {};
}

Answer idle_handle(const char* stage) {
  return Answer(WEIR_E_INVALID_ARGUMENT,
                fmt::format("weir_job_options.{} is given, and the pipeline has no stage \"{}\"", stage, stage));
}

std::shared_ptr<const StageRegistry> common_registry() {
  static const auto* const kRegistry = new std::shared_ptr<const StageRegistry>(with_handles());
  return *kRegistry;
}

}  // namespace weir::abi
