// Jobs and parts as rows of the tables, checked as they are read.
#pragma once

#include <optional>
#include <vector>

#include "ledger/sqlite.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::ledger {

/// Inserts; `job.id` is not looked at. The new id.
Result<std::int64_t> insert_job(Database& database, const JobRecord& job, std::int64_t now_unix);
/// Everything of `job` but its times and owner, at its id; forgets its parts.
Status rewrite_job(Database& database, const JobRecord& job, std::int64_t now_unix);
Status remove_job(Database& database, std::int64_t id);
Status set_owner(Database& database, std::int64_t id, std::int64_t pid);

/// None: there is no such job. corrupt: its row is not what was written.
Result<std::optional<JobRecord>> find_job(Database& database, std::int64_t id);
/// The number of the job that is not set aside.
Result<std::optional<std::int64_t>> find_place(Database& database, const JobRecord& wanted);
/// Oldest first, damaged rows left out.
Result<std::vector<JobRecord>> all_jobs(Database& database);

Status put_part(Database& database, std::int64_t job, const PartReceipt& part, std::int64_t now_unix);
/// By number. Rows that are not what was written are left out: the store knows of those parts.
Result<std::vector<PartReceipt>> parts_of(Database& database, const JobRecord& job);

}  // namespace weir::ledger
