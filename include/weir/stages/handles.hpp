// Handles: a host feeds a pipeline (push) or drains one (pull) at its own pace.
//
//   weir::PushHandle in;                                       weir::PullHandle out;
//   auto job = weir::start(in.source() | zstd() | to(…));      auto job = weir::start(file(…) | unzstd() | out.sink());
//   in.write(chunk);  …  in.close();                           while (auto chunk = out.read()) { if (chunk->empty())
//   break; … }
//
// Each has three forms: blocking, try (pending instead of waiting), and notify (a callback when trying is worth it).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

/// Chunks on their way between a host and a stage. Thread-safe.
class Handover {
 public:
  explicit Handover(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  /// pending: it is full, and `chunk` is as it was. At least one fits, however large.
  Status put(Chunk&& chunk) {
    {
      const std::lock_guard lock(mutex_);
      if (failed_) return *failed_;
      if (ended_) return Status(Kind::invalid_argument, "it was closed");
      // What is left of a slab keeps all of it, once.
      const bool counted = !chunks_.empty() && chunks_.back().chunk.shares(chunk);
      const std::size_t weight = counted ? chunk.size() : std::max(chunk.size(), chunk.kept_bytes());
      if (bytes_ > 0 && bytes_ + chunk.size() > most_bytes_) return Status::pending();
      chunks_.push_back({std::move(chunk), weight});
      bytes_ += weight;
    }
    tell(/*producer=*/false, /*consumer=*/true);
    return {};
  }
  bool room(std::size_t bytes) const {
    const std::lock_guard lock(mutex_);
    return failed_ || bytes_ == 0 || bytes_ + bytes <= most_bytes_;
  }
  bool broken() const {
    const std::lock_guard lock(mutex_);
    return failed_.has_value();
  }
  /// Empty: the end. pending: nothing is there yet.
  Result<Chunk> take() {
    Chunk chunk;
    {
      const std::lock_guard lock(mutex_);
      if (failed_) return *failed_;
      if (chunks_.empty()) return ended_ ? Result<Chunk>(Chunk()) : Result<Chunk>(Status::pending());
      chunk = std::move(chunks_.front().chunk);
      bytes_ -= chunks_.front().weight;
      chunks_.pop_front();
    }
    tell(true, false);
    return chunk;
  }
  /// No more comes.
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    tell(false, true);
  }
  /// The other side is told so from now on; what is on its way is dropped. The first reason stays.
  void fail(Status why) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (!failed_) failed_ = std::move(why);
      lost_ = lost_ || !ended_ || !chunks_.empty();
      bytes_ = 0;
    }
    while (drop_one()) continue;
    tell(true, true);
  }
  /// Why nothing more is taken; ok: it is.
  Status health() const {
    const std::lock_guard lock(mutex_);
    return failed_ ? *failed_ : Status();
  }
  /// ok: all was taken that was put, after end(). pending: not yet.
  Status drained() const {
    const std::lock_guard lock(mutex_);
    if (lost_) return *failed_;
    return chunks_.empty() ? Status() : Status::pending();
  }
  /// Called, on whichever thread, after there came to be room. Replaces the one before.
  void on_room(std::function<void()> wake) {
    auto shared = std::make_shared<const std::function<void()>>(std::move(wake));
    const std::lock_guard lock(mutex_);
    wake_producer_ = std::move(shared);
  }
  /// Called, on whichever thread, after a chunk, the end or a failure has come.
  void on_chunk(std::function<void()> wake) {
    auto shared = std::make_shared<const std::function<void()>>(std::move(wake));
    const std::lock_guard lock(mutex_);
    wake_consumer_ = std::move(shared);
  }
  /// Waits until `ready` is true; it is asked under no lock.
  template <class Ready>
  void wait(Ready ready) {
    for (;;) {
      std::uint64_t seen = 0;
      {
        const std::lock_guard lock(mutex_);
        seen = changes_;
      }
      if (ready()) return;
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return changes_ != seen; });
    }
  }

 private:
  /// One at a time, and unlocked: what a chunk held may call back. False: there is none.
  bool drop_one() noexcept {
    Chunk gone;
    const std::lock_guard lock(mutex_);
    if (chunks_.empty()) return false;
    std::swap(gone, chunks_.front().chunk);
    chunks_.pop_front();
    return true;
  }
  using Wake = std::shared_ptr<const std::function<void()>>;  // to hold one while it is called takes no memory
  void tell(bool producer, bool consumer) noexcept {
    Wake to_producer;
    Wake to_consumer;
    {
      const std::lock_guard lock(mutex_);
      ++changes_;
      if (producer) to_producer = wake_producer_;
      if (consumer) to_consumer = wake_consumer_;
    }
    changed_.notify_all();
    if (to_producer && *to_producer) (*to_producer)();
    if (to_consumer && *to_consumer) (*to_consumer)();
  }

  struct Held {
    Chunk chunk;
    std::size_t weight;
  };
  const std::size_t most_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Held> chunks_;
  std::size_t bytes_ = 0;
  std::uint64_t changes_ = 0;
  bool ended_ = false;
  std::optional<Status> failed_;
  bool lost_ = false;  // before all was taken
  Wake wake_producer_;
  Wake wake_consumer_;
};

/// What the host pushes, and memory of the job for it.
struct Pushed {
  Pushed(std::size_t most_bytes, std::optional<std::uint64_t> length) : chunks(most_bytes), exact_bytes(length) {}
  Handover chunks;
  std::optional<std::uint64_t> exact_bytes;
  std::mutex mutex;  // guards what follows
  std::shared_ptr<Budget> budget;
};

class PushSource final : public Source {
 public:
  PushSource(std::shared_ptr<Pushed> pushed, std::string name) : pushed_(std::move(pushed)), name_(std::move(name)) {}
  ~PushSource() override { pushed_->chunks.fail(ended_); }
  std::string name() const override { return name_; }
  Status describe(Upstream& upstream) override {
    upstream.source = name_;
    upstream.exact_bytes = upstream.max_bytes = pushed_->exact_bytes;
    return {};
  }
  MemoryNeed memory(const Upstream&) const override { return {.min_bytes = 2 * kSliceBytes}; }
  Status open(Context& context) override {
    pushed_->chunks.on_chunk(context.wake);
    const std::lock_guard lock(pushed_->mutex);
    pushed_->budget = context.budget;
    return {};
  }
  Result<Chunk> next() override { return pushed_->chunks.take(); }

 private:
  std::shared_ptr<Pushed> pushed_;
  const std::string name_;
  const Status ended_ = Status(Kind::broken_pipe, "the job has ended").during("push into it");
};

class PullSink final : public Sink {
 public:
  explicit PullSink(std::shared_ptr<Handover> chunks) : chunks_(std::move(chunks)) {}
  ~PullSink() override { gone(ended_); }
  std::string name() const override { return "pull"; }
  Status open(Context& context) override {
    chunks_->on_room(context.wake);
    return {};
  }
  Status ready() override {
    WEIR_TRY(chunks_->health());
    return chunks_->room(1) ? Status() : Status::pending();
  }
  Status write(Chunk&& chunk) override {
    const std::size_t size = chunk.size();
    WEIR_TRY(chunks_->put(std::move(chunk)));
    bytes_.fetch_add(size, std::memory_order_relaxed);
    return {};
  }
  Result<Receipt> close() override {
    if (!std::exchange(closed_, true)) chunks_->end();
    WEIR_TRY(chunks_->drained());
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = confirmed_bytes();
    receipt.destination = "pull:";
    return receipt;
  }
  void abort() override { gone(stopped_); }
  std::uint64_t confirmed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }

 private:
  void gone(const Status& why) {
    if (!closed_ || !chunks_->drained().ok()) chunks_->fail(why);
  }

  const Status ended_ = Status(Kind::broken_pipe, "the job has ended").during("pull from it");
  const Status stopped_ = Status(Kind::broken_pipe, "the job was stopped").during("pull from it");
  std::shared_ptr<Handover> chunks_;
  std::atomic<std::uint64_t> bytes_{0};
  bool closed_ = false;
};

}  // namespace detail

struct HandleOptions {
  std::size_t most_bytes = 4 * kSliceBytes;  ///< that wait between host and pipeline; one chunk always fits
  std::optional<std::uint64_t> exact_bytes = std::nullopt;  ///< push: the length, if known
  std::string name = "push";                                ///< push: for messages
};

/// Feeds one pipeline. One thread at a time. Dropped without close() it ends the job with an error: half a stream is
/// never taken for a whole one.
class PushHandle {
 public:
  explicit PushHandle(HandleOptions options = {})
      : pushed_(std::make_shared<detail::Pushed>(options.most_bytes, options.exact_bytes)), name_(options.name) {}
  PushHandle(PushHandle&&) noexcept = default;
  PushHandle& operator=(PushHandle&&) = delete;
  ~PushHandle() {
    if (pushed_ && !closed_) fail(std::move(dropped_));
  }

  /// The source that it feeds; once.
  std::unique_ptr<Source> source() { return std::make_unique<detail::PushSource>(pushed_, name_); }

  /// Takes `chunk`, or answers pending and does not. broken_pipe once the job has ended.
  Status try_write(Chunk chunk) { return chunk.empty() ? Status() : pushed_->chunks.put(std::move(chunk)); }
  /// As try_write(), but waits. Not from the job's own threads.
  Status write(const Chunk& chunk) {
    Status status;
    pushed_->chunks.wait([&] { return !(status = try_write(chunk)).is_pending(); });
    return status;
  }
  /// Whether try_write() of so many bytes would not be pending.
  bool room(std::size_t bytes = 1) const { return pushed_->chunks.room(bytes); }
  /// Whether the job has ended, or is about to: nothing is taken any more.
  bool broken() const { return pushed_->chunks.broken(); }
  /// `callback` is called, on any thread, whenever there may be room; it must not wait.
  void notify(std::function<void()> callback) { pushed_->chunks.on_room(std::move(callback)); }

  /// Room in the job's own memory, to be filled and committed: no copy is made of it. Pending while the budget has none
  /// (`wake` of notify() does not tell of that: try again when something was taken), or the job has not started.
  Result<std::span<std::byte>> lease() {
    if (!slab_) {
      std::shared_ptr<Budget> budget;
      {
        const std::lock_guard lock(pushed_->mutex);
        budget = pushed_->budget;
      }
      if (!budget) return Status::pending();
      WEIR_ASSIGN(slab_, budget->acquire(kSliceBytes, {}));
    }
    return slab_.free();
  }
  /// The first `count` bytes of lease() are written: they go as a chunk. Pending: they did not, commit again.
  Status commit(std::size_t count) {
    if (count == 0) return {};
    if (!slab_ || count > slab_.free().size()) return Status(Kind::invalid_argument, "there is no such lease");
    if (!pushed_->chunks.room(count)) return Status::pending();
    Chunk chunk = slab_.take(count);
    if (slab_.free().empty()) slab_ = Slab();
    return pushed_->chunks.put(std::move(chunk));
  }

  /// All was written.
  void close() {
    closed_ = true;
    pushed_->chunks.end();
  }
  /// The job ends with `why`.
  void fail(Status why) {
    closed_ = true;
    pushed_->chunks.fail(std::move(why));
  }

 private:
  std::shared_ptr<detail::Pushed> pushed_;
  std::string name_;
  Status dropped_ = Status(Kind::cancelled, "the host dropped its handle without closing it");
  Slab slab_;
  bool closed_ = false;
};

/// Drains one pipeline. One thread at a time. Dropped before the end it ends the job with an error.
class PullHandle {
 public:
  explicit PullHandle(HandleOptions options = {}) : chunks_(std::make_shared<detail::Handover>(options.most_bytes)) {}
  PullHandle(PullHandle&&) noexcept = default;
  PullHandle& operator=(PullHandle&&) = delete;
  ~PullHandle() {
    if (chunks_) chunks_->fail(std::move(dropped_));
  }

  /// The sink that it drains; once. The job is done when the last chunk was taken.
  std::unique_ptr<Sink> sink() { return std::make_unique<detail::PullSink>(chunks_); }

  /// The next chunk; empty at the end; pending where none is there yet. An error: the job has failed, and tells why.
  Result<Chunk> try_read() { return chunks_->take(); }
  /// As try_read(), but waits. Not from the job's own threads.
  Result<Chunk> read() {
    Result<Chunk> chunk = Status::pending();
    chunks_->wait([&] { return !(chunk = try_read()).status().is_pending(); });
    return chunk;
  }
  /// `callback` is called, on any thread, whenever there may be something to read; it must not wait.
  void notify(std::function<void()> callback) { chunks_->on_chunk(std::move(callback)); }

 private:
  std::shared_ptr<detail::Handover> chunks_;
  Status dropped_ = Status(Kind::cancelled, "the host dropped its handle before the end");
};

}  // namespace weir
