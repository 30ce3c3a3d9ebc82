// One item of a copy, from the look at it to its receipt.
#pragma once

#include <functional>
#include <memory>

#include "transfer/caller_executor.hpp"
#include "transfer/copy_record.hpp"
#include "transfer/copy_shares.hpp"
#include "transfer/copy_walk.hpp"
#include "weir/core/job.hpp"

namespace weir::transfer {

/// What an item needs of the whole. Thread-safe.
struct CopySurroundings {
  const CopyOptions& options;
  const CopyDestination& destination;
  CopyShares& shares;
  CopyRecord& record;
  /// This worker's own thread, for what is small; none where the host wants all on its executor.
  std::shared_ptr<CallerExecutor> own;
  bool alone;  ///< there is one item: it may have all the memory, and adapts
  std::function<bool()> stopping;
  /// A job has begun, and is to be cancelled with the whole; `job` is null when it has ended.
  std::function<void(const CopyTask*, Job* job)> running;
  /// The same of a copy that the store makes: what cancels it, null when it has ended.
  std::function<void(const CopyTask*, Store::Cancel cancel)> copying;
};

/// Blocks. Never fails otherwise than by the item's outcome.
CopyItem copy_one(const CopyTask& task, const CopySurroundings& around);

}  // namespace weir::transfer
