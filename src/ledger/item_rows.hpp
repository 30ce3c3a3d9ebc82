// What copies of many have stored, as rows of a table, checked as they are read.
#pragma once

#include <vector>

#include "ledger/sqlite.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::ledger {

/// Nothing where there is no such job any more.
Status put_items(Database& database, std::int64_t job, const std::vector<ItemRecord>& items, std::int64_t now_unix);
Status remove_items(Database& database, std::int64_t job);
/// By key, from `from` on. Rows that are not what was written are left out: what they were about is copied again.
Result<std::vector<ItemRecord>> items_of(Database& database, std::int64_t job, const std::string& from,
                                         std::size_t most);
/// Sets how many a job has, and of how many bytes.
Status count_items(Database& database, JobRecord& job);

}  // namespace weir::ledger
