// Stages made of the host's functions.
//
// Every function is called by one thread at a time. What it throws ends the job as an error of kind io.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/stage.hpp"
#include "weir/stages/going_on.hpp"
#include "weir/stages/slices.hpp"

namespace weir {

struct CallbackOptions {
  std::string name = "callback";
  /// The functions may wait: they are called on a thread that may. False: they answer pending instead.
  bool blocking = true;
  /// Sources: the length, if known.
  std::optional<std::uint64_t> exact_bytes = std::nullopt;
  /// Sources of unknown length: an upper bound, if known.
  std::optional<std::uint64_t> max_bytes = std::nullopt;
  /// Called at the start with what to call, from any thread, when a stage that answered pending should be asked again.
  std::function<void(std::function<void()> wake)> opened = {};
  /// Sources that cannot begin again but can go on from an offset of their stream. Called before the first byte is
  /// asked for, as the other functions are: with 0 where nothing is stored of the stream, else with what an upload that
  /// was cut off has, the bytes on the disk included. What comes next is the stream's byte `offset`. An error ends the
  /// job and leaves what there is to another; pending is asked again.
  ///
  /// Each time the source's function is called, all that it gave before is at the store or on the disk
  /// (UploadOptions::spool_bytes): a kill of the process does not lose it, and the producer need not keep it. A loss of
  /// power may take the end of it: the offset is then an earlier one. Only for pipelines `source | upload_to(…)` with a
  /// ledger; others are refused before anything is asked for. The file is written by the thread that calls the source.
  std::function<Status(std::uint64_t offset)> go_on_from = {};
  /// With go_on_from: what tells this stream from any other. The same name for the same destination is the same stream,
  /// byte for byte: what is stored of it is not compared.
  std::string stream = {};
};

namespace detail {

/// What the three shapes have in common.
template <class Shape>
class CallbackStage : public Shape {
 public:
  explicit CallbackStage(CallbackOptions options) : options_(std::move(options)) {}
  std::string name() const override { return options_.name; }
  bool blocking() const override { return options_.blocking; }
  Status open(Context& context) override {
    context_ = &context;
    if (!options_.opened) return {};
    auto call = [this, &context] {
      options_.opened(context.wake);
      return Status();
    };
    return guarded_call<Status>("open the host's stage", call);
  }

 protected:
  CallbackOptions options_;
  Context* context_ = nullptr;
};

class CallbackSource : public CallbackStage<Source> {
 public:
  using Next = std::function<Result<Chunk>()>;
  CallbackSource(Next next, CallbackOptions options) : CallbackStage(std::move(options)), next_(std::move(next)) {}
  Status describe(Upstream& upstream) override {
    upstream.source = options_.name;
    upstream.exact_bytes = upstream.max_bytes = options_.exact_bytes;
    if (!options_.exact_bytes) upstream.max_bytes = options_.max_bytes;
    return {};
  }
  Status open(Context& context) override {
    if (options_.go_on_from) WEIR_TRY(going_on_.open(context, options_.stream, options_.go_on_from));
    return CallbackStage::open(context);
  }
  Result<Chunk> next() final {
    return options_.go_on_from ? going_on_.next([this] { return produce(); }) : produce();
  }

 protected:
  virtual Result<Chunk> produce() { return guarded_call<Result<Chunk>>("get the next chunk", next_); }

 private:
  Next next_;
  GoingOn going_on_;
};

class ReaderSource final : public CallbackSource {
 public:
  using Read = std::function<Result<std::size_t>(std::span<std::byte>)>;
  ReaderSource(Read read, CallbackOptions options) : CallbackSource({}, std::move(options)), read_(std::move(read)) {}

 private:
  Result<Chunk> produce() override {
    WEIR_ASSIGN(const auto room, space_.room(*context_));
    WEIR_ASSIGN(const auto count, guarded_call<Result<std::size_t>>("read from the host", read_, room));
    if (count > room.size())
      return Status(Kind::invalid_argument,
                    fmt::format("the host's function says it wrote {} bytes into {}", count, room.size()))
          .during("read from the host");
    return count == 0 ? Chunk() : space_.take(count);
  }

  Read read_;
  SliceSpace space_;
};

class CallbackTransform final : public CallbackStage<Transform> {
 public:
  using Process = std::function<Status(Chunk, Emit&)>;
  using Finish = std::function<Status(Emit&)>;
  CallbackTransform(Process process, Finish finish, CallbackOptions options)
      : CallbackStage(std::move(options)), process_(std::move(process)), finish_(std::move(finish)) {}
  Status process(Chunk&& chunk, Emit& out) override {
    return guarded_call<Status>("process a chunk", process_, std::move(chunk), out);
  }
  Status finish(Emit& out) override {
    return finish_ ? guarded_call<Status>("finish the host's stage", finish_, out) : Status();
  }

 private:
  Process process_;
  Finish finish_;
};

class CallbackSink final : public CallbackStage<Sink> {
 public:
  using Write = std::function<Status(Chunk)>;
  using Close = std::function<Status(bool complete)>;
  CallbackSink(Write write, Close close, CallbackOptions options)
      : CallbackStage(std::move(options)), write_(std::move(write)), close_(std::move(close)) {}
  ~CallbackSink() override { abort(); }
  Status write(Chunk&& chunk) override {
    const std::size_t size = chunk.size();
    const Status status = guarded_call<Status>("give a chunk to the host", write_, Chunk(chunk));  // it may be pending
    if (status.ok()) bytes_.fetch_add(size, std::memory_order_relaxed);
    return status;
  }
  Result<Receipt> close() override {
    if (close_) {
      Status status = guarded_call<Status>("close the host's stage", close_, true);
      if (status.is_pending()) return status;
      ended_ = true;
      if (!status.ok()) return status;
    }
    ended_ = true;
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = confirmed_bytes();
    receipt.destination = options_.name + ":";
    return receipt;
  }
  void abort() override {
    if (!std::exchange(ended_, true) && close_) (void)guarded_call<Status>("abort the host's stage", close_, false);
  }
  std::uint64_t confirmed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }

 private:
  Write write_;
  Close close_;
  std::atomic<std::uint64_t> bytes_{0};
  bool ended_ = false;
};

}  // namespace detail

/// `next` gives the next chunk, an empty one at the end, or pending.
inline std::unique_ptr<Source> from_callback(std::function<Result<Chunk>()> next, CallbackOptions options = {}) {
  return std::make_unique<detail::CallbackSource>(std::move(next), std::move(options));
}

/// `read` fills the front of the job's own memory and says how many bytes; 0 at the end.
inline std::unique_ptr<Source> from_reader(std::function<Result<std::size_t>(std::span<std::byte> into)> read,
                                           CallbackOptions options = {}) {
  return std::make_unique<detail::ReaderSource>(std::move(read), std::move(options));
}

/// `process` takes each chunk and emits what it likes; `finish`, if given, is called after the last.
inline std::unique_ptr<Transform> through_callback(std::function<Status(Chunk, Emit&)> process,
                                                   std::function<Status(Emit&)> finish = {},
                                                   CallbackOptions options = {}) {
  return std::make_unique<detail::CallbackTransform>(std::move(process), std::move(finish), std::move(options));
}

/// `write` takes each chunk. `close`, if given, is called once: with true after the last chunk (pending is asked
/// again), with false if the job ended otherwise.
inline std::unique_ptr<Sink> to_callback(std::function<Status(Chunk)> write,
                                         std::function<Status(bool complete)> close = {},
                                         CallbackOptions options = {}) {
  return std::make_unique<detail::CallbackSink>(std::move(write), std::move(close), std::move(options));
}

}  // namespace weir
