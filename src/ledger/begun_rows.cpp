#include "ledger/begun_rows.hpp"

#include "ledger/row_sum.hpp"

namespace weir::ledger {
namespace {

std::int64_t sum_of(std::int64_t job, const LostBegin& begin) {
  return RowSum().add(job).add(std::int64_t{begin.number}).add(begin.at_unix).value();
}

/// Columns job, number, at_unix, sum.
Result<std::map<std::int64_t, std::vector<LostBegin>>> read_begun(Statement& statement) {
  std::map<std::int64_t, std::vector<LostBegin>> found;
  for (;;) {
    WEIR_ASSIGN(const bool row, statement.step());
    if (!row) return found;
    const LostBegin begin{static_cast<std::uint32_t>(statement.number(1)), statement.number(2)};
    const std::int64_t job = statement.number(0);
    if (statement.number(3) == sum_of(job, begin)) found[job].push_back(begin);
  }
}

}  // namespace

Status put_begun(Database& database, std::int64_t job, const LostBegin& begin) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database,
                              "INSERT OR REPLACE INTO begun (job, number, at_unix, sum) SELECT id, ?, ?, ? FROM job "
                              "WHERE id = ?"));
  return statement.bind(std::int64_t{begin.number}).bind(begin.at_unix).bind(sum_of(job, begin)).bind(job).run();
}

Status remove_begun(Database& database, std::int64_t job, std::uint32_t number) {
  WEIR_ASSIGN(Statement statement, Statement::make(database, "DELETE FROM begun WHERE job = ? AND number = ?"));
  return statement.bind(job).bind(std::int64_t{number}).run();
}

Status move_begun(Database& database, std::int64_t from_job, std::int64_t to_job) {
  WEIR_ASSIGN(const auto begun, begun_of(database, from_job));
  for (const LostBegin& begin : begun) WEIR_TRY(put_begun(database, to_job, begin));
  WEIR_ASSIGN(Statement statement, Statement::make(database, "DELETE FROM begun WHERE job = ?"));
  return statement.bind(from_job).run();
}

Result<std::vector<LostBegin>> begun_of(Database& database, std::int64_t job) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database, "SELECT job, number, at_unix, sum FROM begun WHERE job = ? ORDER BY number"));
  statement.bind(job);
  WEIR_ASSIGN(auto found, read_begun(statement));
  return std::move(found[job]);
}

Result<std::map<std::int64_t, std::vector<LostBegin>>> all_begun(Database& database) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database, "SELECT job, number, at_unix, sum FROM begun ORDER BY job, number"));
  return read_begun(statement);
}

}  // namespace weir::ledger
