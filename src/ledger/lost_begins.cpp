#include "ledger/lost_begins.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "ledger/wait_for.hpp"

namespace weir::ledger {
namespace {

constexpr std::uint32_t kAskAttempts = 8;
/// So many uploads to one object at one time are somebody else's work.
constexpr std::size_t kMostLookedAt = 16;

bool may_be_of_any(const std::vector<LostBegin>& begins, std::int64_t begun_unix) {
  return std::any_of(begins.begin(), begins.end(), [&](const auto& begin) { return may_be_of(begin, begun_unix); });
}

/// What the ledger knows of a place, asked after the store has told what it has: whatever it told was noted before.
struct Known {
  std::set<std::string> ids;
  std::vector<LostBegin> of_others;  ///< begins of other jobs to the same place
};

Result<Known> known_of(Ledger& ledger, const JobRecord& job) {
  WEIR_ASSIGN(const auto jobs, ledger.jobs());
  Known known;
  for (const JobRecord& other : jobs) {
    known.ids.insert(other.upload_id);
    if (other.id == job.id || other.place != job.place) continue;
    known.of_others.insert(known.of_others.end(), other.begins.begin(), other.begins.end());
  }
  return known;
}

/// One look at the store, and what follows from it.
class Look {
 public:
  Look(Ledger& ledger, const JobRecord& job, const std::vector<LostBegin>& begins, const std::string& own_id,
       Target& target)
      : ledger_(ledger), job_(job), begins_(begins), own_id_(own_id), target_(target) {}

  /// Those that are ours; empty where there are none, or `swept` has a doubt.
  std::vector<std::string> find(Swept& swept) {
    const auto open =
        wait_for<OpenHere>(kAskAttempts, [this](auto done) { (void)target_.open_uploads(std::move(done)); });
    if (!open) return failed(open.status(), swept), std::vector<std::string>();
    auto known = known_of(ledger_, job_);
    if (!known) return failed(known.status(), swept), std::vector<std::string>();
    known->ids.insert(own_id_);
    // By our clock: a begin was noted by it.
    const std::int64_t ahead = open->now_unix == 0 ? 0 : open->now_unix - platform::unix_seconds();
    std::vector<std::string> ids;
    std::vector<std::int64_t> times;
    std::size_t looked_at = 0;
    for (const OpenUpload& upload : open->uploads) {
      const std::int64_t begun = upload.begun_unix - ahead;
      if (known->ids.contains(upload.id)) continue;
      if (upload.begun_unix != 0 && !may_be_of_any(begins_, begun)) continue;
      if (++looked_at > kMostLookedAt) return doubt("it has many of that time", swept);
      const auto parts = wait_for<std::vector<PartReceipt>>(
          kAskAttempts, [&](auto done) { (void)target_.list_parts(upload.id, std::move(done)); });
      if (!parts && parts.status().kind() == Kind::not_found) continue;
      if (!parts) return failed(parts.status(), swept), std::vector<std::string>();
      if (!parts->empty()) continue;  // somebody's who has learned its id
      if (upload.begun_unix == 0) return doubt("the store does not say when an upload was begun", swept);
      if (may_be_of_any(known->of_others, begun)) return doubt("another job began one at that time", swept);
      ids.push_back(upload.id);
      times.push_back(begun);
    }
    if (!each_has_a_begin(times, begins_)) return doubt("it has others of that time, which may be anybody's", swept);
    return ids;
  }

 private:
  static std::vector<std::string> doubt(std::string why, Swept& swept) {
    swept.doubt = std::move(why);
    return {};
  }
  static void failed(const Status& status, Swept& swept) {
    swept.doubt = status.error().cause;
    // Who may not ask, or whom, will not be told another time either.
    const bool never = status.kind() == Kind::unsupported || status.kind() == Kind::access_denied;
    if (!never) swept.failure = status;
  }

  Ledger& ledger_;
  const JobRecord& job_;
  const std::vector<LostBegin>& begins_;
  const std::string& own_id_;
  Target& target_;
};

}  // namespace

/// Each in the order of time takes, of the begins that it may be of, the one that none later may be of first: all have
/// the same length, so that is the earliest.
bool each_has_a_begin(std::vector<std::int64_t> times_unix, std::vector<LostBegin> begins) {
  std::sort(times_unix.begin(), times_unix.end());
  std::sort(begins.begin(), begins.end(), [](const auto& a, const auto& b) { return a.at_unix < b.at_unix; });
  for (const std::int64_t time : times_unix) {
    const auto found =
        std::find_if(begins.begin(), begins.end(), [&](const LostBegin& begin) { return may_be_of(begin, time); });
    if (found == begins.end()) return false;
    begins.erase(found);
  }
  return true;
}

Swept remove_lost(Ledger& ledger, const JobRecord& job, const std::vector<LostBegin>& begins,
                  const std::vector<LostBegin>& killed, const std::string& own_id, Target& target) {
  Swept swept;
  if (begins.empty()) return swept;
  Look look(ledger, job, begins, own_id, target);
  std::vector<std::string> ids = look.find(swept);
  std::int64_t settled = 0;
  for (const LostBegin& begin : killed) settled = std::max(settled, begin.at_unix + kSettlesSeconds);
  const std::int64_t wait = std::min(settled - platform::unix_seconds(), kSettlesSeconds);  // clocks jump
  if (swept.doubt.empty() && ids.size() < begins.size() && wait > 0) {
    std::this_thread::sleep_for(std::chrono::seconds(wait));
    ids = look.find(swept);
  }
  for (const std::string& id : ids) {
    const auto gone = wait_for<Target::None>(kAskAttempts, [&](auto done) { (void)target.abort(id, std::move(done)); });
    if (!gone) {
      swept.doubt = gone.status().error().cause;
      swept.failure = gone.status();
      return swept;
    }
    ++swept.removed;
  }
  return swept;
}

std::string perhaps_left(const std::string& destination, const std::string& doubt) {
  return fmt::format(
      "a run was stopped as it began an upload to {}, and the store may have one of it that is recorded nowhere ({}): "
      "weir rm --incomplete removes such uploads once they are a day old",
      destination, doubt);
}

}  // namespace weir::ledger
