#include "ledger/sqlite_ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "ledger/begun_rows.hpp"
#include "ledger/file_parts.hpp"
#include "ledger/item_rows.hpp"
#include "ledger/job_claim.hpp"
#include "ledger/mark_rows.hpp"
#include "ledger/rows.hpp"
#include "ledger/schema.hpp"
#include "ledger/spool_file.hpp"
#include "ledger/state_dir.hpp"
#include "weir/core/executor.hpp"

namespace weir::ledger {
namespace {

/// A job that ends just when it is asked for is asked for again.
constexpr int kTries = 10;
/// Between two commits while much is noted. What a kill takes of that the server knows, or is sent again.
constexpr std::chrono::milliseconds kGroup{50};

}  // namespace

std::int64_t now_unix() { return platform::platform().realtime_ns() / 1'000'000'000; }

Result<std::shared_ptr<Ledger>> SqliteLedger::open(LedgerOptions options) {
  WEIR_ASSIGN(Database database, open_database(options.state_dir));
  std::string path = database.path();
  const std::string locks_path = path.substr(0, path.rfind('/')) + "/ledger.lock";
  WEIR_TRY(prepare_state_file(locks_path));
  WEIR_ASSIGN(auto locks, platform::open_file(locks_path, O_RDWR | O_NOFOLLOW, 0, "open"));
  return std::shared_ptr<Ledger>(
      std::make_shared<SqliteLedger>(std::move(options), std::move(path), std::move(database), std::move(locks)));
}

SqliteLedger::~SqliteLedger() {
  Told told;
  (void)write_waiting(told);
  for (const auto& tell : told) tell();
}

// --- what waits to be written ---

void SqliteLedger::later(Work work, std::function<void(Status)> done) {
  queue({std::move(work), std::move(done), 0}, false);
}

void SqliteLedger::at_once(Work work, std::function<void(Status)> done) {
  queue({std::move(work), std::move(done), 0}, true);
}

void SqliteLedger::release(std::int64_t id, std::function<void(Status)> done) {
  queue({[id](Database& database) { return set_owner(database, id, 0); }, std::move(done), id}, true);
}

void SqliteLedger::queue(Write write, bool hurry) {
  std::chrono::nanoseconds delay{0};
  {
    const std::lock_guard lock(queue_mutex_);
    queue_.push_back(std::move(write));
    if (!hurry) {
      if (std::exchange(writing_soon_, true)) return;
      delay = next_commit_ - std::chrono::steady_clock::now();
    }
  }
  const auto pool = Executor::default_pool();
  if (delay <= delay.zero()) {
    pool->post_blocking([self = shared_from_this()] { (void)self->flush(); });
    return;
  }
  // So that a commit carries what came since the last one, not a part each. A ledger that goes by then has written all.
  pool->post_after(delay, [pool, weak = weak_from_this()] {
    if (auto self = weak.lock()) pool->post_blocking([self = std::move(self)] { (void)self->flush(); });
  });
}

Status SqliteLedger::flush() {
  Told told;
  Status status;
  {
    const std::lock_guard lock(mutex_);
    status = write_waiting(told);
  }
  for (const auto& tell : told) tell();
  return status;
}

/// All that waits in one transaction. Where that fails none of it is written, and whoever asked is told so.
Status SqliteLedger::write_waiting(Told& told) {
  std::deque<Write> writes;
  {
    const std::lock_guard lock(queue_mutex_);
    writing_soon_ = false;
    writes.swap(queue_);
    if (writes.empty()) return {};
    next_commit_ = std::chrono::steady_clock::now() + kGroup;
  }
  const auto write_all = [&]() -> Status {
    WEIR_ASSIGN(Transaction transaction, Transaction::begin(database_));
    for (const Write& write : writes) WEIR_TRY(write.work(database_));
    return transaction.commit();
  };
  Status status = write_all();
  if (!status.ok()) trouble(status);
  for (Write& write : writes) {
    if (write.releases != 0) unlock(write.releases);
    if (write.done) told.push_back([done = std::move(write.done), status] { done(status); });
  }
  return status;
}

Status SqliteLedger::now(const Work& work) {
  Told told;
  Status status;
  {
    const std::lock_guard lock(mutex_);
    (void)write_waiting(told);
    const auto write = [&]() -> Status {
      WEIR_ASSIGN(Transaction transaction, Transaction::begin(database_));
      WEIR_TRY(work(database_));
      return transaction.commit();
    };
    status = write();
    if (!status.ok()) trouble(status);
  }
  for (const auto& tell : told) tell();
  return status;
}

void SqliteLedger::trouble(const Status& status) {
  {
    const std::lock_guard lock(queue_mutex_);
    if (std::exchange(troubled_, true)) return;
  }
  if (!options_.on_trouble) return;
  options_.on_trouble(fmt::format("{} cannot be written ({}): transfers go on, but after a kill they begin anew", path_,
                                  status.error().cause));
}

// --- claims ---

Result<std::unique_ptr<JobClaim>> SqliteLedger::claim(const JobRecord& wanted) {
  Told told;
  Result<std::unique_ptr<JobClaim>> result = Status(Kind::timeout, "the job comes and goes").during("claim a job");
  {
    const std::lock_guard guard(mutex_);
    (void)write_waiting(told);
    for (int i = 0; i < kTries; ++i) {
      const Result<std::int64_t> id = find_or_insert(wanted);
      bool gone = false;
      result = id.ok() ? take(*id, gone) : Result<std::unique_ptr<JobClaim>>(id.status());
      if (!gone) break;
    }
    if (!result.ok() && result.status().kind() != Kind::unavailable) trouble(result.status());
  }
  for (const auto& tell : told) tell();
  return result;
}

Result<std::unique_ptr<JobClaim>> SqliteLedger::claim(std::int64_t id) {
  Told told;
  bool gone = false;
  Result<std::unique_ptr<JobClaim>> result = Status(Kind::not_found, fmt::format("there is no job {}", id));
  {
    const std::lock_guard guard(mutex_);
    (void)write_waiting(told);
    auto taken = take(id, gone);
    if (!gone) result = std::move(taken);
  }
  for (const auto& tell : told) tell();
  return result;
}

Result<std::int64_t> SqliteLedger::find_or_insert(const JobRecord& wanted) {
  WEIR_ASSIGN(Transaction transaction, Transaction::begin(database_));
  WEIR_ASSIGN(const auto found, find_place(database_, wanted));
  if (found) return *found;
  JobRecord fresh = wanted;
  fresh.upload_id.clear();
  fresh.set_aside = false;
  WEIR_ASSIGN(const std::int64_t id, insert_job(database_, fresh, now_unix()));
  WEIR_TRY(transaction.commit());
  return id;
}

Result<std::unique_ptr<JobClaim>> SqliteLedger::take(std::int64_t id, bool& gone) {
  const auto held = [&]() -> Result<std::unique_ptr<JobClaim>> {
    auto job = find_job(database_, id);
    if (!job.ok() && job.status().kind() == Kind::corrupt) {
      // What was begun cannot be told any more: the row is of no use to anybody.
      WEIR_TRY(remove_job(database_, id));
      (void)platform::platform().unlink(spool_path(id).c_str());
      (void)platform::platform().unlink(written_path(id).c_str());
      gone = true;
      return job.status();
    }
    if (!job.ok()) return job.status();
    gone = !*job;
    if (gone) return Status(Kind::not_found, fmt::format("there is no job {}", id));
    WEIR_TRY(set_owner(database_, id, ::getpid()));
    WEIR_ASSIGN((*job)->parts, parts_of(database_, **job));
    WEIR_ASSIGN((*job)->begins, begun_of(database_, id));
    if ((*job)->is_many()) WEIR_TRY(count_items(database_, **job));
    if (!(*job)->upload_id.empty()) (*job)->written = WrittenFile::read(written_path(id), (*job)->upload_id);
    (*job)->owner_pid = ::getpid();
    return std::unique_ptr<JobClaim>(std::make_unique<SqliteClaim>(shared_from_this(), *std::move(*job)));
  };
  if (!lock(id)) {
    WEIR_ASSIGN(const auto job, find_job(database_, id));
    gone = !job;
    return held_by(job ? job->owner_pid : 0, job ? job->destination : std::string());
  }
  auto claimed = held();
  if (!claimed.ok()) unlock(id);
  return claimed;
}

Status SqliteLedger::held_by(std::int64_t pid, const std::string& destination) const {
  return Status(Kind::unavailable, pid == 0            ? std::string("another process is at this very copy")
                                   : pid == ::getpid() ? std::string("this process is at this very copy already")
                                                       : fmt::format("process {} is at this very copy", pid))
      .during("copy to " + destination)
      .advise("Let it finish, or stop it and run this again.");
}

Result<std::int64_t> SqliteLedger::set_aside(const JobRecord& old, const JobRecord& wanted) {
  std::int64_t id = 0;
  const auto work = [&](Database& database) -> Status {
    WEIR_ASSIGN(Statement statement, Statement::make(database, "SELECT 1 FROM job WHERE id = ?"));
    WEIR_ASSIGN(const bool there, statement.bind(old.id).step());
    if (!there) return Status(Kind::not_found, fmt::format("there is no job {}", old.id));
    JobRecord kept = old;
    kept.set_aside = true;
    WEIR_TRY(rewrite_job(database, kept, now_unix()));
    for (const PartReceipt& part : old.parts) WEIR_TRY(put_part(database, old.id, part, now_unix()));
    WEIR_ASSIGN(id, insert_job(database, wanted, now_unix()));
    WEIR_TRY(move_begun(database, old.id, id));
    return set_owner(database, id, ::getpid());
  };
  WEIR_TRY(now(work));
  const std::lock_guard guard(mutex_);
  // Nobody else can have found it between: it is held before the old one is let go.
  if (!lock(id)) return held_by(0, wanted.destination);
  unlock(old.id);
  return id;
}

Result<std::string> SqliteLedger::state_behind(std::int64_t id, std::uint64_t index) {
  const std::lock_guard guard(mutex_);
  return ledger::state_behind(database_, id, index);
}

Result<std::vector<Mark>> SqliteLedger::marks(std::int64_t id, std::uint64_t from, std::size_t most) {
  const std::lock_guard guard(mutex_);
  return marks_of(database_, id, from, most);
}

Result<std::vector<ItemRecord>> SqliteLedger::items(std::int64_t id, const std::string& from, std::size_t most) {
  const std::lock_guard guard(mutex_);
  return items_of(database_, id, from, most);
}

bool SqliteLedger::lock(std::int64_t id) {
  if (held_.count(id) != 0) return false;
  if (platform::platform().lock_byte(locks_.get(), static_cast<off_t>(id), true) != 0) return false;
  held_.insert(id);
  return true;
}

void SqliteLedger::unlock(std::int64_t id) {
  if (held_.erase(id) != 0) (void)platform::platform().lock_byte(locks_.get(), static_cast<off_t>(id), false);
}

// --- looking ---

std::string SqliteLedger::file_of(std::int64_t id, const char* what) const {
  return path_.substr(0, path_.rfind('/') + 1) + fmt::format("{}-{}", what, id);
}

/// What is recorded is who was at it last: whether that one still is, the lock says.
std::int64_t SqliteLedger::owner_of(const JobRecord& job) {
  if (held_.count(job.id) != 0) return ::getpid();
  return platform::platform().is_locked(locks_.get(), static_cast<off_t>(job.id)) ? job.owner_pid : 0;
}

Result<std::vector<JobRecord>> SqliteLedger::jobs() {
  (void)flush();
  const std::lock_guard guard(mutex_);
  WEIR_ASSIGN(auto found, all_jobs(database_));
  WEIR_ASSIGN(auto begun, all_begun(database_));
  for (JobRecord& job : found) job.begins = std::move(begun[job.id]);
  // Nothing was sent of the others, and nothing is kept of them.
  std::erase_if(found, [this](const JobRecord& job) {
    struct stat there {};
    return job.upload_id.empty() && job.begins.empty() &&
           platform::platform().stat(spool_path(job.id).c_str(), &there) != 0;
  });
  for (JobRecord& job : found) {
    job.owner_pid = owner_of(job);
    if (!is_into_file(job)) continue;
    WEIR_ASSIGN(job.parts, parts_of(database_, job));
    count_in_file(job);
    job.parts.clear();
    job.written.clear();
  }
  return found;
}

/// What is stored of a job into a file is what a next run would look for there.
void SqliteLedger::count_in_file(JobRecord& job) const {
  job.written = WrittenFile::read(written_path(job.id), job.upload_id);
  const std::vector<PartReceipt> there = parts_in_file(job).parts;
  job.parts_stored = static_cast<std::uint32_t>(there.size());
  job.bytes_stored = there.empty() ? 0 : there.back().offset + there.back().length;
}

Result<JobRecord> SqliteLedger::job(std::int64_t id) {
  (void)flush();
  std::unique_lock guard(mutex_);
  WEIR_ASSIGN(auto found, find_job(database_, id));
  if (!found) {
    return Status(Kind::not_found, fmt::format("there is no job {} in {}", id, path_))
        .during(fmt::format("show job {}", id))
        .advise("'weir jobs' lists those that there are.");
  }
  WEIR_ASSIGN(found->parts, parts_of(database_, *found));
  WEIR_ASSIGN(found->begins, begun_of(database_, id));
  found->parts_stored = static_cast<std::uint32_t>(found->parts.size());
  for (const PartReceipt& part : found->parts) found->bytes_stored += part.length;
  if (found->is_many()) WEIR_TRY(count_items(database_, *found));
  if (is_into_file(*found)) count_in_file(*found);
  found->owner_pid = owner_of(*found);
  guard.unlock();
  WEIR_ASSIGN(found->goes_on_from, SpoolFile::look(spool_path(id), front_bytes(found->parts)));
  return *std::move(found);
}

}  // namespace weir::ledger

namespace weir {

Result<std::shared_ptr<Ledger>> Ledger::open(LedgerOptions options) {
  return ledger::SqliteLedger::open(std::move(options));
}

}  // namespace weir
