// weir_stage_call: what a host's function may ask of the library while it runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "weir/core/stage.hpp"
#include "weir/weir.h"

/// Lives as long as the call of the host's function. What does not belong to the call is null.
struct weir_stage_call {
  const std::string* type = nullptr;            ///< inside `make`: the stage's name
  std::unique_ptr<weir::Transform> made;        ///< by weir_stage_set()
  weir::Emit* out = nullptr;                    ///< inside `process` and `finish`
  const weir::Chunk* input = nullptr;           ///< inside `process`
  const std::function<void()>* wake = nullptr;  ///< inside those of a stage that answers later
  bool woken_later = false;                     ///< a waker was taken
  std::optional<std::string>* state = nullptr;  ///< inside `snapshot`
  weir_status failed = WEIR_OK;                 ///< the first of weir_stage_emit...() that did not work
  std::string cause;

  /// What the call comes to, in the end.
  weir::Status ends(int32_t answer) const;
};
