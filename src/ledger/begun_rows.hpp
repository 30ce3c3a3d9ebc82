// Requests to begin an upload whose answer is not recorded, as rows of the tables.
#pragma once

#include <map>
#include <vector>

#include "ledger/sqlite.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::ledger {

Status put_begun(Database& database, std::int64_t job, const LostBegin& begin);
/// Its answer is known. Nothing where there is no such row.
Status remove_begun(Database& database, std::int64_t job, std::uint32_t number);
/// They are of another job from now on, which must have none.
Status move_begun(Database& database, std::int64_t from_job, std::int64_t to_job);
/// By number. Damaged rows are left out: what they began stays at the store.
Result<std::vector<LostBegin>> begun_of(Database& database, std::int64_t job);
/// The same of all jobs that have any.
Result<std::map<std::int64_t, std::vector<LostBegin>>> all_begun(Database& database);

}  // namespace weir::ledger
