#include "ledger/job_claim.hpp"

#include <unistd.h>

#include <cerrno>

#include "ledger/begun_rows.hpp"
#include "ledger/item_rows.hpp"
#include "ledger/mark_rows.hpp"
#include "ledger/rows.hpp"

namespace weir::ledger {

JobRecord SqliteClaim::fresh(const JobRecord& wanted) const {
  JobRecord job = wanted;
  job.id = record_.id;
  job.upload_id.clear();
  job.set_aside = false;
  job.parts.clear();
  job.parts_stored = 0;
  job.items_stored = 0;
  job.bytes_stored = 0;
  job.owner_pid = ::getpid();
  job.begins = record_.begins;
  return job;
}

Status SqliteClaim::start(const JobRecord& wanted) {
  const JobRecord job = fresh(wanted);
  const auto work = [&job](Database& database) -> Status {
    WEIR_TRY(remove_marks(database, job.id));
    WEIR_TRY(remove_items(database, job.id));
    return rewrite_job(database, job, now_unix());
  };
  WEIR_TRY(ledger_->now(work));
  record_ = job;
  return {};
}

Status SqliteClaim::set_aside(const JobRecord& wanted) {
  JobRecord job = fresh(wanted);
  WEIR_ASSIGN(job.id, ledger_->set_aside(record_, job));
  record_ = std::move(job);
  return {};
}

Status SqliteClaim::adopt(const JobRecord& wanted) {
  JobRecord job = wanted;
  job.id = record_.id;
  job.upload_id = record_.upload_id;
  job.part_bytes = record_.part_bytes;
  job.parts = record_.parts;
  job.begins = record_.begins;
  job.set_aside = false;
  const auto work = [&job](Database& database) -> Status {
    WEIR_TRY(remove_marks(database, job.id));
    WEIR_TRY(rewrite_job(database, job, now_unix()));
    for (const PartReceipt& part : job.parts) WEIR_TRY(put_part(database, job.id, part, now_unix()));
    return {};
  };
  WEIR_TRY(ledger_->now(work));
  record_ = std::move(job);
  return {};
}

void SqliteClaim::upload_begun(const std::string& upload_id, std::function<void(Status)> done) {
  keep_written_of(upload_id);
  JobRecord job = record_;
  job.upload_id = upload_id;
  ledger_->at_once(
      [job = std::move(job), begin = take_begin()](Database& database) -> Status {
        if (begin != 0) WEIR_TRY(remove_begun(database, job.id, begin));
        return rewrite_job(database, job, now_unix());
      },
      std::move(done));
}

void SqliteClaim::upload_begins(std::function<void(Status)> done) {
  LostBegin begin{1, now_unix()};
  {
    const std::lock_guard lock(begins_mutex_);
    if (!lost_begins_.empty()) begin.number = lost_begins_.back().number + 1;
    lost_begins_.push_back(begin);
    begin_ = begin.number;
  }
  ledger_->at_once([id = record_.id, begin](Database& database) { return put_begun(database, id, begin); },
                   std::move(done));
}

void SqliteClaim::nothing_begun() {
  const std::uint32_t begin = take_begin();
  if (begin == 0) return;
  ledger_->later([id = record_.id, begin](Database& database) { return remove_begun(database, id, begin); });
}

std::vector<LostBegin> SqliteClaim::lost_begins() const {
  const std::lock_guard lock(begins_mutex_);
  return lost_begins_;
}

/// The one that is under way, whose answer is known by now.
std::uint32_t SqliteClaim::take_begin() {
  const std::lock_guard lock(begins_mutex_);
  std::erase_if(lost_begins_, [this](const LostBegin& begin) { return begin.number == begin_; });
  return std::exchange(begin_, 0);
}

void SqliteClaim::part_stored(const PartReceipt& part, std::function<void(Status)> done) {
  ledger_->later([id = record_.id, part](Database& database) { return put_part(database, id, part, now_unix()); },
                 std::move(done));
}

void SqliteClaim::keep_written_of(const std::string& upload_id) {
  const std::lock_guard lock(written_mutex_);
  written_.reset();
  if (!upload_id.empty()) written_ = std::make_unique<WrittenFile>(ledger_->written_path(record_.id), upload_id);
}

/// Costs, where it fails, the next run a part that it might have had.
void SqliteClaim::part_written(const PartReceipt& part) {
  const std::lock_guard lock(written_mutex_);
  if (written_) (void)written_->append(part);
}

void SqliteClaim::mark_made(std::uint64_t index, const Mark& mark, std::string state) {
  ledger_->later([id = record_.id, index, mark, state = std::move(state)](Database& database) {
    return put_mark(database, id, index, mark, state);
  });
}

Result<std::string> SqliteClaim::state_behind(std::uint64_t index) { return ledger_->state_behind(record_.id, index); }

Result<std::vector<Mark>> SqliteClaim::marks(std::uint64_t from, std::size_t most) {
  return ledger_->marks(record_.id, from, most);
}

void SqliteClaim::items_stored(std::vector<ItemRecord> items) {
  ledger_->later([id = record_.id, items = std::move(items)](Database& database) {
    return put_items(database, id, items, now_unix());
  });
}

Result<std::vector<ItemRecord>> SqliteClaim::items(const std::string& from, std::size_t most) {
  return ledger_->items(record_.id, from, most);
}

/// A file that cannot be removed keeps its job, so that it is seen and gone on with, or removed another time.
void SqliteClaim::finished() {
  keep_written_of({});
  ledger_->later(
      [id = record_.id, files = std::vector{spool_path(), ledger_->written_path(record_.id)}](Database& database) {
        for (const std::string& file : files) {
          const bool gone = platform::platform().unlink(file.c_str()) == 0 || errno == ENOENT;  // most jobs have none
          if (!gone) return Status();
        }
        return remove_job(database, id);
      });
}

void SqliteClaim::let_go(std::function<void()> done) {
  keep_written_of({});
  held_ = false;
  ledger_->release(record_.id, [done = std::move(done)](const Status&) { done(); });
}

}  // namespace weir::ledger
