#include "ledger/schema.hpp"

#include <chrono>
#include <thread>

#include "ledger/state_dir.hpp"

namespace weir::ledger {
namespace {

/// Of two that make one ledger at the same moment one is told at once that it is locked, without waiting.
constexpr std::chrono::seconds kMakingTime{2};

/// "WEIR": tells a ledger from any other database.
constexpr std::int64_t kApplication = 0x57454952;

// Names and ids may hold any bytes, so they are blobs. `sum` is the CRC64NVME of a row's other columns: SQLite has none
// of its own, and a flipped bit must not become a wrong part.
constexpr const char* kTables = R"(
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_name BLOB NOT NULL,
  source_device INTEGER NOT NULL,
  source_inode INTEGER NOT NULL,
  source_size INTEGER NOT NULL,
  source_mtime_ns INTEGER NOT NULL,
  place BLOB NOT NULL,
  destination BLOB NOT NULL,
  fingerprint BLOB NOT NULL,
  part_bytes INTEGER NOT NULL,
  upload_id BLOB NOT NULL,
  resume_hint BLOB NOT NULL,
  set_aside INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  owner_pid INTEGER NOT NULL,
  created_unix INTEGER NOT NULL,
  updated_unix INTEGER NOT NULL,
  stages BLOB NOT NULL DEFAULT x''
) STRICT;
CREATE UNIQUE INDEX job_of_place ON job (source_name, place) WHERE set_aside = 0;
CREATE TABLE part (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  crc64nvme INTEGER,
  etag BLOB NOT NULL,
  checksum BLOB NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
)";

constexpr const char* kMarkTable = R"(
CREATE TABLE mark (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  input_bytes INTEGER NOT NULL,
  output_bytes INTEGER NOT NULL,
  input_hash INTEGER NOT NULL,
  output_hash INTEGER NOT NULL,
  note INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
)";

constexpr const char* kItemTable = R"(
CREATE TABLE item (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  key BLOB NOT NULL,
  bytes INTEGER NOT NULL,
  source INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (job, key)
) STRICT, WITHOUT ROWID;
)";

constexpr const char* kSnapshotTable = R"(
CREATE TABLE snapshot (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  state BLOB NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
)";

constexpr const char* kBegunTable = R"(
CREATE TABLE begun (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at_unix INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
)";

constexpr const char* kServedTable = R"(
CREATE TABLE served (
  folder BLOB NOT NULL,
  id BLOB NOT NULL,
  created_unix INTEGER NOT NULL,
  expires_unix INTEGER NOT NULL,
  length INTEGER NOT NULL,
  durable INTEGER NOT NULL,
  state INTEGER NOT NULL,
  metadata BLOB NOT NULL,
  concat BLOB NOT NULL,
  owner BLOB NOT NULL,
  result BLOB NOT NULL,
  boot BLOB NOT NULL,
  sum INTEGER NOT NULL,
  PRIMARY KEY (folder, id)
) STRICT, WITHOUT ROWID;
)";

/// From version 1; and kMarkTable. From version 2: kItemTable and kSnapshotTable. From version 3: kBegunTable. From
/// version 4: kServedTable.
constexpr const char* kToVersion2 = "ALTER TABLE job ADD COLUMN stages BLOB NOT NULL DEFAULT x''";

Result<std::int64_t> pragma(Database& database, const char* name) {
  WEIR_ASSIGN(Statement statement, Statement::make(database, std::string("PRAGMA ") + name));
  WEIR_ASSIGN(const bool row, statement.step());
  return row ? statement.number(0) : 0;
}

Status check_whole(Database& database, const std::string& path) {
  WEIR_ASSIGN(Statement statement, Statement::make(database, "PRAGMA quick_check(1)"));
  WEIR_ASSIGN(const bool row, statement.step());
  if (row) {
    const std::string said = statement.text(0);
    if (said == "ok") return {};
    return Status(Kind::corrupt, "the file is damaged: " + said)
        .during("use the ledger " + path)
        .advise("What it knew of unfinished uploads is lost. Move the file away to begin a new one.");
  }
  return {};
}

Status make_tables(Database& database) {
  WEIR_ASSIGN(Transaction transaction, Transaction::begin(database));
  // Another process may have made them since we looked.
  WEIR_ASSIGN(const std::int64_t version, pragma(database, "user_version"));
  if (version != 0) return {};
  WEIR_TRY(database.run(kTables));
  WEIR_TRY(database.run(kMarkTable));
  WEIR_TRY(database.run(kItemTable));
  WEIR_TRY(database.run(kSnapshotTable));
  WEIR_TRY(database.run(kBegunTable));
  WEIR_TRY(database.run(kServedTable));
  WEIR_TRY(database.run(fmt::format("PRAGMA application_id = {}", kApplication).c_str()));
  WEIR_TRY(database.run(fmt::format("PRAGMA user_version = {}", kSchemaVersion).c_str()));
  return transaction.commit();
}

/// An older program that has the file open writes rows as it knows them: they have the defaults.
Status bring_up_to_date(Database& database) {
  WEIR_ASSIGN(Transaction transaction, Transaction::begin(database));
  WEIR_ASSIGN(const std::int64_t version, pragma(database, "user_version"));
  if (version >= kSchemaVersion) return {};  // another process did
  if (version < 2) {
    WEIR_TRY(database.run(kToVersion2));
    WEIR_TRY(database.run(kMarkTable));
  }
  if (version < 3) {
    WEIR_TRY(database.run(kItemTable));
    WEIR_TRY(database.run(kSnapshotTable));
  }
  if (version < 4) WEIR_TRY(database.run(kBegunTable));
  WEIR_TRY(database.run(kServedTable));
  WEIR_TRY(database.run(fmt::format("PRAGMA user_version = {}", kSchemaVersion).c_str()));
  return transaction.commit();
}

}  // namespace

Status prepare_schema(Database& database, const std::string& path) {
  WEIR_TRY(database.run("BEGIN"));  // another process may be making it: all three are of one moment
  WEIR_ASSIGN(std::int64_t application, pragma(database, "application_id"));
  WEIR_ASSIGN(std::int64_t version, pragma(database, "user_version"));
  WEIR_ASSIGN(const std::int64_t changes, pragma(database, "schema_version"));
  WEIR_TRY(database.run("COMMIT"));
  if (application == 0 && version == 0 && changes == 0) {
    WEIR_TRY(database.run("PRAGMA journal_mode = WAL"));
    WEIR_TRY(make_tables(database));
    application = kApplication;
    version = kSchemaVersion;
  }
  if (application != kApplication || version < 1) {
    return Status(Kind::corrupt, "the file is a database, but no ledger of weir's").during("use the ledger " + path);
  }
  if (version > kSchemaVersion) {
    return Status(Kind::unsupported,
                  fmt::format("a newer weir wrote it (version {}; this one knows up to {})", version, kSchemaVersion))
        .during("use the ledger " + path)
        .advise("Nothing in it was changed. Use that version, or another state directory.");
  }
  WEIR_TRY(check_whole(database, path));
  if (version < kSchemaVersion) WEIR_TRY(bring_up_to_date(database));
  WEIR_TRY(database.run("PRAGMA journal_mode = WAL"));
  // Each commit is synced: what a job was told is written survives a loss of power.
  WEIR_TRY(database.run("PRAGMA synchronous = FULL"));
  return database.run("PRAGMA foreign_keys = ON");
}

Result<Database> open_database(const std::string& state_dir) {
  WEIR_ASSIGN(const std::string named, state_dir_of(state_dir));
  WEIR_ASSIGN(const std::string directory, prepare_state_dir(named));
  const std::string path = directory + "/ledger.sqlite";
  WEIR_TRY(prepare_state_file(path));
  const auto deadline = std::chrono::steady_clock::now() + kMakingTime;
  for (;;) {
    auto database = Database::open(path);
    const Status status = database.ok() ? prepare_schema(*database, path) : database.status();
    if (status.ok()) return database;
    if (status.kind() != Kind::timeout || std::chrono::steady_clock::now() > deadline) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace weir::ledger
