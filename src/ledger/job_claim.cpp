#include "ledger/job_claim.hpp"

#include <unistd.h>

#include <cerrno>

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
  JobRecord job = record_;
  job.upload_id = upload_id;
  ledger_->later([job = std::move(job)](Database& database) { return rewrite_job(database, job, now_unix()); },
                 std::move(done));
}

void SqliteClaim::part_stored(const PartReceipt& part, std::function<void(Status)> done) {
  ledger_->later([id = record_.id, part](Database& database) { return put_part(database, id, part, now_unix()); },
                 std::move(done));
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

/// A spool that cannot be removed keeps its job, so that it is seen and gone on with, or removed another time.
void SqliteClaim::finished() {
  ledger_->later([id = record_.id, spool = spool_path()](Database& database) {
    const bool gone = platform::platform().unlink(spool.c_str()) == 0 || errno == ENOENT;  // most jobs have none
    return gone ? remove_job(database, id) : Status();
  });
}

void SqliteClaim::let_go(std::function<void()> done) {
  held_ = false;
  ledger_->release(record_.id, [done = std::move(done)](const Status&) { done(); });
}

}  // namespace weir::ledger
