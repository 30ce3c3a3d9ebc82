// What weir rm can remove beside objects.
#pragma once

#include <vector>

#include "options.hpp"
#include "weir/transfer/open_store.hpp"

namespace weir::cli {

/// Uploads at these places that nobody has finished, but for young ones and those that a ledger here goes on with.
/// Tells of each; the exit code.
int remove_unfinished(const std::vector<StorePlace>& places, const Options& options);

}  // namespace weir::cli
