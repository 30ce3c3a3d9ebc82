// Runs a Sink as a job would: ready, write, close, abort, with a wake-up between.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "weir/core/thread_pool.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::test {

/// Wakes that are counted; outlives the sink.
struct Waker {
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t wakes = 0;
  void wake() {
    const std::lock_guard lock(mutex);
    ++wakes;
    changed.notify_all();
  }
};

/// The bytes of a source that are in memory: sees how many are held, and can be read again.
class Bytes final : public Replay, public std::enable_shared_from_this<Bytes> {
 public:
  explicit Bytes(std::uint64_t seed, std::size_t size) : data(size, '\0') {
    std::mt19937_64 random(seed);
    for (char& byte : data) byte = static_cast<char>(random());
  }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into, bool) override {
    const std::size_t count = std::min<std::size_t>(into.size(), data.size() - offset);
    std::memcpy(into.data(), data.data() + offset, count);
    return count;
  }
  Status check_unchanged() override {
    return changed ? Status(Kind::source_changed, "it was written to while it was read") : Status();
  }
  /// [offset, offset + size) as a chunk that is counted while anyone holds it.
  Chunk chunk(std::size_t offset, std::size_t size) {
    size = std::min(size, data.size() - offset);
    const std::size_t now = held += size;
    if (now > peak) peak = now;
    return Chunk::foreign(std::as_bytes(std::span(data).subspan(offset, size)),
                          [self = shared_from_this(), size](const std::byte*) { self->held -= size; });
  }

  std::string data;
  std::atomic<bool> changed{false};
  std::atomic<std::size_t> held{0};
  std::size_t peak = 0;  // of the writing thread
};

class SinkRun {
 public:
  SinkRun(std::shared_ptr<Target> target, UploadOptions options, std::shared_ptr<Executor> executor)
      : SinkRun(upload_to(std::move(target), options), std::move(executor)) {}
  SinkRun(std::unique_ptr<Sink> under_test, std::shared_ptr<Executor> executor)
      : sink(std::move(under_test)), waker(std::make_shared<Waker>()) {
    context.executor = std::move(executor);
    context.wake = [held = waker] { held->wake(); };
  }

  Status open(Upstream upstream, std::size_t grant_bytes) {
    context.upstream = std::move(upstream);
    context.grant_bytes = grant_bytes;
    context.budget = Budget::make(std::max<std::size_t>(grant_bytes, kMinBudgetBytes));
    return sink->open(context);
  }
  /// Calls until the answer is not pending any more.
  template <class Call>
  auto until_answered(Call call) {
    for (;;) {
      std::uint64_t seen = 0;
      {
        const std::lock_guard lock(waker->mutex);
        seen = waker->wakes;
      }
      auto answer = call();
      if (!pending(answer)) return answer;
      std::unique_lock lock(waker->mutex);
      // A wake-up that does not come is a hang.
      if (!waker->changed.wait_for(lock, std::chrono::seconds(60), [&] { return waker->wakes != seen; })) {
        return decltype(answer)(Status(Kind::internal, "no wake-up came"));
      }
    }
  }
  Status write(Chunk chunk) {
    WEIR_TRY(until_answered([&] { return sink->ready(); }));
    return sink->write(std::move(chunk));
  }
  Result<Receipt> close() {
    return until_answered([&] { return sink->close(); });
  }
  Status abort() {
    sink->abort();
    return until_answered([&] { return sink->stopped(); });
  }

  std::unique_ptr<Sink> sink;
  std::shared_ptr<Waker> waker;
  Context context;

 private:
  static bool pending(const Status& status) { return status.is_pending(); }
  static bool pending(const Result<Receipt>& result) { return result.status().is_pending(); }
};

}  // namespace weir::test
