#include "ledger/mark_rows.hpp"

#include "ledger/row_sum.hpp"

namespace weir::ledger {
namespace {

std::int64_t sum_of(std::int64_t job, std::uint64_t index, const Mark& mark) {
  return RowSum()
      .add(job)
      .add(index)
      .add(mark.input_bytes)
      .add(mark.output_bytes)
      .add(mark.input_hash)
      .add(mark.output_hash)
      .add(mark.note)
      .value();
}

std::int64_t sum_of(std::int64_t job, std::uint64_t index, const std::string& state) {
  return RowSum().add(job).add(index).add(state).value();
}

Status put_state(Database& database, std::int64_t job, std::uint64_t index, const std::string& state) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database,
                              "INSERT OR REPLACE INTO snapshot (job, number, state, sum) SELECT id, ?, ?, ? FROM job "
                              "WHERE id = ?"));
  return statement.bind(index).bind(state).bind(sum_of(job, index, state)).bind(job).run();
}

}  // namespace

Status put_mark(Database& database, std::int64_t job, std::uint64_t index, const Mark& mark, const std::string& state) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database,
                              "INSERT OR REPLACE INTO mark (job, number, input_bytes, output_bytes, input_hash, "
                              "output_hash, note, sum) SELECT id, ?, ?, ?, ?, ?, ?, ? FROM job WHERE id = ?"));
  statement.bind(index).bind(mark.input_bytes).bind(mark.output_bytes).bind(mark.input_hash);
  statement.bind(mark.output_hash).bind(mark.note).bind(sum_of(job, index, mark));
  WEIR_TRY(statement.bind(job).run());
  return state.empty() ? Status() : put_state(database, job, index, state);
}

Status remove_marks(Database& database, std::int64_t job) {
  for (const char* text : {"DELETE FROM mark WHERE job = ?", "DELETE FROM snapshot WHERE job = ?"}) {
    WEIR_ASSIGN(Statement statement, Statement::make(database, text));
    WEIR_TRY(statement.bind(job).run());
  }
  return {};
}

Result<std::vector<Mark>> marks_of(Database& database, std::int64_t job, std::uint64_t from, std::size_t most) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database,
                              "SELECT number, input_bytes, output_bytes, input_hash, output_hash, note, sum FROM mark "
                              "WHERE job = ? AND number >= ? ORDER BY number LIMIT ?"));
  statement.bind(job).bind(from).bind(std::uint64_t{most});
  std::vector<Mark> marks;
  for (;;) {
    WEIR_ASSIGN(const bool row, statement.step());
    if (!row) return marks;
    const Mark mark{statement.size(1), statement.size(2), statement.size(3), statement.size(4), statement.size(5)};
    const std::uint64_t index = statement.size(0);
    if (index != from + marks.size() || statement.number(6) != sum_of(job, index, mark)) return marks;
    marks.push_back(mark);
  }
}

Result<std::string> state_behind(Database& database, std::int64_t job, std::uint64_t index) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database, "SELECT state, sum FROM snapshot WHERE job = ? AND number = ?"));
  WEIR_ASSIGN(const bool row, statement.bind(job).bind(index).step());
  if (row && statement.number(1) == sum_of(job, index, statement.text(0))) return statement.text(0);
  return Status(Kind::not_found, "no such state is recorded");
}

}  // namespace weir::ledger
