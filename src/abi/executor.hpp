// The host's own threads as an Executor.
#pragma once

#include <memory>

#include "abi/answer.hpp"
#include "weir/core/executor.hpp"

namespace weir::abi {

/// Takes the table's host, also where it fails: WEIR_E_VERSION, or invalid_argument for one without `post`.
Answer read_executor(const weir_executor* given, std::shared_ptr<Executor>& into);

}  // namespace weir::abi
