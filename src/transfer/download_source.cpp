#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <thread>
#include <utility>

#include "platform/platform.hpp"
#include "transfer/download_driver.hpp"
#include "transfer/kept_reader.hpp"
#include "transfer/start_within_rate.hpp"
#include "transfer/whole_check.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/units.hpp"
#include "weir/transfer/download.hpp"

namespace weir {
namespace {

using transfer::DownloadDriver;
using transfer::DownloadMachineOptions;

using transfer::ConcurrencyController;

constexpr std::uint64_t kRangeBytes = 8 * kMiB;
constexpr std::uint64_t kLeastRangeBytes = 1 * kMiB;  ///< that a user may ask for
/// Below this a request costs more than a second connection gains.
constexpr std::uint64_t kWorthwhileRangeBytes = 2 * kMiB;
constexpr std::uint64_t kProgressBytes = 16 * kKiB;  ///< that must come for attempts to be counted anew
constexpr MemoryNeed kOneStream{2 * kSliceBytes, kSliceBytes, 4 * kMiB};

/// Whether a job is to end.
using Stopping = const std::atomic<bool>*;
constexpr std::chrono::milliseconds kBetweenLooksAtThat{20};

bool stops(Stopping stopping) { return stopping != nullptr && stopping->load(std::memory_order_acquire); }

Status stopped() { return Status(Kind::cancelled, "the job was stopped"); }

/// One look, waited for until the job stops.
Result<ObjectInfo> look_once(Origin& origin, Stopping stopping) {
  struct Waiter {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Result<ObjectInfo>> answer;
  };
  const auto waiter = std::make_shared<Waiter>();
  const auto cancel = origin.look([waiter](Result<ObjectInfo> answer) {
    const std::lock_guard lock(waiter->mutex);
    waiter->answer = std::move(answer);
    waiter->ready.notify_one();
  });
  std::unique_lock lock(waiter->mutex);
  while (!waiter->ready.wait_for(lock, kBetweenLooksAtThat, [&] { return waiter->answer.has_value(); })) {
    if (!stops(stopping)) continue;
    lock.unlock();
    if (cancel) cancel();
    return stopped();
  }
  return *std::move(waiter->answer);
}

Result<ObjectInfo> look(Origin& origin, const RetryPolicy& retry, Stopping stopping) {
  using Clock = std::chrono::steady_clock;
  for (std::uint32_t attempt = 1;; ++attempt) {
    Result<ObjectInfo> found = look_once(origin, stopping);
    if (found.ok() || !found.status().retryable() || attempt >= retry.max_attempts) return found;
    const auto until = Clock::now() + retry.delay(found.error(), attempt, platform::random_below);
    while (Clock::now() < until) {
      if (stops(stopping)) return stopped();
      std::this_thread::sleep_for(std::min<Clock::duration>(kBetweenLooksAtThat, until - Clock::now()));
    }
  }
}

/// What a file has of the object from an earlier run.
struct Front final : Continuable {
  explicit Front(SourceIdentity object) : object_(std::move(object)) {}
  SourceIdentity identity() const override { return object_; }
  void go_on_from(std::shared_ptr<Kept> from) override { kept = std::move(from); }

  std::shared_ptr<Kept> kept;

 private:
  const SourceIdentity object_;
};

/// One thread at a time, as every stage; counts from any.
class DownloadSource final : public Source {
 public:
  DownloadSource(std::shared_ptr<Origin> origin, DownloadOptions options)
      : origin_(std::move(origin)), options_(std::move(options)), adapts_(options_.concurrency == 0) {
    if (adapts_) options_.concurrency = ConcurrencyController::kStart;
    if (options_.part_bytes == 0) options_.part_bytes = kRangeBytes;
  }
  ~DownloadSource() override {
    if (reader_) reader_->stop();
    if (driver_) driver_->stop();
  }
  DownloadSource(const DownloadSource&) = delete;
  DownloadSource& operator=(const DownloadSource&) = delete;

  std::string name() const override { return "download"; }
  MemoryNeed memory(const Upstream&) const override;
  Status describe(Upstream& upstream) override;
  Status open(Context& context) override;
  Result<Chunk> next() override;
  Facts facts() const override;
  std::uint32_t retries() const override { return driver_ ? driver_->counts().retries.total() : 0; }
  Status last_retry() const override { return driver_ ? driver_->counts().last_retry : Status(); }
  void tell(Progress& progress) const override;

 private:
  bool in_one_stream() const {
    return options_.concurrency == 1 || !object_.sized || !origin_->ranges() ||
           end_ - options_.range.offset <= options_.part_bytes;
  }
  bool verifies() const { return options_.verify && origin_->verifies(); }
  bool is_whole() const {
    return options_.range.offset == 0 && (object_.sized ? end_ == object_.size : !options_.range.length);
  }
  Result<Chunk> next_of_front();
  void lay_out(std::size_t grant_bytes, DownloadMachineOptions& machine) const;

  const std::shared_ptr<Origin> origin_;
  DownloadOptions options_;  // concurrency: where it adapts, what it begins with
  const bool adapts_;
  ObjectInfo object_;
  std::uint64_t end_ = 0;
  std::shared_ptr<DownloadDriver> driver_;
  Context* context_ = nullptr;
  std::shared_ptr<Front> front_;                  // where the object can be told from any other
  std::shared_ptr<transfer::KeptReader> reader_;  // of it
  std::optional<transfer::WholeCheck> whole_;     // where all of it is read, and to be verified
};

MemoryNeed DownloadSource::memory(const Upstream&) const {
  if (in_one_stream()) return kOneStream;
  // A range for each connection, and one that waits to be taken; and what was handed out last.
  const std::uint64_t most = std::min((options_.concurrency + 1) * options_.part_bytes, end_ - options_.range.offset);
  return {kOneStream.min_bytes, kMiB, std::max<std::uint64_t>(most, kOneStream.max_bytes) + 2 * kSliceBytes};
}

Status DownloadSource::describe(Upstream& upstream) {
  if (options_.part_bytes < kLeastRangeBytes) {
    return Status(Kind::invalid_argument, fmt::format("ranges of {} are too small", format_size(options_.part_bytes)))
        .during("read " + origin_->url())
        .advise("The smallest is 1 MiB.");
  }
  WEIR_ASSIGN(object_, look(*origin_, options_.retry, upstream.stopping));
  if (!options_.etag.empty() && object_.etag != options_.etag) {
    return Status(Kind::source_changed, fmt::format("the object is another one by now: its etag is {}, and not {}",
                                                    object_.etag.empty() ? "not told" : object_.etag, options_.etag))
        .during("read " + origin_->url());
  }
  const std::uint64_t most = object_.sized ? object_.size : UINT64_MAX;
  if (options_.range.offset > most) {
    return Status(Kind::invalid_argument, fmt::format("byte {} is behind the end of {}, which has {}",
                                                      options_.range.offset, origin_->url(), object_.size));
  }
  end_ = options_.range.offset + std::min(options_.range.length.value_or(most), most - options_.range.offset);
  upstream.source = origin_->url();
  upstream.unverified = !verifies();
  if (object_.sized) upstream.exact_bytes = upstream.max_bytes = end_ - options_.range.offset;
  if (is_whole()) upstream.modified_unix = object_.modified_unix;
  if (auto identity = origin_->lasting_identity(object_); identity && is_whole()) {
    upstream.continuable = front_ = std::make_shared<Front>(*std::move(identity));
  }
  return {};
}

/// As many connections as memory gives ranges worth a request; ranges are whole slabs.
void DownloadSource::lay_out(std::size_t grant_bytes, DownloadMachineOptions& machine) const {
  if (in_one_stream() || grant_bytes < 2 * kSliceBytes) return;
  const std::uint64_t window = grant_bytes / kSliceBytes - 1;  // one slab is with whoever comes next
  const std::uint64_t least = std::min(kWorthwhileRangeBytes, options_.part_bytes) / kSliceBytes;
  const std::uint64_t ranges = std::min<std::uint64_t>(window / least, options_.concurrency + 1);
  if (ranges < 3) return;
  const auto start = static_cast<std::uint32_t>(ranges - 1);
  machine.lanes = transfer::ConcurrencyOptions::fixed(start);
  machine.range_bytes = std::min(window / ranges, options_.part_bytes / kSliceBytes) * kSliceBytes;
  machine.window_slabs = window;
  if (!adapts_) return;
  const auto most = std::min<std::uint64_t>(window / least - 1, ConcurrencyController::kMost);
  machine.lanes = transfer::ConcurrencyOptions::adaptive(
      transfer::start_within_rate(start, options_.limiter, machine.range_bytes), static_cast<std::uint32_t>(most));
  machine.least_range_bytes = least * kSliceBytes;
}

Status DownloadSource::open(Context& context) {
  context_ = &context;
  DownloadMachineOptions machine;
  machine.begin = options_.range.offset;
  machine.end = end_;
  machine.object_size = object_.size;
  machine.sized = object_.sized;
  machine.ranges = origin_->ranges();
  machine.slab_bytes = kSliceBytes;
  machine.progress_bytes = kProgressBytes;
  machine.retry = options_.retry;
  machine.url = origin_->url();
  machine.random = platform::random_below;
  if (verifies() && is_whole()) {
    machine.crc64nvme = object_.crc64nvme;
    whole_.emplace(origin_);
  }
  // Without ranges a second attempt shows by its checksum that it is the same object.
  machine.hashed = machine.crc64nvme.has_value() || !machine.ranges;
  lay_out(context.grant_bytes, machine);
  driver_ = std::make_shared<DownloadDriver>(origin_, object_, std::move(machine), context, options_.limiter);
  return {};
}

/// Empty where the rest is to be read from the origin.
Result<Chunk> DownloadSource::next_of_front() {
  if (!front_ || !front_->kept) return Chunk();
  if (!reader_) reader_ = std::make_shared<transfer::KeptReader>(front_->kept, *context_);
  Result<Chunk> chunk = reader_->next();
  if (!chunk.ok() || !chunk->empty()) return chunk;
  const std::shared_ptr<Kept> kept = std::move(front_->kept);
  driver_->has_front(kept->good_bytes(), kept->crc64nvme());
  return chunk;
}

Result<Chunk> DownloadSource::next() {
  Result<Chunk> chunk = next_of_front();
  if (chunk.ok() && chunk->empty()) chunk = driver_->next();
  if (!chunk.ok() || !whole_) return chunk;
  WEIR_TRY(chunk->empty() ? whole_->end() : whole_->take(chunk->bytes()));
  return chunk;
}

void DownloadSource::tell(Progress& progress) const {
  if (!driver_) return;
  const transfer::DownloadCounts counts = driver_->counts();
  progress.bytes_received = driver_->received_bytes();
  progress.ranges_in_flight = counts.under_way;
  progress.concurrency = counts.lanes;  // an upload behind it has the last word
  progress.retries_by_cause += counts.retries;
}

Facts DownloadSource::facts() const {
  Facts facts;
  if (!object_.etag.empty()) facts["source_etag"] = object_.etag;
  if (driver_ && driver_->verified()) facts["source_crc64nvme_verified"] = crc64nvme_base64(*object_.crc64nvme);
  if (whole_) facts.merge(whole_->facts());
  return facts;
}

}  // namespace

std::unique_ptr<Source> download_from(std::shared_ptr<Origin> origin, DownloadOptions options) {
  return std::make_unique<DownloadSource>(std::move(origin), std::move(options));
}

}  // namespace weir
