#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "platform/platform.hpp"
#include "store/http_stream.hpp"
#include "transfer/request_bytes.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/units.hpp"
#include "weir/transfer/put.hpp"

namespace weir {
namespace {

using transfer::kRequestBytes;

constexpr MemoryNeed kStreamNeed{2 * kSliceBytes + kRequestBytes, kSliceBytes, 1024 * kMiB};

/// Sends what cannot be read again. One thread at a time, as every stage; counts from any.
class StreamSink final : public Sink {
 public:
  StreamSink(std::shared_ptr<http::HttpTarget> target, UploadOptions options)
      : target_(std::move(target)), options_(std::move(options)), flow_(std::make_shared<Flow>(options_.limiter)) {}
  ~StreamSink() override { StreamSink::abort(); }
  StreamSink(const StreamSink&) = delete;
  StreamSink& operator=(const StreamSink&) = delete;

  std::string name() const override { return "upload"; }
  MemoryNeed memory(const Upstream&) const override { return kStreamNeed; }
  Status open(Context& context) override {
    started_ns_ = platform::platform().monotonic_ns();
    exact_bytes_ = context.upstream.exact_bytes;
    http::StreamOptions stream;
    stream.exact_bytes = exact_bytes_;
    stream.keep_bytes = std::max<std::uint64_t>(context.grant_bytes, kStreamNeed.min_bytes) - kRequestBytes;
    stream.retry = options_.retry;
    stream.flow = flow_;
    stream.wake = context.wake;
    put_ = std::make_shared<http::StreamPut>(target_, std::move(stream));
    return {};
  }
  Status ready() override {
    if (const auto outcome = put_->outcome(); outcome && !outcome->ok()) return outcome->status();
    return put_->has_room(kSliceBytes) ? Status() : Status::pending();
  }
  Status write(Chunk&& chunk) override;
  Result<Receipt> close() override;
  void abort() override {
    if (put_) put_->cancel();
  }
  std::uint64_t confirmed_bytes() const override {
    if (!put_) return 0;
    const auto outcome = put_->outcome();
    return outcome && outcome->ok() ? (*outcome)->stored.length : 0;
  }
  void tell(Progress& progress) const override {
    progress.bytes_sent = flow_->total();
    progress.bytes_durable = confirmed_bytes();
    if (put_) progress.retries_by_cause += put_->retries();
  }
  std::uint32_t retries() const override { return put_ ? put_->retries().total() : 0; }
  Status last_retry() const override { return put_ ? put_->last_retry() : Status(); }
  std::pair<std::uint32_t, std::uint32_t> parts() const override {
    return confirmed_bytes() > 0 ? std::pair(1u, 0u) : std::pair(0u, 1u);
  }

 private:
  Status changed(std::string cause) {
    put_->cancel();
    return Status(Kind::source_changed, std::move(cause))
        .during("upload to " + target_->url())
        .advise("Upload it again when nothing writes to it.")
        .at(taken_bytes_);
  }

  const std::shared_ptr<http::HttpTarget> target_;
  const UploadOptions options_;
  const std::shared_ptr<Flow> flow_;
  std::shared_ptr<http::StreamPut> put_;
  std::optional<std::uint64_t> exact_bytes_;
  std::uint64_t taken_bytes_ = 0;
  std::uint64_t crc_ = 0;
  bool closing_ = false;
  std::int64_t started_ns_ = 0;
};

Status StreamSink::write(Chunk&& chunk) {
  if (const auto outcome = put_->outcome(); outcome && !outcome->ok()) return outcome->status();
  if (exact_bytes_ && chunk.size() > *exact_bytes_ - taken_bytes_) {
    return changed(fmt::format("the source has more than the {} it had at first", format_exact_size(*exact_bytes_)));
  }
  taken_bytes_ += chunk.size();
  if (options_.verify) crc_ = crc64nvme(crc_, chunk.bytes());
  put_->add(std::move(chunk));
  return {};
}

Result<Receipt> StreamSink::close() {
  if (!std::exchange(closing_, true)) {
    if (exact_bytes_ && taken_bytes_ != *exact_bytes_) {
      return changed(fmt::format("the source ended after {} of {}", format_exact_size(taken_bytes_),
                                 format_exact_size(*exact_bytes_)));
    }
    put_->end(options_.verify ? std::optional(crc_) : std::nullopt);
  }
  const auto outcome = put_->outcome();
  if (!outcome) return Status::pending();
  if (!outcome->ok()) return outcome->status();
  const http::StreamPut::Proof& proof = **outcome;
  Receipt receipt;
  receipt.bytes_read = receipt.bytes_acked = taken_bytes_;
  receipt.bytes_stored = proof.stored.length;
  receipt.destination = target_->url();
  receipt.etag = proof.stored.etag;
  if (options_.verify) receipt.checksum = "crc64nvme:" + crc64nvme_base64(crc_);
  receipt.checksum_verified = proof.verified;
  receipt.parts = 1;
  receipt.retries = put_->retries().total();
  receipt.duration_ns = static_cast<std::uint64_t>(platform::platform().monotonic_ns() - started_ns_);
  return receipt;
}

/// The engine of all stores for what can be read again, StreamSink for the rest: open() decides.
class PutSink final : public Sink {
 public:
  PutSink(const std::shared_ptr<http::HttpTarget>& target, const UploadOptions& options)
      : upload_(upload_to(target, options)), stream_(std::make_unique<StreamSink>(target, options)) {}

  std::string name() const override { return "upload"; }
  bool replays(const Upstream& upstream) const override { return upload_->replays(upstream); }
  MemoryNeed memory(const Upstream& upstream) const override { return choose(upstream).memory(upstream); }
  Status open(Context& context) override {
    chosen_ = &choose(context.upstream);
    return chosen().open(context);
  }
  Status ready() override { return chosen().ready(); }
  Status write(Chunk&& chunk) override { return chosen().write(std::move(chunk)); }
  Result<Receipt> close() override { return chosen().close(); }
  void abort() override { chosen().abort(); }
  Status stopped() override { return chosen().stopped(); }
  std::uint64_t confirmed_bytes() const override { return chosen().confirmed_bytes(); }
  std::uint32_t retries() const override { return chosen().retries(); }
  Status last_retry() const override { return chosen().last_retry(); }
  std::pair<std::uint32_t, std::uint32_t> parts() const override { return chosen().parts(); }
  void tell(Progress& progress) const override { chosen().tell(progress); }
  void pause(bool on) override { chosen().pause(on); }

 private:
  Sink& choose(const Upstream& upstream) const { return replays(upstream) ? *upload_ : *stream_; }
  Sink& chosen() const { return *chosen_.load(); }

  const std::unique_ptr<Sink> upload_;
  const std::unique_ptr<Sink> stream_;
  std::atomic<Sink*> chosen_{upload_.get()};  // progress may be asked for on other threads
};

}  // namespace

Result<std::unique_ptr<Sink>> put_to(std::string_view url, const HttpOptions& http, ObjectOptions object,
                                     UploadOptions upload) {
  WEIR_ASSIGN(auto target, http_target(url, http, std::move(object)));
  upload.part_bytes = 0;  // it goes in one
  return std::unique_ptr<Sink>(
      std::make_unique<PutSink>(std::static_pointer_cast<http::HttpTarget>(std::move(target)), upload));
}

}  // namespace weir
