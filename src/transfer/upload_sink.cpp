#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <utility>

#include "platform/platform.hpp"
#include "transfer/download_resume.hpp"
#include "transfer/request_bytes.hpp"
#include "transfer/start_within_rate.hpp"
#include "transfer/upload_driver.hpp"
#include "transfer/upload_ledger.hpp"
#include "transfer/upload_marks.hpp"
#include "transfer/upload_spool.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/units.hpp"
#include "weir/transfer/plan.hpp"
#include "weir/transfer/upload.hpp"

namespace weir {
namespace {

using transfer::kRequestBytes;
using transfer::ReadyPart;
using transfer::UploadDriver;

/// The most parts under way of an upload that adapts and holds them in memory: it asks for room for so many, and how
/// many it has depends on what it is given.
constexpr std::uint32_t kHeldParts = 8;
// So many requests are within what a process needs anyhow; the buffers of more are taken from the budget.
constexpr std::uint64_t kUncountedRequests = 8;

/// Into files: less is fetched anew sooner than it is written down.
constexpr std::uint64_t kWorthRecordingBytes = 16 * kMiB;

std::uint64_t counted_requests(std::uint64_t concurrency) {
  return concurrency - std::min(concurrency, kUncountedRequests);
}

/// One thread at a time, as every stage; progress and pause from any.
class UploadSink final : public Sink {
 public:
  UploadSink(std::shared_ptr<Target> target, UploadOptions options)
      : target_(std::move(target)), options_(std::move(options)), adapts_(options_.concurrency == 0) {
    if (adapts_) options_.concurrency = transfer::ConcurrencyController::kMost;
    options_.concurrency = std::min(options_.concurrency, target_->profile().most_at_once);
  }
  ~UploadSink() override {
    if (driver_) driver_->let_go();
    if (spool_) spool_->close();  // whoever still holds it: its file is closed when the job has ended
    if (budget_) budget_->give_back(request_bytes_);
  }
  UploadSink(const UploadSink&) = delete;
  UploadSink& operator=(const UploadSink&) = delete;

  std::string name() const override { return "upload"; }
  bool replays(const Upstream& upstream) const override {
    return upstream.replay && upstream.exact_bytes && !target_->profile().replay_needs_memory;
  }
  MemoryNeed memory(const Upstream& upstream) const override;
  Status open(Context& context) override;
  std::shared_ptr<Marks> marks() override {
    if (options_.ledger) marks_ = std::make_shared<transfer::UploadMarks>();
    return marks_;
  }
  std::shared_ptr<Spool> spool() override { return spool_ = std::make_shared<transfer::UploadSpool>(); }
  Status ready() override;
  Status write(Chunk&& chunk) override;
  Result<Receipt> close() override;
  void abort() override;
  void suspend() override;
  Status stopped() override;
  std::uint64_t confirmed_bytes() const override { return driver_ ? driver_->progress().bytes_acked : 0; }
  std::uint32_t retries() const override { return driver_ ? driver_->progress().retries.total() : 0; }
  Status last_retry() const override { return driver_ ? driver_->progress().last_retry : Status(); }
  std::pair<std::uint32_t, std::uint32_t> parts() const override {
    if (!driver_) return {0, 0};
    const transfer::UploadProgress progress = driver_->progress();
    return {progress.parts_done, progress.parts_in_flight};
  }
  void tell(Progress& progress) const override;
  void pause(bool on) override { driver_ ? driver_->pause(on) : void(); }

 private:
  PlanRequest request_for(const Upstream& upstream) const {
    // Parts are cut for as many as it begins with: larger ones cost less each.
    const std::uint32_t at_once =
        adapts_ ? std::min(transfer::ConcurrencyController::kStart, options_.concurrency) : options_.concurrency;
    return {upstream.exact_bytes, upstream.max_bytes, options_.part_bytes, at_once, {}};
  }
  Result<UploadPlan> plan_within_grant(const Upstream& upstream);
  Status look_up(Context& context, transfer::MachineOptions& options, std::shared_ptr<JobClaim>& claim);
  void skip_front();
  void go_on_behind_front();
  std::uint64_t least_part_bytes(const Upstream& upstream) const;
  Status plan_parts_of(std::uint64_t part_bytes, const Upstream& upstream);
  Status cut_as_earlier(const Upstream& upstream, const transfer::Recorded& recorded);
  Status look_for_kept(Context& context, const UploadIdentity& identity, const SourceIdentity& source,
                       transfer::MachineOptions& options, std::shared_ptr<JobClaim>& claim);
  std::optional<SourceIdentity> lasting_source(const Upstream& upstream) const {
    if (upstream.continuable) return upstream.continuable->identity();
    return replay_ ? upstream.replay->lasting_identity() : std::nullopt;
  }
  std::uint64_t current_length() const;
  /// What is read twice, or compared with what was sent before, is to be the same both times; else the target's own
  /// checksum is enough.
  bool takes_crc() const { return options_.verify && (replay_ || records_ || !target_->profile().takes_crc); }
  Status keep_dense(const Chunk& next);
  void append(Chunk chunk);
  void hand_over();
  void hand_over_all();
  void refuse(Status reason);
  Status too_long(std::uint64_t bytes, const char* what) const;
  Receipt receipt_of(const transfer::UploadProof& proof) const;

  const std::shared_ptr<Target> target_;
  UploadOptions options_;  // concurrency: where it adapts, the most
  const bool adapts_;
  std::shared_ptr<UploadDriver> driver_;
  std::shared_ptr<Kept> kept_;  // until the driver has it
  UploadPlan plan_;
  std::optional<std::uint64_t> exact_bytes_;
  bool replay_ = false;    // parts are ranges of the source
  bool observed_ = false;  // and their bytes pass by nevertheless
  bool records_ = false;   // a later process can go on
  bool spools_ = false;    // what comes from a producer that cannot begin again
  bool asks_ = false;      // what the store has of the front
  bool closing_ = false;
  bool syncs_ = false;               // parts last only then
  std::string made_again_;           // to be told once there are several parts
  std::uint64_t grant_bytes_ = 0;    // for parts
  std::uint64_t request_bytes_ = 0;  // set aside in budget_ for counted requests
  std::shared_ptr<Budget> budget_;   // null: nothing is
  Context* context_ = nullptr;
  std::uint64_t taken_bytes_ = 0;  // by write(), and skipped before it
  std::atomic<std::uint64_t> skipped_bytes_{0};
  std::shared_ptr<transfer::UploadMarks> marks_;
  std::shared_ptr<transfer::UploadSpool> spool_;
  std::int64_t started_ns_ = 0;
  std::map<std::uint64_t, std::uint64_t> earlier_lengths_;  // of a stream's parts, as they were cut, by offset

  // The part that is being filled.
  std::uint32_t number_ = 1;
  std::uint64_t offset_ = 0;
  std::uint64_t filled_bytes_ = 0;
  std::uint64_t crc_ = 0;
  std::vector<Chunk> chunks_;
  Slab dense_;               // where what is left of other slabs is copied to
  bool ends_dense_ = false;  // the last of chunks_ lies there
};

MemoryNeed UploadSink::memory(const Upstream& upstream) const {
  if (replays(upstream)) return {0, kRequestBytes, counted_requests(options_.concurrency) * kRequestBytes};
  // A plan that cannot work at all is open()'s to refuse, in its own words.
  const Result<UploadPlan> plan = plan_upload(target_->profile(), request_for(upstream));
  if (!plan.ok()) return {};
  std::uint64_t least = least_part_bytes(upstream);
  const std::uint32_t held = adapts_ ? std::min(kHeldParts, options_.concurrency) : options_.concurrency;
  std::uint64_t most = (held + 1) * plan->part_bytes;
  if (upstream.exact_bytes) {
    least = std::min(least, *upstream.exact_bytes);
    most = std::min(most, *upstream.exact_bytes);
  }
  return {least + kSliceBytes, std::max<std::uint64_t>(least, kSliceBytes),
          std::max(least, most) + kSliceBytes + counted_requests(held) * kRequestBytes};
}

std::uint64_t UploadSink::least_part_bytes(const Upstream& upstream) const {
  const Profile& profile = target_->profile();
  return options_.part_bytes != 0 ? options_.part_bytes
         : upstream.exact_bytes   ? smallest_part_bytes(profile, *upstream.exact_bytes)
                                  : profile.min_part_bytes;
}

/// The plan, with the grant dealt out to parts and to the buffers of requests: as many at once as it holds.
Result<UploadPlan> UploadSink::plan_within_grant(const Upstream& upstream) {
  if (adapts_ && !replay_) options_.concurrency = std::min(kHeldParts, options_.concurrency);
  PlanRequest request = request_for(upstream);
  if (!replay_) request.memory_bytes = grant_bytes_;
  Result<UploadPlan> plan = plan_upload(target_->profile(), request);
  if (!plan.ok()) return plan;
  const std::uint64_t each = kRequestBytes + (replay_ ? 0 : plan->part_bytes);
  const std::uint64_t held = (grant_bytes_ + kUncountedRequests * kRequestBytes) / each;
  const std::uint64_t at_once = replay_ ? held : std::max(held, kUncountedRequests);
  options_.concurrency = static_cast<std::uint32_t>(std::min<std::uint64_t>(options_.concurrency, at_once));
  request_bytes_ = counted_requests(options_.concurrency) * kRequestBytes;
  if (replay_ || request_bytes_ == 0) return plan;
  grant_bytes_ -= request_bytes_;
  request.memory_bytes = grant_bytes_;
  return plan_upload(target_->profile(), request);
}

Status UploadSink::open(Context& context) {
  const Upstream& upstream = context.upstream;
  replay_ = replays(upstream);
  observed_ = upstream.observed;
  exact_bytes_ = upstream.exact_bytes;
  grant_bytes_ = context.grant_bytes;
  context_ = &context;
  spools_ = spool_ && !spool_->stream().empty();
  if (spools_) {
    WEIR_ASSIGN(const std::uint64_t room, transfer::room_in_spool(options_, *target_, least_part_bytes(upstream)));
    grant_bytes_ = std::min(grant_bytes_, room);
  }
  started_ns_ = platform::platform().monotonic_ns();
  // Taken as it writes, the target's own checksum shows that the bytes are those that the source's store vouches for.
  if (upstream.unverified && target_->profile().takes_crc) options_.verify = false;
  Result<UploadPlan> plan = plan_within_grant(upstream);
  if (!plan.ok()) return plan.status().during("upload to " + target_->url());
  plan_ = *plan;
  target_->expect({upstream.modified_unix});
  if (upstream.stages.empty() && !exact_bytes_ && upstream.max_bytes.value_or(0) > plan_.capacity_bytes) {
    return too_long(*upstream.max_bytes, "may come")
        .during("upload to " + target_->url())
        .advise("Nothing was begun. Give it larger parts, more memory for them, or a lower bound.");
  }
  if (request_bytes_ > 0) {
    WEIR_TRY(context.budget->set_aside(request_bytes_));
    budget_ = context.budget;
  }

  transfer::MachineOptions options;
  options.retry = options_.retry;
  options.concurrency =
      adapts_ ? transfer::ConcurrencyOptions::adaptive(
                    std::min(transfer::ConcurrencyController::kStart, options_.concurrency), options_.concurrency)
              : transfer::ConcurrencyOptions::fixed(options_.concurrency);
  options.verify = options_.verify;
  options.can_resend_all = replay_;
  options.begins_again = !spools_;
  options.max_single_bytes = target_->profile().max_single_bytes;
  options.url = target_->url();
  options.random = platform::random_below;
  std::shared_ptr<JobClaim> claim;
  WEIR_TRY(look_up(context, options, claim));
  syncs_ = options.syncs;
  // What lies in a file is compared as it is made again: it may not be what was written.
  const bool skips = marks_ && marks_->attended() && !options.syncs;
  asks_ = (skips || spools_) && options.earlier && options.same_source;
  if (skips) marks_->record_in(claim);
  if (marks_ && !(skips && asks_)) marks_->decide(0);
  if (claim && !skips && !upstream.stages.empty()) made_again_ = transfer::made_again(upstream.stages, syncs_);
  driver_ = std::make_shared<UploadDriver>(target_, std::move(options), replay_ ? upstream.replay : nullptr,
                                           context.executor, options_.limiter, context.wake, std::move(claim));
  if (options_.ledger && target_->tells_open_uploads()) {
    driver_->tidies_by(transfer::lost_remover(options_, target_));
  }
  if (spools_) driver_->confirms_to(spool_);
  if (asks_) driver_->ask();
  if (spools_ && !asks_) spool_->decide(0);
  if (kept_) driver_->goes_on_from(std::move(kept_), upstream.continuable != nullptr);
  if (replay_ && !observed_) hand_over_all();
  return {};
}

/// Only what goes in parts is worth a line in the ledger.
Status UploadSink::look_up(Context& context, transfer::MachineOptions& options, std::shared_ptr<JobClaim>& claim) {
  const auto most = exact_bytes_ ? exact_bytes_ : context.upstream.max_bytes;
  if (!options_.ledger || (most && *most <= plan_.part_bytes && !spools_)) return {};
  const std::optional<UploadIdentity> identity = target_->identity();
  if (identity && identity->readable) {
    if (most && *most <= kWorthRecordingBytes) return {};
    const auto source = lasting_source(context.upstream);
    if (source) return look_for_kept(context, *identity, *source, options, claim);
  }
  if (!replay_ && !options_.verify) return {};  // there is no checksum to compare parts by
  WEIR_ASSIGN(transfer::Recorded recorded,
              transfer::find_earlier(options_, target_, context.upstream, plan_.part_bytes, context.executor,
                                     spools_ ? spool_->stream() : std::string()));
  if (spools_ && options_.resume) WEIR_TRY(transfer::open_spool(options_, *target_, exact_bytes_, recorded, *spool_));
  if (recorded.earlier) WEIR_TRY(cut_as_earlier(context.upstream, recorded));
  // Known before the bytes have come: where its upload is gone, it may have become the object.
  if (recorded.earlier && replay_ && exact_bytes_) {
    recorded.earlier->all = ledger::front_bytes(recorded.earlier->parts) == *exact_bytes_;
  }
  options.records = records_ = recorded.claim != nullptr;
  options.syncs = records_ && recorded.in_file;
  kept_ = std::move(recorded.kept);
  options.earlier = std::move(recorded.earlier);
  options.same_source = recorded.same_source;
  claim = std::move(recorded.claim);
  return {};
}

/// With parts of another size than it would choose now.
Status UploadSink::plan_parts_of(std::uint64_t part_bytes, const Upstream& upstream) {
  if (part_bytes == plan_.part_bytes) return {};
  PlanRequest request = request_for(upstream);
  request.part_bytes = part_bytes;
  if (!replay_) request.memory_bytes = grant_bytes_;
  WEIR_ASSIGN(plan_, plan_upload(target_->profile(), request));
  return {};
}

/// An earlier upload's parts decide how the rest is cut.
Status UploadSink::cut_as_earlier(const Upstream& upstream, const transfer::Recorded& recorded) {
  if (!plan_.grows()) {
    Status planned = plan_parts_of(recorded.part_bytes, upstream);
    return planned.ok() ? planned : planned.during("go on with the upload to " + target_->url());
  }
  for (const PartReceipt& part : recorded.earlier->parts) {
    // A last part may be too short for one in the middle: what comes now may be longer.
    const bool fits = part.length >= target_->profile().min_part_bytes && part.length + kSliceBytes <= grant_bytes_;
    if (fits) earlier_lengths_[part.offset] = part.length;
  }
  return {};
}

/// What the store has of the front need not even be made again, as far as the marks describe it. All but the last of
/// its parts, which may be the stream's short end.
void UploadSink::skip_front() {
  auto front = driver_->stored_front();
  if (!front) return;
  asks_ = false;
  const Result<std::uint64_t> described = marks_->described_bytes();
  if (!front->empty()) front->pop_back();
  for (const PartReceipt& part : *front) {
    if (!described.ok() || part.offset + part.length > *described) break;
    driver_->part_ready({number_++, part.offset, part.length, part.crc64nvme, false}, {});
    offset_ += part.length;
  }
  taken_bytes_ = skipped_bytes_ = offset_;
  marks_->decide(offset_);
}

/// Of a producer that cannot begin again: what the store has of the front is not seen in this run. A last part that was
/// cut short is, unless it is known to be the stream's end.
void UploadSink::go_on_behind_front() {
  const auto front = driver_->stored_front();
  if (!front) return;
  asks_ = false;
  const std::optional<std::uint64_t> end = spool_->stream_end();
  for (const PartReceipt& part : *front) {
    const bool last = part.offset + part.length == end.value_or(UINT64_MAX);
    if (!part.crc64nvme || (part.length != current_length() && !last)) break;
    driver_->part_ready({number_++, part.offset, part.length, part.crc64nvme, last}, {});
    offset_ += part.length;
  }
  taken_bytes_ = skipped_bytes_ = offset_;
  spool_->decide(offset_);
}

/// Into a file: what it has need not be written. A download reads that from there; of a file, which is read by itself,
/// both are read and compared.
Status UploadSink::look_for_kept(Context& context, const UploadIdentity& identity, const SourceIdentity& source,
                                 transfer::MachineOptions& options, std::shared_ptr<JobClaim>& claim) {
  if (!exact_bytes_) return {};
  WEIR_ASSIGN(transfer::KeptDownload found,
              transfer::find_kept(options_, target_, identity, source, plan_.part_bytes, context.executor));
  if (found.kept) {
    if (Status planned = plan_parts_of(found.part_bytes, context.upstream); !planned.ok()) {
      return planned.during("go on with the copy to " + target_->url())
          .advise(fmt::format("It was begun with parts of {} bytes: give it that part size and memory again.",
                              found.part_bytes));
    }
  }
  options.records = options.syncs = found.claim != nullptr;
  options.earlier = std::move(found.earlier);
  kept_ = found.kept;
  if (kept_ && context.upstream.continuable) context.upstream.continuable->go_on_from(kept_);
  claim = std::move(found.claim);
  return {};
}

Status UploadSink::ready() {
  WEIR_TRY(driver_->health());
  if (asks_) spools_ ? go_on_behind_front() : skip_front();
  if (replay_) return {};
  return driver_->held_bytes() + filled_bytes_ + kSliceBytes > grant_bytes_ ? Status::pending() : Status();
}

Status UploadSink::write(Chunk&& chunk) {
  if (driver_->health().failed()) return driver_->health();
  if (!replay_) WEIR_TRY(keep_dense(chunk));
  const std::uint64_t most = exact_bytes_ ? *exact_bytes_ : plan_.capacity_bytes;
  if (chunk.size() > most - taken_bytes_) {
    if (exact_bytes_) {
      refuse(Status(Kind::source_changed, fmt::format("the source has more than the {} bytes it had at first", most)));
    } else {
      refuse(too_long(taken_bytes_, "were accepted"));
    }
    return {};  // ready() and close() report it once nothing is left behind
  }
  taken_bytes_ += chunk.size();
  while (!chunk.empty()) {
    const std::size_t room =
        static_cast<std::size_t>(std::min<std::uint64_t>(current_length() - filled_bytes_, chunk.size()));
    append(chunk.slice(0, room));
    chunk = chunk.slice(room);
    if (filled_bytes_ == current_length()) hand_over();
  }
  return {};
}

Result<Receipt> UploadSink::close() {
  if (!std::exchange(closing_, true)) {
    if (exact_bytes_ && taken_bytes_ != *exact_bytes_ && (!replay_ || observed_)) {
      refuse(Status(Kind::source_changed,
                    fmt::format("the source ended after {} of {} bytes", taken_bytes_, *exact_bytes_)));
    } else if (!replay_ || observed_) {
      if (filled_bytes_ > 0) hand_over();
      driver_->end_of_input();
    }
  }
  const auto outcome = driver_->outcome();
  if (!outcome) return Status::pending();
  if (!outcome->ok()) return outcome->status();
  return receipt_of(**outcome);
}

void UploadSink::abort() {
  // What came of a producer that failed is of use to the next run.
  if (spools_ && spool_->source_failed()) return suspend();
  chunks_.clear();
  if (Status why = marks_ ? marks_->difference() : Status(); driver_ && why.failed()) {
    return driver_->leave(std::move(why));
  }
  if (driver_) driver_->cancel();
}

void UploadSink::suspend() {
  chunks_.clear();
  if (driver_) driver_->suspend();
}

Status UploadSink::stopped() {
  if (!driver_) return {};
  const auto outcome = driver_->outcome();
  if (!outcome) return Status::pending();
  Status left = outcome->status();
  const auto offset = spools_ && records_ && driver_->may_go_on() ? spool_->next_offset() : std::nullopt;
  if (offset) left.add_advice(fmt::format("The producer will be asked to go on from byte {}.", *offset));
  return left.error().advice.empty() ? Status() : left;  // advice: the machine's word on what is left
}

void UploadSink::tell(Progress& progress) const {
  if (!driver_) return;
  const transfer::UploadProgress made = driver_->progress();
  const UploadDriver::Sent sent = driver_->sent();
  const Profile& profile = target_->profile();
  const auto outcome = profile.durability == Durability::whole ? driver_->outcome() : std::nullopt;
  const bool kept = profile.durability == Durability::part || (outcome && outcome->ok());
  progress.bytes_sent = std::max(sent.total, made.bytes_acked - made.bytes_resumed);
  progress.bytes_resumed = made.bytes_resumed;
  progress.bytes_earlier = made.bytes_earlier;
  progress.bytes_durable = kept ? made.bytes_acked : 0;
  progress.concurrency = made.concurrency;
  progress.retries_by_cause += made.retries;
  if (exact_bytes_ && !plan_.grows()) {
    const std::uint64_t parts = (*exact_bytes_ + plan_.part_bytes - 1) / plan_.part_bytes;
    progress.parts_total = static_cast<std::uint32_t>(std::max<std::uint64_t>(parts, 1));
  }
  if (spools_) progress.bytes_done += skipped_bytes_;
  // Where a tap has seen it all, or nobody has, what is sent is how far it is.
  if (replay_) progress.bytes_done = std::min(made.bytes_acked + sent.under_way, *exact_bytes_);
}

/// The length of the part that is being filled, as far as it is known.
std::uint64_t UploadSink::current_length() const {
  const auto earlier = earlier_lengths_.find(offset_);
  const std::uint64_t length = earlier != earlier_lengths_.end() ? earlier->second : plan_.part_length(offset_);
  return exact_bytes_ ? std::min(length, *exact_bytes_ - offset_) : length;
}

void UploadSink::append(Chunk chunk) {
  if (takes_crc()) crc_ = crc64nvme(crc_, chunk.bytes());
  filled_bytes_ += chunk.size();
  if (replay_) return;
  ends_dense_ = false;
  if (chunks_.empty() || !chunks_.back().join(chunk)) chunks_.push_back(std::move(chunk));
}

/// A part waits for its end, and what it waits for may need the memory that its beginning keeps: where little is left
/// of a slab, that little is copied and the slab let go. pending: not yet, for want of memory.
Status UploadSink::keep_dense(const Chunk& next) {
  if (chunks_.empty() || ends_dense_ || chunks_.back().shares(next)) return {};
  std::size_t first = chunks_.size();
  std::size_t bytes = 0;
  while (first > 0 && chunks_[first - 1].shares(chunks_.back())) bytes += chunks_[--first].size();
  if (bytes >= chunks_.back().kept_bytes() / 8 * 7) return {};
  if (dense_.free().size() < bytes) {
    WEIR_ASSIGN(dense_, context_->budget->acquire(std::max(bytes, kSliceBytes), context_->wake));
  }
  std::size_t filled = 0;
  for (std::size_t i = first; i < chunks_.size(); ++i) {
    std::memcpy(dense_.free().data() + filled, chunks_[i].data(), chunks_[i].size());
    filled += chunks_[i].size();
  }
  chunks_.resize(first);
  Chunk copied = dense_.take(filled);
  if (chunks_.empty() || !chunks_.back().join(copied)) chunks_.push_back(std::move(copied));
  ends_dense_ = true;
  return {};
}

void UploadSink::hand_over() {
  ReadyPart part;
  part.number = number_++;
  part.offset = offset_;
  part.length = filled_bytes_;
  if (takes_crc()) part.crc64nvme = crc_;
  part.last = closing_ || (exact_bytes_ && offset_ + filled_bytes_ == *exact_bytes_);
  offset_ += std::exchange(filled_bytes_, 0);
  crc_ = 0;
  // Less is soon made again.
  const bool worth_a_word = !part.last && (!syncs_ || offset_ >= kWorthRecordingBytes);
  const std::string again = worth_a_word ? std::exchange(made_again_, {}) : std::string();
  if (!again.empty() && options_.on_notice) options_.on_notice(again);
  driver_->part_ready(part, std::exchange(chunks_, {}));
}

void UploadSink::hand_over_all() {
  while (offset_ < *exact_bytes_) {
    ReadyPart part;
    part.number = number_++;
    part.offset = offset_;
    part.length = current_length();
    offset_ += part.length;
    part.last = offset_ == *exact_bytes_;
    driver_->part_ready(part, {});
  }
  driver_->end_of_input();
}

void UploadSink::refuse(Status reason) {
  chunks_.clear();
  if (!spools_) {
    reason.advise(reason.kind() == Kind::limit
                      ? "Nothing is stored. Upload it again with a larger part size, or say how long it will be."
                      : "Upload it again when nothing writes to it.");
  }
  driver_->fail(reason.during("upload to " + target_->url()).at(taken_bytes_));
}

Status UploadSink::too_long(std::uint64_t bytes, const char* what) const {
  return Status(Kind::limit,
                fmt::format("{} bytes {}, and {} parts of {} to {} bytes hold {} bytes at most", bytes, what,
                            plan_.max_parts, plan_.part_bytes, plan_.largest_part_bytes, plan_.capacity_bytes));
}

Receipt UploadSink::receipt_of(const transfer::UploadProof& proof) const {
  Receipt receipt;
  receipt.bytes_read = proof.bytes;
  receipt.bytes_acked = driver_->progress().bytes_acked;
  receipt.bytes_stored = proof.stored.length;
  receipt.destination = target_->url();
  receipt.etag = proof.stored.etag;
  if (proof.crc64nvme) receipt.checksum = "crc64nvme:" + crc64nvme_base64(*proof.crc64nvme);
  receipt.in_file = !target_->profile().vouches;
  receipt.checksum_verified = proof.verified && !receipt.in_file;
  receipt.parts = proof.parts;
  receipt.bytes_resumed = driver_->progress().bytes_resumed;
  receipt.bytes_skipped = skipped_bytes_;
  receipt.retries = driver_->progress().retries.total();
  receipt.duration_ns = static_cast<std::uint64_t>(platform::platform().monotonic_ns() - started_ns_);
  return receipt;
}

}  // namespace

std::unique_ptr<Sink> upload_to(std::shared_ptr<Target> target, UploadOptions options) {
  return std::make_unique<UploadSink>(std::move(target), std::move(options));
}

}  // namespace weir
