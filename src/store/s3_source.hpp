// An S3 object as the source of a pipeline: one streamed GET that the pipeline holds back.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "store/s3_wire.hpp"
#include "weir/core/stage.hpp"
#include "weir/store/s3.hpp"

namespace weir::s3 {

/// What the pipeline's thread, the HTTP loop and timers share of one download. Thread-safe.
class Download : public std::enable_shared_from_this<Download> {
 public:
  Download(std::shared_ptr<Wire> wire, S3ObjectInfo object, std::uint64_t offset, std::uint64_t end, Context& context);

  /// The next chunk, empty at the end; pending until the context is woken.
  Result<Chunk> next();
  /// Ends the request under way; no wake comes after it.
  void stop();
  /// The bytes were the whole object, and the store's checksum of it is theirs.
  bool verified();

 private:
  void start();
  WireRequest request();
  Status take_head(const net::Response& head);
  Status take_data(std::span<const std::byte> data);
  Status take_some(std::span<const std::byte> data, std::size_t& taken);
  void ended(Status status);
  Status judge(Status status) const;
  bool is_whole() const { return begin_ == 0 && end_ == object_.size; }
  void go_on();

  const std::shared_ptr<Wire> wire_;
  const S3ObjectInfo object_;
  const std::uint64_t begin_;
  const std::uint64_t end_;
  const std::shared_ptr<Budget> budget_;
  const std::shared_ptr<Executor> executor_;
  const std::size_t most_slabs_;  ///< of kSliceBytes each: small, whatever the next stage likes, so that they add up

  std::mutex mutex_;
  std::function<void()> wake_;
  std::deque<Chunk> chunks_;
  Slab slab_;
  std::uint64_t position_;     ///< in the object: what was taken from the network
  std::uint64_t skip_ = 0;     ///< bytes that will come again and are taken already
  std::uint64_t progress_at_;  ///< position_ when the attempts were last counted anew
  std::uint64_t crc_ = 0;
  int attempts_ = 0;
  int turn_ = 0;  ///< counts the requests
  bool running_ = false;
  bool held_back_ = false;  ///< on_data said pending
  bool stopped_ = false;
  bool ended_ = false;
  Status status_;
  Wire::Running call_;
};

/// See s3_source().
class S3Source : public Source {
 public:
  S3Source(std::shared_ptr<Wire> wire, S3Location location, ByteRange range)
      : wire_(std::move(wire)), location_(std::move(location)), range_(range) {}
  ~S3Source() override;

  std::string name() const override { return "s3"; }
  MemoryNeed memory(const Upstream&) const override { return {2 * kSliceBytes, kSliceBytes, 4 * kMiB}; }
  Status describe(Upstream& upstream) override;
  Status open(Context& context) override;
  Result<Chunk> next() override { return download_->next(); }
  Facts facts() const override;

 private:
  const std::shared_ptr<Wire> wire_;
  const S3Location location_;
  const ByteRange range_;
  S3ObjectInfo object_;
  std::uint64_t end_ = 0;
  std::shared_ptr<Download> download_;
};

}  // namespace weir::s3
