#include "abi/stages.hpp"

#include <utility>

#include "abi/job.hpp"

namespace weir::abi {

namespace {

/// What the stages "push" and "pull" of the text stand for, while this thread reads it.
const JobSettings*& reading() noexcept {
  thread_local const JobSettings* settings = nullptr;
  return settings;
}

Status no_handle(const char* stage) {
  return Status(Kind::invalid_argument, fmt::format("weir_job_options.{} is NULL, and the pipeline has a stage of that "
                                                    "name",
                                                    stage));
}

Result<std::unique_ptr<Source>> push_stage(const StageArguments&, const EndpointOptions&) {
  const JobSettings* const settings = reading();
  if (settings == nullptr || !settings->push) return no_handle("push");
  return settings->push->attach();
}

Result<std::unique_ptr<Sink>> pull_stage(const StageArguments&, const EndpointOptions&) {
  const JobSettings* const settings = reading();
  if (settings == nullptr || !settings->pull) return no_handle("pull");
  return settings->pull->attach();
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

Reading::Reading(const JobSettings& settings) noexcept { reading() = &settings; }
Reading::~Reading() { reading() = nullptr; }

std::shared_ptr<const StageRegistry> common_registry() {
  static const auto* const kRegistry = new std::shared_ptr<const StageRegistry>(with_handles());
  return *kRegistry;
}

}  // namespace weir::abi
