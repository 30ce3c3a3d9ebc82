// A local file as target, by whatever way it is found: by its path, or in a directory that is held open.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/local_file.hpp"
#include "weir/store/local.hpp"

namespace weir::store {

/// Blocking; asked anew for each upload.
struct LocalWay {
  std::function<Result<LocalDestination>(const LocalOptions&)> find;
  std::function<Result<struct stat>()> look;
};

/// `path`: for messages and receipts.
std::shared_ptr<Target> local_target_by(LocalWay way, std::string path, LocalOptions options);

}  // namespace weir::store
