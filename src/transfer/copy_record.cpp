#include "transfer/copy_record.hpp"

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <set>
#include <utility>

#include "platform/platform.hpp"
#include "store/local_store.hpp"
#include "transfer/named.hpp"
#include "weir/core/units.hpp"

namespace weir::transfer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kItemsAtOnce = 1000;
constexpr std::size_t kMostWaiting = 256;
constexpr std::uint64_t kMostWaitingBytes = 16 * kMiB;
constexpr auto kMostWait = std::chrono::milliseconds(250);

/// As it will be found again from another directory. No secrets.
std::string whole_name(const std::string& name) {
  const bool is_path = name.find(':') >= name.find('/');
  char here[PATH_MAX];
  if (!is_path || name.starts_with('/') || ::getcwd(here, sizeof here) == nullptr) return named(name);
  return std::string(here) + "/" + name;
}

}  // namespace

/// None where the destination cannot be found again. What is stored with other options is another job's; the sources
/// and rules are only a name: what they bring is compared item by item.
std::optional<JobRecord> CopyRecord::job_of(const std::vector<std::string>& sources,
                                            const CopyDestination& destination) const {
  JobRecord job;
  for (const std::string& source : sources)
    job.source.name += (job.source.name.empty() ? "" : ", ") + whole_name(source);
  for (const FilterRule& rule : options_.filters) {
    job.source.name += fmt::format(" --{} {}", rule.include ? "include" : "exclude", rule.pattern);
  }
  const CopyEnd& to = destination.to;
  job.destination = to.store->url(destination.base);
  std::string place;
  if (to.local != nullptr) {
    job.destination = to.directory + (to.directory.ends_with('/') ? "" : "/") + destination.base;
    place = "file " + job.destination;
  } else {
    const std::string key = destination.base.empty() ? "*" : destination.base;
    const auto identity = to.store->target(key, options_.endpoint.object)->identity();
    if (!identity) return {};
    place = identity->place;
    job.fingerprint = identity->fingerprint;
  }
  job.place = JobRecord::kManyPrefix + place;
  job.source.inode = 1 + platform::random_below(INT64_MAX);  // marks the temporary files of this copy
  job.resume_hint = options_.endpoint.upload.resume_hint;
  return job;
}

Status CopyRecord::begin(const std::vector<std::string>& sources, const CopyDestination& destination) {
  const UploadOptions& upload = options_.endpoint.upload;
  if (!upload.ledger || options_.dry_run || options_.update != CopyUpdate::none) return {};
  if (destination.to.local != nullptr && !options_.endpoint.durable) return {};  // after power loss it may be empty
  std::optional<JobRecord> wanted = job_of(sources, destination);
  if (!wanted) return {};
  auto claim = upload.ledger->claim(*wanted);
  if (!claim.ok()) return claim.status().kind() == Kind::unavailable ? claim.status() : Status();
  if (!upload.resume) {
    (*claim)->finished();
    return {};
  }
  const JobRecord found = (*claim)->record();
  wanted->source.inode = found.source.inode;
  if (found.fingerprint != wanted->fingerprint && !(*claim)->start(*wanted).ok()) return {};
  goes_on_ = found.fingerprint == wanted->fingerprint && found.items_stored > 0;
  named_ = goes_on_;
  if (destination.to.local != nullptr) mark_files(*destination.to.local, found);
  claim_ = *std::move(claim);
  handed_over_ = Clock::now();
  if (goes_on_ && upload.on_notice) {
    upload.on_notice(
        fmt::format("going on: of this copy {} files ({}) were stored before, and those that still are the "
                    "same here and there are not copied again",
                    found.items_stored, format_size(found.bytes_stored)));
  }
  return {};
}

/// Small files under way are recorded nowhere: their names tell what a kill has left of them. Large ones are.
void CopyRecord::mark_files(store::LocalStore& local, const JobRecord& found) const {
  std::set<std::string> kept;
  const auto jobs = options_.endpoint.upload.ledger->jobs();
  for (const JobRecord& job : jobs.ok() ? *jobs : std::vector<JobRecord>()) kept.insert(job.upload_id);
  local.belongs_to(found.source.inode, jobs.ok(), std::move(kept));
}

std::optional<ItemRecord> CopyRecord::find(const std::string& key) {
  if (!goes_on_) return {};
  const std::lock_guard lock(page_mutex_);
  const bool in_page =
      page_read_ && key >= page_from_ && (page_is_last_ || (!page_.empty() && key <= page_.back().key));
  if (!in_page) {
    auto page = claim_->items(key, kItemsAtOnce);
    page_read_ = true;
    page_from_ = key;
    page_is_last_ = !page.ok() || page->size() < kItemsAtOnce;
    page_ = page.ok() ? *std::move(page) : std::vector<ItemRecord>();
  }
  const auto found =
      std::lower_bound(page_.begin(), page_.end(), key,
                       [](const ItemRecord& item, const std::string& wanted) { return item.key < wanted; });
  if (found == page_.end() || found->key != key) return {};
  return *found;
}

void CopyRecord::stored(ItemRecord item) {
  if (!claim_) return;
  const std::lock_guard lock(mutex_);
  waiting_bytes_ += item.bytes;
  waiting_.push_back(std::move(item));
  const bool due = waiting_.size() >= kMostWaiting || waiting_bytes_ >= kMostWaitingBytes ||
                   Clock::now() - handed_over_ >= kMostWait;
  if (due) hand_over();
}

/// With the mutex held.
void CopyRecord::hand_over() {
  handed_over_ = Clock::now();
  if (waiting_.empty()) return;
  if (!std::exchange(named_, true)) claim_->upload_begun("many", nullptr);  // from now on it is listed
  waiting_bytes_ = 0;
  claim_->items_stored(std::exchange(waiting_, {}));
}

void CopyRecord::end(bool whole) {
  if (!claim_) return;
  const std::lock_guard lock(mutex_);
  if (!whole) hand_over();
  if (whole || !named_) claim_->finished();
  claim_.reset();
  (void)options_.endpoint.upload.ledger->flush();
}

}  // namespace weir::transfer
