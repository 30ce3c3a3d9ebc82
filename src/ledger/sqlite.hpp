// SQLite as weir uses it: owned handles, and errors as Status. Thread-compatible.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "weir/core/status.hpp"

namespace weir::ledger {

/// A connection. Move-only.
class Database {
 public:
  Database() noexcept = default;
  Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), path_(std::move(other.path_)) {}
  Database& operator=(Database&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(path_, other.path_);
    return *this;
  }
  ~Database() { ::sqlite3_close_v2(handle_); }

  /// An existing file, which must not be reached through a symbolic link.
  static Result<Database> open(const std::string& path);
  sqlite3* get() const noexcept { return handle_; }
  const std::string& path() const noexcept { return path_; }
  /// One or more statements without results.
  Status run(const char* sql);
  /// What the last call that failed with `code` means; operation and path included.
  Status error(int code) const;
  std::int64_t last_id() const { return ::sqlite3_last_insert_rowid(handle_); }

 private:
  sqlite3* handle_ = nullptr;
  std::string path_;
};

/// A prepared statement. Texts given to bind() must live until it has run.
class Statement {
 public:
  static Result<Statement> make(Database& database, std::string_view sql);
  Statement(Statement&& other) noexcept
      : database_(other.database_),
        handle_(std::exchange(other.handle_, nullptr)),
        next_(other.next_),
        bad_(other.bad_) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement() { ::sqlite3_finalize(handle_); }

  // The next parameter, from the first.
  Statement& bind(std::int64_t value);
  Statement& bind(std::uint64_t value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(const std::string& text);
  Statement& bind_null();

  /// True: there is a row. False: there is none any more.
  Result<bool> step();
  /// step() of what gives no rows.
  Status run();
  /// To be run again, with other parameters.
  void reset() {
    ::sqlite3_reset(handle_);
    next_ = 1;
  }

  std::int64_t number(int column) const { return ::sqlite3_column_int64(handle_, column); }
  std::uint64_t size(int column) const { return static_cast<std::uint64_t>(number(column)); }
  std::string text(int column) const;
  bool is_null(int column) const { return ::sqlite3_column_type(handle_, column) == SQLITE_NULL; }

 private:
  explicit Statement(Database& database) : database_(&database) {}

  Database* database_;
  sqlite3_stmt* handle_ = nullptr;
  int next_ = 1;
  int bad_ = SQLITE_OK;
};

/// A write transaction: rolled back unless it is committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace weir::ledger
