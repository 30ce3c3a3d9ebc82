// What a transform has made, and its states, as rows of the tables, checked as they are read.
#pragma once

#include <string>
#include <vector>

#include "ledger/sqlite.hpp"
#include "weir/core/mark.hpp"

namespace weir::ledger {

/// Nothing where there is no such job any more. `state`: empty for none.
Status put_mark(Database& database, std::int64_t job, std::uint64_t index, const Mark& mark, const std::string& state);
/// Their states too.
Status remove_marks(Database& database, std::int64_t job);
/// From number `from` on, up to the first that is missing or not what was written.
Result<std::vector<Mark>> marks_of(Database& database, std::int64_t job, std::uint64_t from, std::size_t most);
/// not_found: there is none, or it is not what was written.
Result<std::string> state_behind(Database& database, std::int64_t job, std::uint64_t index);

}  // namespace weir::ledger
