#include "store/s3_source.hpp"

#include <algorithm>
#include <cstring>

#include "store/s3_error.hpp"
#include "store/s3_xml.hpp"
#include "weir/codec/checksum.hpp"

namespace weir::s3 {
namespace {

Status replaced(const S3Location& location) {
  return Status(Kind::source_changed, "the object is no longer the one that the transfer began with")
      .during("read " + location.url());
}

}  // namespace

Download::Download(std::shared_ptr<Wire> wire, S3ObjectInfo object, std::uint64_t offset, std::uint64_t end,
                   Context& context)
    : wire_(std::move(wire)),
      object_(std::move(object)),
      begin_(offset),
      end_(end),
      budget_(context.budget),
      executor_(context.executor ? context.executor : Executor::default_pool()),
      most_slabs_(std::max<std::size_t>(context.grant_bytes / kSliceBytes, 2)),
      wake_(context.wake),
      position_(offset),
      progress_at_(offset),
      ended_(offset == end) {}

Result<Chunk> Download::next() {
  std::unique_lock lock(mutex_);
  if (!chunks_.empty()) {
    Chunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    const bool held_back = held_back_;
    lock.unlock();
    if (held_back) go_on();
    return chunk;
  }
  if (ended_) return status_.ok() ? Result<Chunk>(Chunk()) : Result<Chunk>(status_);
  if (!running_ && attempts_ == 0) {
    lock.unlock();
    start();
  }
  return Status::pending();
}

void Download::stop() {
  std::deque<Chunk> unused;  // let go outside the lock: whoever waits for memory is woken by that
  Slab slab;
  std::unique_lock lock(mutex_);
  stopped_ = true;
  wake_ = nullptr;
  unused.swap(chunks_);
  std::swap(slab, slab_);
  const Target::Cancel cancel = call_.cancel;
  lock.unlock();
  if (cancel) cancel();
}

bool Download::verified() {
  std::lock_guard lock(mutex_);
  return ended_ && status_.ok() && is_whole() && object_.crc64nvme == crc_;
}

void Download::start() {
  std::unique_lock lock(mutex_);
  if (running_ || stopped_ || ended_) return;
  running_ = true;
  const int turn = ++turn_;
  skip_ = 0;
  WireRequest wanted = request();
  lock.unlock();
  auto self = shared_from_this();
  wanted.on_head = [self](const net::Response& head) { return self->take_head(head); };
  wanted.on_data = [self](std::span<const std::byte> data) { return self->take_data(data); };
  Wire::Running call = wire_->start_stream([wanted = std::move(wanted)] { return wanted; },
                                           [self](Result<net::Response> answer) { self->ended(answer.status()); });
  lock.lock();
  // Not if it has ended already: another may even run by now.
  if (running_ && turn == turn_) call_ = call;
  const bool stopped = stopped_;
  const bool held_back = held_back_;
  lock.unlock();
  if (stopped) call.cancel();
  if (held_back) go_on();
}

WireRequest Download::request() {
  WireRequest wanted;
  wanted.operation = "read " + object_.location.url();
  wanted.bucket = object_.location.bucket;
  wanted.key = object_.location.key;
  wanted.payload_hash = net::sha256_hex("");
  wanted.headers = {{"if-match", "\"" + object_.etag + "\""}};
  if (position_ > 0 || end_ < object_.size) {
    wanted.headers.emplace_back("range", fmt::format("bytes={}-{}", position_, end_ - 1));
  }
  return wanted;
}

/// RFC 9110 sections 14.4 and 15.3.7: what comes must be the range that was asked for, of the same whole.
Status Download::take_head(const net::Response& head) {
  if (head.status < 200 || head.status >= 300) return {};
  std::lock_guard lock(mutex_);
  const std::string etag = plain_etag(head.header("etag"));
  if (!etag.empty() && etag != object_.etag) return replaced(object_.location);
  const std::string range(head.header("content-range"));
  if (head.status == 206 && range == fmt::format("bytes {}-{}/{}", position_, end_ - 1, object_.size)) return {};
  if (head.status == 200 && head.header("content-length") == std::to_string(object_.size) && end_ == object_.size) {
    skip_ = position_;  // the store ignored the range
    return {};
  }
  return Status(Kind::protocol,
                fmt::format("the store answered {} with range \"{}\" and length {}, not bytes {} to {} of {}",
                            head.status, range, head.header("content-length"), position_, end_, object_.size))
      .with(Retry::transient)
      .during("read " + object_.location.url());
}

Status Download::take_data(std::span<const std::byte> data) {
  std::unique_lock lock(mutex_);
  const std::size_t known = std::min<std::uint64_t>(skip_, data.size());
  skip_ -= known;
  std::size_t taken = 0;
  Status status = take_some(data.subspan(known), taken);
  // What was not taken whole comes again from its first byte.
  if (status.is_pending()) skip_ += known + taken;
  const auto wake = taken > 0 ? wake_ : nullptr;
  lock.unlock();
  if (wake) wake();
  return status;
}

Status Download::take_some(std::span<const std::byte> data, std::size_t& taken) {
  if (stopped_) return Status(Kind::cancelled, "the transfer was cancelled");
  if (data.size() > end_ - position_) {
    return Status(Kind::protocol, "the store sent more bytes than it announced")
        .during("read " + object_.location.url());
  }
  while (taken < data.size()) {
    if (slab_.free().empty()) {
      // Each chunk that waits here is of another slab. The one handed out last may still be in work, and is ours until
      // the next is asked for; whoever keeps one longer has counted it as its own.
      if (chunks_.size() + 2 > most_slabs_) {
        held_back_ = true;
        return Status::pending();
      }
      auto slab = budget_->acquire(kSliceBytes, [weak = weak_from_this(), executor = executor_] {
        // Not at once: memory may come free under a lock of ours.
        executor->post([weak] {
          if (const auto self = weak.lock()) self->go_on();
        });
      });
      if (!slab) {
        held_back_ = slab.status().is_pending();
        return slab.status();
      }
      slab_ = *std::move(slab);
    }
    const std::size_t count = std::min(slab_.free().size(), data.size() - taken);
    std::memcpy(slab_.free().data(), data.data() + taken, count);
    Chunk chunk = slab_.take(count);
    crc_ = crc64nvme(crc_, chunk.bytes());
    if (chunks_.empty() || !chunks_.back().join(chunk)) chunks_.push_back(std::move(chunk));
    position_ += count;
    taken += count;
  }
  return {};
}

void Download::go_on() {
  std::unique_lock lock(mutex_);
  const auto resume = held_back_ && call_.resume ? call_.resume : nullptr;
  if (resume) held_back_ = false;
  lock.unlock();
  if (resume) resume();
}

void Download::ended(Status status) {
  std::unique_lock lock(mutex_);
  running_ = false;
  held_back_ = false;
  call_ = {};
  if (position_ > progress_at_) {
    progress_at_ = position_;
    attempts_ = 0;
  }
  if (status.ok() && position_ < end_) {
    status = Status(Kind::network, "the answer ended early").with(Retry::transient);
  }
  if (!status.ok() && status.retryable() && ++attempts_ < wire_->settings().attempts && !stopped_) {
    const auto delay = backoff(status.error(), attempts_);
    lock.unlock();
    executor_->post_after(delay, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->start();
    });
    return;
  }
  ended_ = true;
  status_ = judge(std::move(status));
  const auto wake = wake_;
  lock.unlock();
  if (wake) wake();
}

Status Download::judge(Status status) const {
  const std::string operation = "read " + object_.location.url();
  if (status.ok()) {
    if (!is_whole() || !object_.crc64nvme || *object_.crc64nvme == crc_) return status;
    return Status(Kind::corrupt, fmt::format("the bytes have CRC64NVME {}, the store says {}", crc64nvme_base64(crc_),
                                             crc64nvme_base64(*object_.crc64nvme)))
        .during(operation);
  }
  const bool gone = status.kind() == Kind::not_found || status.error().http_status == 412;
  if (gone) status = replaced(object_.location);
  return std::move(status.at(position_)).during(operation);
}

S3Source::~S3Source() {
  if (download_) download_->stop();
}

Status S3Source::describe(Upstream& upstream) {
  WEIR_ASSIGN(object_, wire_->head(location_));
  if (range_.offset > object_.size) {
    return Status(Kind::invalid_argument, fmt::format("byte {} is behind the end of {}, which has {}", range_.offset,
                                                      location_.url(), object_.size));
  }
  end_ = range_.offset + std::min(range_.length.value_or(object_.size), object_.size - range_.offset);
  upstream.source = location_.url();
  upstream.exact_bytes = end_ - range_.offset;
  upstream.max_bytes = upstream.exact_bytes;
  return {};
}

Status S3Source::open(Context& context) {
  download_ = std::make_shared<Download>(wire_, object_, range_.offset, end_, context);
  return {};
}

Facts S3Source::facts() const {
  Facts facts{{"source_etag", object_.etag}};
  if (download_ && download_->verified()) facts["source_crc64nvme_verified"] = crc64nvme_base64(*object_.crc64nvme);
  return facts;
}

}  // namespace weir::s3

namespace weir {

std::unique_ptr<Source> s3_source(std::shared_ptr<S3Client> client, S3Location location, ByteRange range) {
  return std::make_unique<s3::S3Source>(std::static_pointer_cast<s3::Wire>(std::move(client)), std::move(location),
                                        range);
}

}  // namespace weir
