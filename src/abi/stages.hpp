// Stages that only the C interface has: handles by name, and what a host's own functions make.
#pragma once

#include <memory>

#include "abi/answer.hpp"
#include "weir/text/registry.hpp"

namespace weir::abi {

struct JobSettings;

/// The library's stages, and "push" and "pull", which are the handles of the call that is Reading.
std::shared_ptr<const StageRegistry> common_registry();

/// While it lives, this thread reads a pipeline for a call with these settings. Inside, another one may be read: by a
/// function of the host's that makes a stage.
class Reading {
 public:
  explicit Reading(const JobSettings& settings) noexcept;
  ~Reading();
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  // Of the stages of that name. False: there is no handle.
  bool use_push() noexcept;
  bool use_pull() noexcept;
  /// Puts the handles into `pipeline`, which was read meanwhile. A handle that was given and is in no stage would wait
  /// for ever: an error, as is one that another job has. Where it fails none is used up.
  Answer attach(Pipeline& pipeline);

 private:
  const JobSettings& settings_;
  Reading* const before_;
  bool uses_push_ = false;
  bool uses_pull_ = false;
};
/// The handles that are wanted become the ends of `pipeline`. invalid_argument where another job has one of them; then
/// none is used up.
Answer attach_handles(const JobSettings& settings, bool push, bool pull, Pipeline& pipeline);
/// A handle that was given, and that nothing uses.
Answer idle_handle(const char* stage);

/// Takes the host of the table, also where it fails.
Answer read_stage_type(const weir_stage_type* given, StageType& into);

}  // namespace weir::abi
