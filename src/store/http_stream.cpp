#include "store/http_stream.hpp"

#include <algorithm>
#include <cstring>

#include "net/curl_errors.hpp"
#include "net/paced_body.hpp"
#include "platform/platform.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/executor.hpp"

namespace weir::http {
namespace {

constexpr std::uint32_t kMostLooks = 3;

}  // namespace

/// What is held and what comes, as the body of one attempt.
class StreamPut::StreamBody final : public net::Body {
 public:
  StreamBody(std::shared_ptr<StreamPut> put, std::uint64_t size) : put_(std::move(put)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  Status rewind() override {
    const Lock lock(put_->mutex_);
    if (put_->held_from_ > 0) {
      return Status(Kind::network, "the connection broke, and the stream's beginning is no longer held");
    }
    put_->read_ = chunk_at_ = 0;
    index_ = 0;
    return {};
  }
  void attach(std::function<void()> wake) override {
    const Lock lock(put_->mutex_);
    put_->wake_body_ = std::move(wake);
  }
  Result<std::size_t> read(std::span<std::byte> into) override {
    Lock lock(put_->mutex_);
    std::size_t filled = 0;
    // What was let go of since was behind us.
    index_ -= std::min(index_, dropped());
    while (filled < into.size() && index_ < put_->held_.size()) {
      const Chunk& chunk = put_->held_[index_];
      const std::size_t done = static_cast<std::size_t>(put_->read_ - chunk_at_);
      const std::size_t count = std::min({into.size() - filled, chunk.size() - done, may_go()});
      if (count == 0) break;
      std::memcpy(into.data() + filled, chunk.data() + done, count);
      filled += count;
      put_->read_ += count;
      if (done + count < chunk.size()) break;
      chunk_at_ = put_->read_;
      ++index_;
    }
    if (filled == 0 && !put_->ended_) return Status::pending();
    const bool wakes = filled > 0 && std::exchange(put_->wants_room_, false);
    const auto wake = wakes ? put_->options_.wake : nullptr;
    lock.unlock();
    if (wake) wake();
    return filled;
  }

 private:
  /// With its last byte the server has the whole: that waits for the source's last word, which may be that the bytes
  /// were wrong.
  std::size_t may_go() const {
    if (put_->ended_ || size_ == net::kUnknownSize) return SIZE_MAX;
    return static_cast<std::size_t>(size_ - std::min(size_, put_->read_ + 1));
  }
  std::size_t dropped() {
    const std::size_t count = put_->dropped_ - seen_dropped_;
    seen_dropped_ = put_->dropped_;
    return count;
  }

  const std::shared_ptr<StreamPut> put_;
  const std::uint64_t size_;
  std::size_t index_ = 0;         // in held_, of the chunk to read next
  std::uint64_t chunk_at_ = 0;    // its place in the stream
  std::size_t seen_dropped_ = 0;  // chunks
};

bool StreamPut::has_room(std::uint64_t count) {
  Lock lock(mutex_);
  const auto fits = [&] { return added_ - held_from_ + count <= options_.keep_bytes; };
  const bool has_all = options_.exact_bytes && added_ >= *options_.exact_bytes;
  if (outcome_ || has_all || fits()) return true;
  if (!sending_) send(lock);
  let_go_of_sent();
  wants_room_ = !fits();
  return !wants_room_;
}

/// Makes room; from then on the stream cannot be sent again.
void StreamPut::let_go_of_sent() {
  while (!held_.empty() && held_from_ + held_.front().size() <= read_) {
    held_from_ += held_.front().size();
    held_.pop_front();
    ++dropped_;
  }
}

void StreamPut::add(Chunk chunk) {
  Lock lock(mutex_);
  if (outcome_ || cancelled_ || chunk.empty()) return;
  added_ += chunk.size();
  held_.push_back(std::move(chunk));
  if (!sending_ && options_.exact_bytes && *options_.exact_bytes > options_.keep_bytes) send(lock);
  const auto wake = wake_body_;
  lock.unlock();
  if (wake) wake();
}

void StreamPut::end(std::optional<std::uint64_t> crc64nvme) {
  Lock lock(mutex_);
  ended_ = true;
  crc_ = crc64nvme;
  if (!sending_) length_ = added_;
  if (!sending_ && !cancelled_) send(lock);
  const auto wake = wake_body_;
  lock.unlock();
  if (wake) wake();
}

void StreamPut::cancel() {
  std::deque<Chunk> unused;
  {
    const Lock lock(mutex_);
    cancelled_ = true;
    held_.swap(unused);
    if (!outcome_) outcome_ = Status(Kind::cancelled, "the transfer was cancelled");
  }
  chain_->cancel();
}

/// The first attempt. Its conditions are looked at before.
void StreamPut::send(Lock& lock) {
  sending_ = true;
  if (!length_) length_ = options_.exact_bytes;
  const ObjectOptions& object = target_->object();
  lock.unlock();
  if (!object.no_clobber && object.if_match.empty()) {
    put();
  } else {
    look_before(*target_->wire(), object, chain_, [self = shared_from_this()](const Status& may) {
      if (may.ok()) return self->put();
      self->finish(Status(may).during("store " + self->target_->url()));
    });
  }
  lock.lock();
}

void StreamPut::put() {
  chain_->next(
      *target_->wire(),
      [self = shared_from_this()]() -> Result<WireRequest> {
        WireRequest request;
        request.operation = "store " + self->target_->url();
        request.method = "PUT";
        request.headers = object_headers(self->target_->object(), self->target_->wire()->place());
        const Lock lock(self->mutex_);
        if (self->cancelled_) return Status(Kind::cancelled, "the transfer was cancelled");
        ++self->attempts_;
        request.body = net::paced(std::make_shared<StreamBody>(self, self->length_.value_or(net::kUnknownSize)),
                                  self->options_.flow);
        return request;
      },
      [self = shared_from_this()](const Result<net::Response>& answer) { self->ended(answer); });
}

void StreamPut::ended(const Result<net::Response>& answer) {
  const std::string operation = "store " + target_->url();
  {
    const Lock lock(mutex_);
    wake_body_ = nullptr;
  }
  if (!answer.ok()) {
    const Status status = refused_condition(answer.status(), target_->object());
    {
      const Lock lock(mutex_);
      reached_ = reached_ || status.error().service_code != net::kUnreachable;
    }
    if (!again(status)) failed(status);
    return;
  }
  std::uint64_t length = 0;
  {
    const Lock lock(mutex_);
    length = read_;
  }
  auto stored = stored_by(*answer, length);
  if (!stored.ok()) return finish(stored.status().during(operation));
  target_->note_stored();
  if (stored->crc64nvme) return proven(*stored, *stored);
  prove(*std::move(stored));
}

bool StreamPut::again(const Status& status) {
  std::chrono::nanoseconds delay{};
  {
    const Lock lock(mutex_);
    if (cancelled_ || !status.retryable() || held_from_ > 0 || attempts_ >= options_.retry.max_attempts) return false;
    last_retry_ = status;
    retries_.count(status);
    read_ = 0;  // nothing of it counts, and nothing of it may be let go of
    delay = options_.retry.delay(status.error(), attempts_, platform::random_below);
  }
  Executor::default_pool()->post_after(delay, [self = shared_from_this()] { self->put(); });
  return true;
}

void StreamPut::failed(const Status& status) {
  Error error = status.error();
  {
    const Lock lock(mutex_);
    error.offset = error.offset ? error.offset : std::optional(read_);
    const bool wants_length = error.http_status == 411 || error.http_status == 501;
    if (!length_ && wants_length) {
      error.advice =
          "The server wants to know the length before. Write it to a file, and send that; or give more memory.";
    } else if (status.retryable() && held_from_ > 0) {
      error.advice =
          "A stream that is longer than the memory for it cannot be sent again. Write it to a file, and send that.";
    } else if (attempts_ > 1) {
      error.cause += fmt::format(" (given up after {} attempts)", attempts_);
    }
    const bool unsure = status.retryable() && !cancelled_ && reached_;
    if (unsure)
      error.advice += (error.advice.empty() ? "" : "\n") +
                      ("Whether " + target_->url() + " was completed all the same is not known.");
  }
  finish(Status(std::move(error)));
}

/// Looks whether what is there now has the length that was sent.
void StreamPut::prove(Stored stored) {
  {
    const Lock lock(mutex_);
    ++looks_;
  }
  auto self = shared_from_this();
  target_->inspect([self, stored = std::move(stored)](const Result<Stored>& seen) {
    if (seen.ok() || !seen.status().retryable()) return self->proven(stored, seen);
    Lock lock(self->mutex_);
    if (self->looks_ >= kMostLooks || self->cancelled_) {
      lock.unlock();
      return self->proven(stored, seen);
    }
    const auto delay = self->options_.retry.delay(seen.error(), self->looks_, platform::random_below);
    lock.unlock();
    Executor::default_pool()->post_after(delay, [self, stored] { self->prove(stored); });
  });
}

void StreamPut::proven(const Stored& stored, const Result<Stored>& seen) {
  const auto refuse = [&](std::string cause) {
    finish(Status(Kind::corrupt, std::move(cause))
               .during("prove " + target_->url())
               .advise("What is stored there is not what was sent: do not use it, send it again."));
  };
  Proof proof;
  proof.stored = stored;
  if (seen.ok()) {
    if (seen->length != stored.length) {
      return refuse(fmt::format("{} bytes were sent and the server has {}", stored.length, seen->length));
    }
    std::optional<std::uint64_t> ours;
    {
      const Lock lock(mutex_);
      ours = crc_;
    }
    proof.verified = ours && seen->crc64nvme && *ours == *seen->crc64nvme;
    if (ours && seen->crc64nvme && !proof.verified) {
      return refuse(fmt::format("the server's checksum crc64nvme {} is not ours, {}",
                                crc64nvme_base64(*seen->crc64nvme), crc64nvme_base64(*ours)));
    }
    if (proof.stored.etag.empty()) proof.stored.etag = seen->etag;
  }
  finish(std::move(proof));
}

void StreamPut::finish(Result<Proof> outcome) {
  std::deque<Chunk> unused;  // let go outside the lock: whoever waits for memory is woken
  Lock lock(mutex_);
  const bool first = !outcome_;
  if (first) outcome_ = std::move(outcome);
  held_.swap(unused);
  const auto wake = cancelled_ ? nullptr : options_.wake;
  lock.unlock();
  if (first && wake) wake();
}

std::optional<Result<StreamPut::Proof>> StreamPut::outcome() const {
  const Lock lock(mutex_);
  return outcome_;
}

std::uint64_t StreamPut::sent_bytes() const {
  const Lock lock(mutex_);
  return read_;
}

RetryCounts StreamPut::retries() const {
  const Lock lock(mutex_);
  return retries_;
}

Status StreamPut::last_retry() const {
  const Lock lock(mutex_);
  return last_retry_;
}

}  // namespace weir::http
