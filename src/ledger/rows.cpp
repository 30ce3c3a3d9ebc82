#include "ledger/rows.hpp"

#include "ledger/item_rows.hpp"
#include "ledger/row_sum.hpp"

namespace weir::ledger {
namespace {

constexpr const char* kJobColumns =
    "id, source_name, source_device, source_inode, source_size, source_mtime_ns, place, destination, fingerprint, "
    "part_bytes, upload_id, resume_hint, set_aside, sum, owner_pid, created_unix, updated_unix, stages";

std::int64_t sum_of(const JobRecord& job) {
  const SourceIdentity& source = job.source;
  RowSum sum;
  sum.add(source.name)
      .add(source.device)
      .add(source.inode)
      .add(source.size_bytes)
      .add(source.mtime_ns)
      .add(job.place)
      .add(job.destination)
      .add(job.fingerprint)
      .add(job.part_bytes)
      .add(job.upload_id)
      .add(job.resume_hint)
      .add(std::int64_t{job.set_aside});
  if (!job.stages.empty()) sum.add(job.stages);  // version 1 had none, and its sums stay good
  return sum.value();
}

std::int64_t sum_of(std::int64_t job, const PartReceipt& part) {
  return RowSum()
      .add(job)
      .add(std::int64_t{part.number})
      .add(part.offset)
      .add(part.length)
      .add(std::int64_t{part.crc64nvme.has_value()})
      .add(part.crc64nvme.value_or(0))
      .add(part.etag)
      .add(part.checksum)
      .value();
}

void bind_job(Statement& statement, const JobRecord& job) {
  const SourceIdentity& source = job.source;
  statement.bind(source.name)
      .bind(source.device)
      .bind(source.inode)
      .bind(source.size_bytes)
      .bind(source.mtime_ns)
      .bind(job.place)
      .bind(job.destination)
      .bind(job.fingerprint)
      .bind(job.part_bytes)
      .bind(job.upload_id)
      .bind(job.resume_hint)
      .bind(std::int64_t{job.set_aside})
      .bind(job.stages)
      .bind(sum_of(job));
}

/// None where the row is damaged.
std::optional<JobRecord> read_job(const Statement& row) {
  JobRecord job;
  job.id = row.number(0);
  job.source.name = row.text(1);
  job.source.device = row.size(2);
  job.source.inode = row.size(3);
  job.source.size_bytes = row.size(4);
  job.source.mtime_ns = row.number(5);
  job.place = row.text(6);
  job.destination = row.text(7);
  job.fingerprint = row.text(8);
  job.part_bytes = row.size(9);
  job.upload_id = row.text(10);
  job.resume_hint = row.text(11);
  job.set_aside = row.number(12) != 0;
  job.stages = row.text(17);
  if (row.number(13) != sum_of(job)) return {};
  job.owner_pid = row.number(14);
  job.created_unix = row.number(15);
  job.updated_unix = row.number(16);
  return job;
}

/// Fits into the job's plan: whatever else stands there, nobody cuts parts by it. How long a stream is and how its
/// parts grow, nobody knows.
bool is_possible(const PartReceipt& part, const JobRecord& job) {
  if (job.source.size_bytes == 0 || !job.stages.empty()) {
    return part.number != 0 && part.length != 0 && part.offset <= UINT64_MAX / 2 && part.length <= UINT64_MAX / 2;
  }
  const std::uint64_t size = job.source.size_bytes;
  if (part.number == 0 || part.offset >= size || part.length == 0 || part.length > size - part.offset) return false;
  return job.part_bytes != 0 && part.offset % job.part_bytes == 0 && part.offset / job.part_bytes == part.number - 1;
}

}  // namespace

Result<std::int64_t> insert_job(Database& database, const JobRecord& job, std::int64_t now_unix) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(
                  database,
                  "INSERT INTO job (source_name, source_device, source_inode, source_size, source_mtime_ns, place, "
                  "destination, fingerprint, part_bytes, upload_id, resume_hint, set_aside, stages, sum, owner_pid, "
                  "created_unix, updated_unix) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)"));
  bind_job(statement, job);
  WEIR_TRY(statement.bind(now_unix).bind(now_unix).run());
  return database.last_id();
}

Status rewrite_job(Database& database, const JobRecord& job, std::int64_t now_unix) {
  WEIR_ASSIGN(Statement parts, Statement::make(database, "DELETE FROM part WHERE job = ?"));
  WEIR_TRY(parts.bind(job.id).run());
  WEIR_ASSIGN(Statement statement,
              Statement::make(
                  database,
                  "UPDATE job SET source_name = ?, source_device = ?, source_inode = ?, source_size = ?, "
                  "source_mtime_ns = ?, place = ?, destination = ?, fingerprint = ?, part_bytes = ?, upload_id = ?, "
                  "resume_hint = ?, set_aside = ?, stages = ?, sum = ?, updated_unix = ? WHERE id = ?"));
  bind_job(statement, job);
  return statement.bind(now_unix).bind(job.id).run();
}

Status remove_job(Database& database, std::int64_t id) {
  WEIR_ASSIGN(Statement statement, Statement::make(database, "DELETE FROM job WHERE id = ?"));
  return statement.bind(id).run();
}

Status set_owner(Database& database, std::int64_t id, std::int64_t pid) {
  WEIR_ASSIGN(Statement statement, Statement::make(database, "UPDATE job SET owner_pid = ? WHERE id = ?"));
  return statement.bind(pid).bind(id).run();
}

Result<std::optional<JobRecord>> find_job(Database& database, std::int64_t id) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database, fmt::format("SELECT {} FROM job WHERE id = ?", kJobColumns)));
  WEIR_ASSIGN(const bool row, statement.bind(id).step());
  if (!row) return std::optional<JobRecord>();
  std::optional<JobRecord> job = read_job(statement);
  if (job) return job;
  return Status(Kind::corrupt, fmt::format("what it says of job {} is damaged", id)).during("use the ledger");
}

Result<std::optional<std::int64_t>> find_place(Database& database, const JobRecord& wanted) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database, "SELECT id FROM job WHERE source_name = ? AND place = ? AND set_aside = 0"));
  WEIR_ASSIGN(const bool row, statement.bind(wanted.source.name).bind(wanted.place).step());
  return row ? std::optional(statement.number(0)) : std::nullopt;
}

Result<std::vector<JobRecord>> all_jobs(Database& database) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database, fmt::format("SELECT {}, (SELECT count(*) FROM part WHERE part.job = job.id), "
                                                    "(SELECT total(length) FROM part WHERE part.job = job.id) FROM job "
                                                    "ORDER BY id",
                                                    kJobColumns)));
  std::vector<JobRecord> jobs;
  for (;;) {
    WEIR_ASSIGN(const bool row, statement.step());
    if (!row) return jobs;
    std::optional<JobRecord> job = read_job(statement);
    if (!job) continue;
    job->parts_stored = static_cast<std::uint32_t>(statement.number(18));
    job->bytes_stored = statement.size(19);
    if (job->is_many()) WEIR_TRY(count_items(database, *job));
    jobs.push_back(*std::move(job));
  }
}

Status put_part(Database& database, std::int64_t job, const PartReceipt& part, std::int64_t now_unix) {
  WEIR_ASSIGN(
      Statement statement,
      Statement::make(database,
                      "INSERT OR REPLACE INTO part (job, number, offset, length, crc64nvme, etag, checksum, sum) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
  statement.bind(job).bind(std::int64_t{part.number}).bind(part.offset).bind(part.length);
  if (part.crc64nvme) {
    statement.bind(*part.crc64nvme);
  } else {
    statement.bind_null();
  }
  WEIR_TRY(statement.bind(part.etag).bind(part.checksum).bind(sum_of(job, part)).run());
  WEIR_ASSIGN(Statement touch, Statement::make(database, "UPDATE job SET updated_unix = ? WHERE id = ?"));
  return touch.bind(now_unix).bind(job).run();
}

Result<std::vector<PartReceipt>> parts_of(Database& database, const JobRecord& job) {
  WEIR_ASSIGN(Statement statement,
              Statement::make(database,
                              "SELECT number, offset, length, crc64nvme, etag, checksum, sum FROM part WHERE job = ? "
                              "ORDER BY number"));
  statement.bind(job.id);
  std::vector<PartReceipt> parts;
  for (;;) {
    WEIR_ASSIGN(const bool row, statement.step());
    if (!row) return parts;
    PartReceipt part;
    part.number = static_cast<std::uint32_t>(statement.number(0));
    part.offset = statement.size(1);
    part.length = statement.size(2);
    if (!statement.is_null(3)) part.crc64nvme = statement.size(3);
    part.etag = statement.text(4);
    part.checksum = statement.text(5);
    if (statement.number(6) == sum_of(job.id, part) && is_possible(part, job)) parts.push_back(std::move(part));
  }
}

}  // namespace weir::ledger
