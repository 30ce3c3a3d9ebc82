// A file below a directory as origin.
#pragma once

#include <memory>
#include <string>

#include "store/local_root.hpp"
#include "weir/core/executor.hpp"
#include "weir/store/origin.hpp"

namespace weir::store {

std::shared_ptr<Origin> local_origin(std::shared_ptr<const LocalRoot> root, std::string key,
                                     std::shared_ptr<Executor> executor);

}  // namespace weir::store
