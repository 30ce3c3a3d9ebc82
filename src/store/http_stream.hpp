// A PUT whose bytes come while it runs, from a source that cannot be read again.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "store/http_target.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/retry.hpp"

namespace weir::http {

struct StreamOptions {
  std::optional<std::uint64_t> exact_bytes;
  std::uint64_t keep_bytes = 0;  ///< that may be held; an attempt can be repeated while all of it is
  RetryPolicy retry;
  std::shared_ptr<Flow> flow;  ///< what is sent goes through it; null: nobody counts
  std::function<void()> wake;  ///< on any thread: there is room, or the end
};

/// Thread-safe. Held by shared_ptr: calls under way keep it alive.
class StreamPut : public std::enable_shared_from_this<StreamPut> {
 public:
  StreamPut(std::shared_ptr<HttpTarget> target, StreamOptions options)
      : target_(std::move(target)), options_(std::move(options)) {}

  /// Whether `count` more bytes may be added now; if not, wake() comes.
  bool has_room(std::uint64_t count);
  void add(Chunk chunk);
  /// All was added; `crc64nvme` is of all of it, if it was taken.
  void end(std::optional<std::uint64_t> crc64nvme);
  /// No object may come of this, and no wake comes any more.
  void cancel();

  struct Proof {
    Stored stored;
    bool verified = false;  ///< the server told the same checksum
  };
  std::optional<Result<Proof>> outcome() const;
  std::uint64_t sent_bytes() const;
  RetryCounts retries() const;
  Status last_retry() const;

 private:
  class StreamBody;
  using Lock = std::unique_lock<std::mutex>;

  void let_go_of_sent();
  void send(Lock& lock);
  void put();
  void ended(const Result<net::Response>& answer);
  bool again(const Status& status);
  void failed(const Status& status);
  void prove(Stored stored);
  void proven(const Stored& stored, const Result<Stored>& seen);
  void finish(Result<Proof> outcome);

  const std::shared_ptr<HttpTarget> target_;
  const StreamOptions options_;
  const std::shared_ptr<store::Chain> chain_ = std::make_shared<store::Chain>();
  mutable std::mutex mutex_;
  std::deque<Chunk> held_;
  std::uint64_t held_from_ = 0;  // place of held_ in the stream
  std::size_t dropped_ = 0;      // chunks that were let go of
  std::uint64_t added_ = 0;
  std::uint64_t read_ = 0;  // place up to which the attempt under way has read
  std::optional<std::uint64_t> length_;
  std::optional<std::uint64_t> crc_;
  bool sending_ = false;
  bool ended_ = false;
  bool cancelled_ = false;
  bool wants_room_ = false;
  std::uint32_t attempts_ = 0;
  bool reached_ = false;  ///< an attempt came as far as the server
  std::uint32_t looks_ = 0;
  RetryCounts retries_;
  Status last_retry_;
  std::function<void()> wake_body_;
  std::optional<Result<Proof>> outcome_;
};

}  // namespace weir::http
