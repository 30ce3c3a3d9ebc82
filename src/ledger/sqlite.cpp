#include "ledger/sqlite.hpp"

namespace weir::ledger {
namespace {

/// Another process writes for milliseconds at a time.
constexpr int kBusyMs = 5000;

Kind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Kind::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:  // our own statements are right: a table is missing
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
      return Kind::corrupt;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return Kind::access_denied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Kind::timeout;
    case SQLITE_CANTOPEN:
      return code == SQLITE_CANTOPEN_SYMLINK ? Kind::access_denied : Kind::io;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      return Kind::internal;
    default:
      return Kind::io;
  }
}

}  // namespace

Result<Database> Database::open(const std::string& path) {
  Database database;
  database.path_ = path;
  // Its own mutexes are not needed: whoever uses it has one. No file is made here, so that none has the wrong mode.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE;
  const int code = ::sqlite3_open_v2(path.c_str(), &database.handle_, flags, nullptr);
  if (code != SQLITE_OK) return database.error(code);
  ::sqlite3_extended_result_codes(database.handle_, 1);
  ::sqlite3_busy_timeout(database.handle_, kBusyMs);
  // What stands in the file is data: no function and no view of its own is trusted.
  ::sqlite3_db_config(database.handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  ::sqlite3_db_config(database.handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Status Database::error(int code) const {
  std::string cause = handle_ == nullptr ? ::sqlite3_errstr(code) : ::sqlite3_errmsg(handle_);
  if (handle_ != nullptr && cause == "not an error") cause = ::sqlite3_errstr(code);
  Status status = Status(kind_of(code), std::move(cause)).during("use the ledger " + path_);
  if (status.kind() == Kind::corrupt) {
    status.advise("What it knew of unfinished uploads is lost. Move the file away to begin a new one.");
  }
  return status;
}

Status Database::run(const char* sql) {
  const int code = ::sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Status() : error(code);
}

Result<Statement> Statement::make(Database& database, std::string_view sql) {
  Statement statement(database);
  const int code =
      ::sqlite3_prepare_v2(database.get(), sql.data(), static_cast<int>(sql.size()), &statement.handle_, nullptr);
  if (code != SQLITE_OK) return database.error(code);
  return statement;
}

Statement& Statement::bind(std::int64_t value) {
  if (bad_ == SQLITE_OK) bad_ = ::sqlite3_bind_int64(handle_, next_++, value);
  return *this;
}

Statement& Statement::bind(const std::string& text) {
  // Names may hold any bytes, so texts are blobs to SQLite.
  if (bad_ == SQLITE_OK) {
    bad_ = ::sqlite3_bind_blob64(handle_, next_++, text.data(), text.size(), SQLITE_STATIC);
  }
  return *this;
}

Statement& Statement::bind_null() {
  if (bad_ == SQLITE_OK) bad_ = ::sqlite3_bind_null(handle_, next_++);
  return *this;
}

Result<bool> Statement::step() {
  if (bad_ != SQLITE_OK) return database_->error(bad_);
  const int code = ::sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_->error(code);
}

Status Statement::run() {
  const Result<bool> row = step();
  return row.status();
}

std::string Statement::text(int column) const {
  const void* const bytes = ::sqlite3_column_blob(handle_, column);
  const int size = ::sqlite3_column_bytes(handle_, column);
  return bytes == nullptr || size <= 0 ? std::string()
                                       : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Result<Transaction> Transaction::begin(Database& database) {
  WEIR_TRY(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // A statement that failed may have rolled back already: that this fails then is no matter.
  if (database_ != nullptr) ::sqlite3_exec(database_->get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Status Transaction::commit() {
  WEIR_TRY(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace weir::ledger
