// HostTransform: a transform that a host's own functions are.
#pragma once

#include <memory>
#include <string>

#include "abi/answer.hpp"
#include "weir/core/stage.hpp"

namespace weir::abi {

/// Takes the host of the table, also where it fails.
Answer read_transform(const weir_transform* given, const std::string& name, std::unique_ptr<Transform>& into);

}  // namespace weir::abi
