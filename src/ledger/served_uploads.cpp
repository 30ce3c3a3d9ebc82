#include "ledger/served_uploads.hpp"

#include <mutex>

#include "ledger/row_sum.hpp"
#include "ledger/schema.hpp"

namespace weir::ledger {
namespace {

std::int64_t length_of(const ServedUpload& upload) {
  return upload.length ? static_cast<std::int64_t>(*upload.length) : -1;
}

std::int64_t sum_of(const std::string& folder, const ServedUpload& upload) {
  return RowSum()
      .add(folder)
      .add(upload.id)
      .add(upload.created_unix)
      .add(upload.expires_unix)
      .add(length_of(upload))
      .add(upload.durable)
      .add(static_cast<std::int64_t>(upload.state))
      .add(upload.metadata)
      .add(upload.concat)
      .add(upload.owner)
      .add(upload.result)
      .add(upload.boot)
      .value();
}

class SqliteServedUploads final : public ServedUploads {
 public:
  SqliteServedUploads(Database database, std::string folder)
      : database_(std::move(database)), folder_(std::move(folder)) {}

  Status put(const std::vector<ServedUpload>& uploads) override {
    const std::lock_guard lock(mutex_);
    WEIR_ASSIGN(Transaction transaction, Transaction::begin(database_));
    WEIR_ASSIGN(Statement statement,
                Statement::make(database_,
                                "INSERT OR REPLACE INTO served (folder, id, created_unix, expires_unix, length, "
                                "durable, state, metadata, concat, owner, result, boot, sum) "
                                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    for (const ServedUpload& upload : uploads) {
      statement.bind(folder_).bind(upload.id).bind(upload.created_unix).bind(upload.expires_unix);
      statement.bind(length_of(upload)).bind(upload.durable).bind(static_cast<std::int64_t>(upload.state));
      statement.bind(upload.metadata).bind(upload.concat).bind(upload.owner).bind(upload.result).bind(upload.boot);
      WEIR_TRY(statement.bind(sum_of(folder_, upload)).run());
      statement.reset();
    }
    return transaction.commit();
  }

  Status remove(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    WEIR_ASSIGN(Transaction transaction, Transaction::begin(database_));
    WEIR_ASSIGN(Statement statement, Statement::make(database_, "DELETE FROM served WHERE folder = ? AND id = ?"));
    WEIR_TRY(statement.bind(folder_).bind(id).run());
    return transaction.commit();
  }

  Result<std::vector<ServedUpload>> all() override {
    const std::lock_guard lock(mutex_);
    WEIR_ASSIGN(Statement statement,
                Statement::make(database_,
                                "SELECT id, created_unix, expires_unix, length, durable, state, metadata, concat, "
                                "owner, result, boot, sum FROM served WHERE folder = ?"));
    statement.bind(folder_);
    std::vector<ServedUpload> found;
    for (;;) {
      WEIR_ASSIGN(const bool row, statement.step());
      if (!row) return found;
      ServedUpload upload;
      upload.id = statement.text(0);
      upload.created_unix = statement.number(1);
      upload.expires_unix = statement.number(2);
      if (statement.number(3) >= 0) upload.length = statement.size(3);
      upload.durable = statement.size(4);
      upload.state = static_cast<ServedUpload::State>(statement.number(5));
      upload.metadata = statement.text(6);
      upload.concat = statement.text(7);
      upload.owner = statement.text(8);
      upload.result = statement.text(9);
      upload.boot = statement.text(10);
      if (statement.number(11) == sum_of(folder_, upload)) found.push_back(std::move(upload));
    }
  }

 private:
  std::mutex mutex_;
  Database database_;
  const std::string folder_;
};

}  // namespace

Result<std::unique_ptr<ServedUploads>> ServedUploads::open(const std::string& state_dir, const std::string& folder) {
  WEIR_ASSIGN(Database database, open_database(state_dir));
  return std::unique_ptr<ServedUploads>(std::make_unique<SqliteServedUploads>(std::move(database), folder));
}

}  // namespace weir::ledger
