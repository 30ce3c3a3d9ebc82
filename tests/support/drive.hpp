// drive(): runs a source through transforms into a sink on the calling thread, for tests of single stages.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/stage.hpp"

namespace weir::test {

/// A context with a budget, whose pending answers are waited for.
struct Bench {
  explicit Bench(std::size_t budget_bytes = 16 * kMiB, std::size_t slab_bytes = kSliceBytes) {
    context.name = "test";
    context.budget = Budget::make(budget_bytes);
    context.slab_bytes = slab_bytes;
    context.wake = [signal = signal] {
      std::lock_guard lock(signal->mutex);
      signal->set = true;
      signal->changed.notify_all();
    };
    context.stopping = [flag = stop] { return flag->load(); };
  }
  void wait() {
    std::unique_lock lock(signal->mutex);
    signal->changed.wait(lock, [this] { return signal->set; });
    signal->set = false;
  }

  struct Signal {
    std::mutex mutex;
    std::condition_variable changed;
    bool set = false;
  };
  std::shared_ptr<Signal> signal = std::make_shared<Signal>();
  std::shared_ptr<std::atomic<bool>> stop = std::make_shared<std::atomic<bool>>(false);
  Context context;
};

/// All chunks of a source, or its first error.
inline Result<std::vector<Chunk>> drain(Source& source, Bench& bench) {
  std::vector<Chunk> chunks;
  WEIR_TRY(source.describe(bench.context.upstream));
  WEIR_TRY(source.open(bench.context));
  for (;;) {
    auto chunk = source.next();
    if (!chunk && chunk.status().is_pending()) {
      bench.wait();
      continue;
    }
    if (!chunk) return chunk.status();
    if (chunk->empty()) return chunks;
    chunks.push_back(std::move(chunk).value());
  }
}

inline std::string join(const std::vector<Chunk>& chunks) {
  std::string text;
  for (const Chunk& chunk : chunks) text += chunk.text();
  return text;
}

/// The bytes of a source that keeps nothing: each chunk is let go before the next is asked for.
inline Result<std::string> read_all(Source& source, Bench& bench) {
  std::string text;
  WEIR_TRY(source.describe(bench.context.upstream));
  WEIR_TRY(source.open(bench.context));
  for (;;) {
    auto chunk = source.next();
    if (!chunk && chunk.status().is_pending()) {
      bench.wait();
      continue;
    }
    if (!chunk) return chunk.status();
    if (chunk->empty()) return text;
    text += chunk->text();
  }
}

/// Collects what a transform emits.
struct Collect final : Emit {
  void operator()(Chunk&& chunk) override { chunks.push_back(std::move(chunk)); }
  bool room() const noexcept override { return true; }
  std::vector<Chunk> chunks;
};

}  // namespace weir::test
