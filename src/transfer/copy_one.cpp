#include "transfer/copy_one.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include "platform/platform.hpp"
#include "store/local_store.hpp"
#include "transfer/copy_kept.hpp"
#include "transfer/request_bytes.hpp"
#include "weir/codec/checksum.hpp"
#include "weir/codec/digest.hpp"
#include "weir/core/units.hpp"
#include "weir/stages/null.hpp"

namespace weir::transfer {
namespace {

constexpr std::uint64_t kPartsOfOne = 4;
/// What a stream keeps beside the bytes of a small object: slabs that are not full.
constexpr std::uint64_t kStreamBytes = 3 * kSliceBytes;
/// Up to here a file costs more in steps than in bytes, and all of them are on one thread.
constexpr std::uint64_t kSmallBytes = 1 * kMiB;
/// A file that was written just before it was read may be written once more in the same tick of its file system's
/// clock: its time does not tell. The coarsest (FAT) ticks every two seconds.
constexpr std::int64_t kTickSeconds = 2;

bool may_change_unseen(const ObjectInfo& file) {
  return platform::platform().realtime_ns() / 1'000'000'000 - file.modified_unix <= kTickSeconds;
}

constexpr const char* kThereAlready = "it is there already";

void skip(CopyItem& item, std::string reason) {
  item.status = {};
  item.outcome = CopyOutcome::skipped;
  item.reason = std::move(reason);
}

class Share {
 public:
  Share(CopyShares& shares, std::uint64_t bytes)
      : shares_(shares), bytes_(shares.take(static_cast<std::size_t>(std::min<std::uint64_t>(bytes, shares.all())))) {}
  ~Share() { shares_.give_back(bytes_); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  std::size_t bytes() const noexcept { return bytes_; }

 private:
  CopyShares& shares_;
  const std::size_t bytes_;
};

class OneCopy {
 public:
  OneCopy(const CopyTask& task, const CopySurroundings& around)
      : task_(task), around_(around), from_(task.source->from), to_(around.destination.to), here_(task.object) {}

  Status run(CopyItem& item);

 private:
  Result<ObjectInfo> look_here();
  Result<std::optional<ObjectInfo>> look_there();
  Result<bool> is_there();
  Result<bool> is_stored();
  Result<bool> is_kept();
  Result<bool> is_taken();
  void record(const CopyItem& item);
  Result<std::string> checksum_of(const CopyEnd& end, const std::string& key, const ObjectInfo& info);
  Status is_other_file() const;
  Result<ObjectInfo> copy_inside();
  Result<bool> copied_inside(CopyItem& item);
  Result<Receipt> stream();
  Result<ObjectOptions> object_options();
  Result<std::unique_ptr<Source>> open_source();
  std::uint64_t memory_for(bool replays) const;
  Result<Receipt> run_job(Pipeline pipeline, std::size_t budget_bytes);

  const CopyTask& task_;
  const CopySurroundings& around_;
  const CopyEnd& from_;
  const CopyEnd& to_;
  std::uint64_t size_ = 0;
  std::optional<ObjectInfo> looked_;  ///< look_here()'s
  CopyThere::Seen here_;              ///< the source, as far as it was looked at
  std::uint64_t sent_ = 0;            ///< object_tag() of what was read of it; 0: nothing tells
};

/// The CRC64NVME that the store has, or for a file that of its bytes, in base64; empty where it is not known.
Result<std::string> OneCopy::checksum_of(const CopyEnd& end, const std::string& key, const ObjectInfo& info) {
  if (end.local == nullptr) return info.crc64nvme ? crc64nvme_base64(*info.crc64nvme) : std::string();
  const Share share(around_.shares, kMinBudgetBytes);
  WEIR_ASSIGN(store::LocalObject opened, end.local->open(key));
  auto source = end.local->source(std::move(opened));
  WEIR_ASSIGN(const Receipt receipt,
              run_job(From(std::move(source)) | crc64nvme_digest() | To(null()), kMinBudgetBytes));
  return receipt.facts.at("crc64nvme");
}

/// What the source is, asked once.
Result<ObjectInfo> OneCopy::look_here() {
  if (!looked_) {
    WEIR_ASSIGN(looked_, from_.store->head(task_.key));
  }
  return *looked_;
}

/// What the destination has under that key: as it was listed where that will do, else it is asked.
Result<std::optional<ObjectInfo>> OneCopy::look_there() {
  const auto& [known, listed] = task_.there;
  const bool will_do = around_.options.update != CopyUpdate::checksum || !listed || listed->size != size_;
  if (known && will_do) {
    if (!listed) return std::optional<ObjectInfo>();
    ObjectInfo info;
    info.size = listed->size;
    info.modified_unix = listed->modified_unix;
    return std::optional(info);
  }
  auto there = to_.store->head(task_.destination_key);
  if (there) return std::optional(*std::move(there));
  if (there.status().kind() == Kind::not_found) return std::optional<ObjectInfo>();
  return there.status();
}

/// Whether the destination has it already, in the sense of CopyOptions::update.
Result<bool> OneCopy::is_there() {
  WEIR_ASSIGN(const std::optional<ObjectInfo> there, look_there());
  if (!there) return false;
  ObjectInfo here;
  if (!task_.listed || around_.options.update == CopyUpdate::checksum) {
    WEIR_ASSIGN(here, look_here());
  } else {
    here.size = task_.object.size;
    here.modified_unix = task_.object.modified_unix;
  }
  if (here.size != there->size) return false;
  if (around_.options.update == CopyUpdate::size_and_time) return there->modified_unix >= here.modified_unix;
  WEIR_ASSIGN(const std::string theirs, checksum_of(to_, task_.destination_key, *there));
  if (theirs.empty()) return false;
  WEIR_ASSIGN(const std::string ours, checksum_of(from_, task_.key, here));
  return ours == theirs;
}

/// Whether an earlier run has stored it, and neither it nor what was stored has changed.
Result<bool> OneCopy::is_stored() {
  const std::optional<ItemRecord> recorded = around_.record.find(task_.destination_key);
  if (!recorded) return false;
  if (here_.tag == 0) {
    WEIR_ASSIGN(const ObjectInfo info, look_here());
    here_ = CopyThere::Seen::of(info);
    size_ = here_.size;
  }
  if (here_.state() != recorded->source) return false;
  const auto& [known, listed] = task_.there;
  if (known && (!listed || listed->tag != 0)) return listed && listed->tag == recorded->stored;
  const auto there = to_.store->head(task_.destination_key);
  if (there) return object_tag(there->size, there->etag) == recorded->stored;
  if (there.status().kind() == Kind::not_found) return false;
  return there.status();
}

/// A file may have two names; writing it would then replace what is read.
Status OneCopy::is_other_file() const {
  if (from_.local == nullptr || to_.local == nullptr) return {};
  const auto ours = from_.store->head(task_.key);
  const auto theirs = to_.store->head(task_.destination_key);
  if (!ours || !theirs || ours->etag != theirs->etag) return {};
  return Status(Kind::invalid_argument, "both are the same file").advise("Nothing was changed.");
}

/// The store's own copy, waited for; cancelled with the whole.
Result<ObjectInfo> OneCopy::copy_inside() {
  const auto made = std::make_shared<std::promise<Result<ObjectInfo>>>();
  auto answer = made->get_future();
  around_.copying(&task_, to_.store->copy(task_.source_url(), task_.destination_key, around_.options.endpoint.object,
                                          [made](Result<ObjectInfo> result) { made->set_value(std::move(result)); }));
  auto result = answer.get();
  around_.copying(&task_, nullptr);
  return result;
}

/// False where the store cannot, or not from there.
Result<bool> OneCopy::copied_inside(CopyItem& item) {
  if (from_.scheme != to_.scheme || to_.local != nullptr || !to_.store->abilities().copy) return false;
  const auto made = copy_inside();
  if (!made && made.status().kind() == Kind::unsupported) return false;
  if (!made) return made.status();
  if (task_.listed && made->size != task_.object.size) {
    return Status(Kind::source_changed,
                  fmt::format("it had {} when it was listed, the copy has {}", format_exact_size(task_.object.size),
                              format_exact_size(made->size)));
  }
  item.inside_store = true;
  item.bytes = made->size;
  item.receipt.bytes_stored = item.receipt.bytes_acked = item.receipt.bytes_read = made->size;
  item.receipt.destination = item.destination;
  item.receipt.etag = made->etag;
  sent_ = here_.tag;  // it read what it had found under that name, in the state that its time tells too
  return true;
}

/// What the source is stored with goes along where both stores have it, unless something else is asked for.
Result<ObjectOptions> OneCopy::object_options() {
  const ObjectOptions& object = around_.options.endpoint.object;
  const Abilities& there = to_.store->abilities();
  if (from_.local != nullptr || !(there.headers || there.content_type || there.metadata)) return object;
  WEIR_ASSIGN(const ObjectInfo info, look_here());
  KeptOptions kept = kept_options(*to_.store, object, info);
  const auto& notice = around_.options.endpoint.upload.on_notice;
  if (!kept.left.empty() && notice) {
    notice(fmt::format("{} cannot keep {} of the source's objects: copied without", to_.store->url(""),
                       fmt::join(kept.left, ", ")));
  }
  return std::move(kept.options);
}

Result<std::unique_ptr<Source>> OneCopy::open_source() {
  if (from_.local != nullptr) {
    WEIR_ASSIGN(store::LocalObject opened, from_.local->open(task_.key));
    here_ = CopyThere::Seen::of(opened.info);
    sent_ = may_change_unseen(opened.info) ? 0 : here_.tag;
    return from_.local->source(std::move(opened));
  }
  DownloadOptions options = around_.options.endpoint.download;
  if (options.concurrency == 0 && !around_.alone) options.concurrency = static_cast<std::uint32_t>(kPartsOfOne);
  return download_from(from_.store->origin(task_.key), options);
}

std::uint64_t OneCopy::memory_for(bool replays) const {
  if (around_.alone) return around_.shares.all();
  const std::uint64_t parts = std::min(size_ / (8 * kMiB) + 1, kPartsOfOne);
  if (replays) return parts * kRequestBytes;
  if (size_ < 2 * kMiB) return size_ + kStreamBytes + kRequestBytes;
  // As much as it can use, and room for a second one beside it.
  const std::uint64_t most = std::max<std::uint64_t>(around_.shares.all() / 2, kMinBudgetBytes);
  return std::clamp<std::uint64_t>(size_ + 4 * kMiB, kMinBudgetBytes, most);
}

Result<Receipt> OneCopy::run_job(Pipeline pipeline, std::size_t budget_bytes) {
  JobOptions options;
  options.budget_bytes = std::max(budget_bytes, kMinBudgetBytes);
  options.executor = around_.options.executor;
  const bool small = around_.own && size_ <= kSmallBytes;
  if (small) options.executor = around_.own;
  Job job = start(std::move(pipeline), options);
  around_.running(&task_, &job);
  if (small) around_.own->run_until([&job] { return job.wait_for(std::chrono::nanoseconds(0)).has_value(); });
  auto result = job.wait();
  around_.running(&task_, nullptr);
  return result;
}

Result<Receipt> OneCopy::stream() {
  WEIR_ASSIGN(const ObjectOptions object, object_options());
  WEIR_TRY(is_other_file());
  if (!task_.listed) {
    WEIR_ASSIGN(const ObjectInfo info, look_here());
    here_ = CopyThere::Seen::of(info);
    size_ = info.size;
  }
  // What memory_for() counts with: among many files it is the files that go several at once.
  UploadOptions upload = around_.options.endpoint.upload;
  if (upload.concurrency == 0 && !around_.alone) upload.concurrency = static_cast<std::uint32_t>(kPartsOfOne);
  if (from_.local == nullptr && to_.local != nullptr) upload.limiter = nullptr;  // limited where they come in
  const auto target = to_.store->target(task_.destination_key, object);
  const bool replays = from_.local != nullptr && !target->profile().replay_needs_memory;
  const Share share(around_.shares, memory_for(replays));
  if (around_.stopping()) return Status(Kind::cancelled, "the copy was cancelled");
  WEIR_ASSIGN(auto source, open_source());
  auto receipt = run_job(From(std::move(source)) | To(upload_to(target, std::move(upload))), share.bytes());
  if (receipt && from_.local == nullptr) {
    const auto etag = receipt->facts.find("source_etag");
    if (etag != receipt->facts.end()) sent_ = object_tag(receipt->bytes_read, etag->second);
  }
  return receipt;
}

/// Written down is only what was read from the very source that was looked at.
void OneCopy::record(const CopyItem& item) {
  if (!around_.record.records() || here_.tag == 0 || sent_ != here_.tag) return;
  ItemRecord stored;
  stored.key = task_.destination_key;
  stored.bytes = item.bytes;
  stored.source = here_.state();
  stored.stored = object_tag(item.bytes, item.receipt.etag);
  if (stored.stored != 0) around_.record.stored(std::move(stored));
}

/// Whether it is not to be copied, since the destination has it.
Result<bool> OneCopy::is_kept() {
  if (around_.options.update != CopyUpdate::none) return is_there();
  return around_.record.goes_on() ? is_stored() : false;
}

/// Whether there is something that must stay, so that nothing need be sent. One that was named is an error, also of a
/// dry run; in the copy itself the destination says so.
Result<bool> OneCopy::is_taken() {
  if (!around_.options.endpoint.object.no_clobber || (around_.alone && !around_.options.dry_run)) return false;
  const auto there = look_there();
  // Left to the write: a link or a device in a file's place, and a store that lets nobody look.
  const Kind kind = there.status().kind();
  const bool left = kind == Kind::access_denied || (to_.local != nullptr && kind == Kind::invalid_argument);
  if (!there && (!left || around_.options.dry_run)) return there.status();
  const bool taken = there && *there;
  if (!taken || !around_.alone) return taken;
  return Status(Kind::already_exists, "there is an object already").advise("What is there stays as it is.");
}

Status OneCopy::run(CopyItem& item) {
  item.bytes = size_ = task_.object.size;
  WEIR_ASSIGN(const bool kept, is_kept());
  if (kept) {
    item.bytes = size_;
    item.outcome = CopyOutcome::kept;
    return {};
  }
  WEIR_ASSIGN(const bool taken, is_taken());
  if (taken) {
    skip(item, kThereAlready);
    return {};
  }
  if (around_.options.dry_run) {
    item.outcome = CopyOutcome::planned;
    return {};
  }
  WEIR_ASSIGN(const bool inside, copied_inside(item));
  if (!inside) {
    WEIR_ASSIGN(item.receipt, stream());
    item.bytes = item.receipt.bytes_stored;
  }
  item.outcome = CopyOutcome::copied;
  record(item);
  return {};
}

}  // namespace

CopyItem copy_one(const CopyTask& task, const CopySurroundings& around) {
  CopyItem item;
  item.source = task.source_url();
  item.bytes = task.object.size;
  if (task.source && !task.destination_key.empty()) {
    item.destination = around.destination.to.store->url(task.destination_key);
  }
  item.status = task.refused;
  if (task.skipped) {
    item.destination.clear();
    skip(item, task.refused.error().cause);
    return item;
  }
  const bool tried = item.status.ok();
  if (tried) item.status = OneCopy(task, around).run(item);
  if (item.status.ok()) return item;
  // It has appeared since it was looked for.
  const bool keeps = around.options.endpoint.object.no_clobber && !around.alone;
  if (tried && keeps && item.status.kind() == Kind::already_exists) {
    skip(item, kThereAlready);
    return item;
  }
  item.outcome = CopyOutcome::failed;
  item.status.during(item.destination.empty() ? "copy " + item.source
                                              : fmt::format("copy {} to {}", item.source, item.destination));
  return item;
}

}  // namespace weir::transfer
