// KeptReader: delivers what an earlier process has stored of a source, a slice at a time, and waits for no disk.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "weir/core/stage.hpp"

namespace weir::transfer {

/// Thread-safe. Reads on a thread that may block, one slice ahead.
class KeptReader : public std::enable_shared_from_this<KeptReader> {
 public:
  KeptReader(std::shared_ptr<Kept> kept, const Context& context);

  /// The next chunk; empty where the rest is for the source; pending until the context is woken.
  Result<Chunk> next();
  /// No wake any more.
  void stop();

 private:
  void read(Slab slab);

  const std::shared_ptr<Kept> kept_;
  const std::shared_ptr<Budget> budget_;
  const std::shared_ptr<Executor> executor_;
  std::mutex mutex_;  // guards what follows
  std::function<void()> wake_;
  bool reading_ = false;
  bool ended_ = false;
  std::optional<Result<Chunk>> ready_;
};

}  // namespace weir::transfer
