// An origin in memory that answers on threads of its own, in pieces, after random times, with random failures.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <string>

#include "weir/codec/checksum.hpp"
#include "weir/core/executor.hpp"
#include "weir/store/origin.hpp"

namespace weir::test {

struct MemoryOriginOptions {
  std::uint64_t seed = 1;
  unsigned fails_of_100 = 0;  ///< reads that break off in a transient way, most of them in the middle
  std::chrono::microseconds longest{300};
  bool ranges = true;
  bool sized = true;
  bool checksum = true;
  bool verifies = true;  ///< as Origin::verifies()
  bool stalls = false;   ///< reads end only when cancelled
};

class MemoryOrigin final : public Origin, public std::enable_shared_from_this<MemoryOrigin> {
 public:
  MemoryOrigin(std::string bytes, MemoryOriginOptions options)
      : options_(options), random_(options.seed), bytes_(std::move(bytes)) {}

  std::string url() const override { return "memory://object"; }
  bool ranges() const override { return options_.ranges; }
  std::optional<SourceIdentity> lasting_identity(const ObjectInfo& object) const override {
    SourceIdentity identity;
    identity.name = url();
    identity.inode = std::hash<std::string>()(object.etag);
    identity.size_bytes = object.size;
    return identity;
  }
  std::string etag = "e";
  std::int64_t modified_unix = 0;
  std::atomic<std::uint64_t> hold_at{UINT64_MAX};  ///< nothing from this byte on comes, but it can be cancelled
  std::atomic<std::uint64_t> fail_at{UINT64_MAX};  ///< nor here, where reads break off
  std::atomic<std::uint64_t> bytes_given{0};
  bool verifies() const override { return options_.verifies; }

  std::function<void()> look(std::function<void(Result<ObjectInfo>)> done) override {
    ObjectInfo info;
    info.sized = options_.sized;
    info.size = options_.sized ? bytes_.size() : 0;
    info.etag = etag;
    info.modified_unix = modified_unix;
    if (options_.checksum && options_.sized) info.crc64nvme = crc64nvme(0, std::as_bytes(std::span(bytes_)));
    Executor::default_pool()->post([done = std::move(done), info] { done(info); });
    return [] {};
  }

  Running read(const ObjectInfo&, std::uint64_t offset, std::uint64_t length, OnData on_data,
               std::function<void(Status)> done) override {
    const auto call = std::make_shared<Call>();
    call->offset = offset;
    call->body = bytes_.substr(offset, options_.sized ? length : std::string::npos);
    call->on_data = std::move(on_data);
    call->done = std::move(done);
    call->cut = below(100) < options_.fails_of_100 && !call->body.empty() ? below(call->body.size()) : SIZE_MAX;
    const unsigned now = ++under_way_;
    for (unsigned peak = peak_; now > peak && !peak_.compare_exchange_weak(peak, now);) {
    }
    later(call);
    return {[this, self = shared_from_this(), call] {
              call->cancelled = true;
              if (options_.stalls || call->waits.exchange(false)) later(call);
            },
            [this, self = shared_from_this(), call] {
              if (call->waits.exchange(false)) {
                later(call);
              } else {
                call->resumed = true;
              }
            }};
  }

  unsigned peak_reads() const { return peak_; }
  unsigned reads_under_way() const { return under_way_; }

 private:
  struct Call {
    std::mutex mutex;  // one step at a time
    std::uint64_t offset = 0;
    std::string body;
    std::size_t sent = 0;
    std::size_t cut = SIZE_MAX;
    OnData on_data;
    std::function<void(Status)> done;
    std::atomic<bool> cancelled{false};
    std::atomic<bool> waits{false};    // on_data said pending
    std::atomic<bool> resumed{false};  // before it was known to wait
  };

  std::uint64_t below(std::uint64_t bound) {
    const std::lock_guard lock(mutex_);
    return random_() % bound;
  }
  void later(const std::shared_ptr<Call>& call) {
    const auto delay = std::chrono::microseconds(below(static_cast<std::uint64_t>(options_.longest.count())));
    Executor::default_pool()->post_after(delay, [weak = weak_from_this(), call] {
      if (const auto self = weak.lock()) self->step(call);
    });
  }
  void end(Call& call, Status status) {
    const auto done = std::exchange(call.done, nullptr);
    call.on_data = nullptr;
    --under_way_;
    done(std::move(status));
  }
  void step(const std::shared_ptr<Call>& call) {
    const std::lock_guard lock(call->mutex);
    if (!call->done) return;
    if (call->cancelled) return end(*call, Status(Kind::cancelled, "cancelled"));
    if (options_.stalls) return;
    const auto up_to = [&](std::uint64_t place) { return place - std::min(place, call->offset); };
    if (call->sent >= up_to(fail_at) && call->sent < call->body.size()) {
      return end(*call, Status(Kind::network, "no route to host").with(Retry::transient));
    }
    const std::uint64_t held = up_to(hold_at);
    if (call->sent >= held && call->sent < call->body.size()) {
      call->waits = true;
      if (call->cancelled && call->waits.exchange(false)) later(call);
      return;
    }
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>({call->body.size(), call->cut, held, up_to(fail_at)}));
    const auto count = std::min<std::size_t>(1 + below(100'000), most - call->sent);
    if (count > 0) {
      call->resumed = false;
      const Status status = call->on_data(std::as_bytes(std::span(call->body).subspan(call->sent, count)));
      if (status.is_pending()) {
        call->waits = true;
        // A resume or cancel may have come meanwhile.
        if ((call->resumed || call->cancelled) && call->waits.exchange(false)) later(call);
        return;
      }
      if (!status.ok()) return end(*call, status);
      call->sent += count;
      bytes_given += count;
    }
    if (call->sent == call->body.size()) return end(*call, {});
    if (call->sent == call->cut) return end(*call, Status(Kind::network, "connection reset").with(Retry::transient));
    later(call);
  }

  const MemoryOriginOptions options_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  const std::string bytes_;
  std::atomic<unsigned> under_way_{0};
  std::atomic<unsigned> peak_{0};
};

}  // namespace weir::test
