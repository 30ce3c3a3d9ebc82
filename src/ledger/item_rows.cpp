#include "ledger/item_rows.hpp"

#include "ledger/row_sum.hpp"

namespace weir::ledger {
namespace {

std::int64_t item_sum(std::int64_t job, const ItemRecord& item) {
  return RowSum().add(job).add(item.key).add(item.bytes).add(item.source).add(item.stored).value();
}

}  // namespace

Status put_items(Database& database, std::int64_t job, const std::vector<ItemRecord>& items, std::int64_t now_unix) {
  WEIR_ASSIGN(Statement statement, Statement::make(database,
                                                   "INSERT OR REPLACE INTO item (job, key, bytes, source, stored, sum) "
                                                   "SELECT id, ?, ?, ?, ?, ? FROM job WHERE id = ?"));
  for (const ItemRecord& item : items) {
    statement.bind(item.key).bind(item.bytes).bind(item.source).bind(item.stored);
    WEIR_TRY(statement.bind(item_sum(job, item)).bind(job).run());
    statement.reset();
  }
  WEIR_ASSIGN(Statement touch, Statement::make(database, "UPDATE job SET updated_unix = ? WHERE id = ?"));
  return touch.bind(now_unix).bind(job).run();
}

Status remove_items(Database& database, std::int64_t job) {
  WEIR_ASSIGN(Statement statement, Statement::make(database, "DELETE FROM item WHERE job = ?"));
  return statement.bind(job).run();
}

Result<std::vector<ItemRecord>> items_of(Database& database, std::int64_t job, const std::string& from,
                                         std::size_t most) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database,
                              "SELECT key, bytes, source, stored, sum FROM item WHERE job = ? AND key >= ? "
                              "ORDER BY key LIMIT ?"));
  statement.bind(job).bind(from).bind(std::uint64_t{most});
  std::vector<ItemRecord> items;
  for (;;) {
    WEIR_ASSIGN(const bool row, statement.step());
    if (!row) return items;
    ItemRecord item{statement.text(0), statement.size(1), statement.size(2), statement.size(3)};
    if (statement.number(4) == item_sum(job, item)) items.push_back(std::move(item));
  }
}

Status count_items(Database& database, JobRecord& job) {
  WEIR_ASSIGN(Statement statement, Statement::make(database, "SELECT count(*), total(bytes) FROM item WHERE job = ?"));
  WEIR_ASSIGN(const bool row, statement.bind(job.id).step());
  job.items_stored = row ? statement.size(0) : 0;
  job.bytes_stored = row ? statement.size(1) : 0;
  return {};
}

}  // namespace weir::ledger
