// Stages that only the C interface has: handles by name, and what a host's own functions make.
#pragma once

#include <memory>

#include "abi/answer.hpp"
#include "weir/text/registry.hpp"

namespace weir::abi {

struct JobSettings;

/// The library's stages, and "push" and "pull", which are the handles of the call that is Reading.
std::shared_ptr<const StageRegistry> common_registry();

/// While it lives, this thread reads a pipeline for a call with these settings.
class Reading {
 public:
  explicit Reading(const JobSettings& settings) noexcept;
  ~Reading();
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
};

/// Takes the host of the table, also where it fails.
Answer read_stage_type(const weir_stage_type* given, StageType& into);

}  // namespace weir::abi
