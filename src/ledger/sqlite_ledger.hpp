// The ledger in SQLite. One connection under one mutex; writes of claims wait in a queue and are committed together.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "ledger/sqlite.hpp"
#include "platform/fd.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::ledger {

/// Thread-safe. Held by shared_ptr: claims and writes that wait keep it alive.
class SqliteLedger final : public Ledger, public std::enable_shared_from_this<SqliteLedger> {
 public:
  static Result<std::shared_ptr<Ledger>> open(LedgerOptions options);
  SqliteLedger(LedgerOptions options, std::string path, Database database, platform::Fd locks)
      : options_(std::move(options)),
        path_(std::move(path)),
        database_(std::move(database)),
        locks_(std::move(locks)) {}
  /// Writes what waits.
  ~SqliteLedger() override;
  SqliteLedger(const SqliteLedger&) = delete;
  SqliteLedger& operator=(const SqliteLedger&) = delete;

  std::string path() const override { return path_; }
  Result<std::unique_ptr<JobClaim>> claim(const JobRecord& wanted) override;
  Result<std::unique_ptr<JobClaim>> claim(std::int64_t id) override;
  Result<std::vector<JobRecord>> jobs() override;
  Result<JobRecord> job(std::int64_t id) override;
  Status flush() override;

  // For claims.

  std::string spool_path(std::int64_t id) const { return file_of(id, "spool"); }
  /// See WrittenFile.
  std::string written_path(std::int64_t id) const { return file_of(id, "written"); }
  using Work = std::function<Status(Database&)>;
  /// Written soon, with what else waits. `done`, if any, is then called without a lock held.
  void later(Work work, std::function<void(Status)> done = nullptr);
  /// As later(), without waiting for what else may come.
  void at_once(Work work, std::function<void(Status)> done);
  /// As at_once(); then others may claim the job.
  void release(std::int64_t id, std::function<void(Status)> done = nullptr);
  Result<std::vector<Mark>> marks(std::int64_t id, std::uint64_t from, std::size_t most);
  Result<std::string> state_behind(std::int64_t id, std::uint64_t index);
  Result<std::vector<ItemRecord>> items(std::int64_t id, const std::string& from, std::size_t most);
  /// Writes what waits and then this, at once.
  Status now(const Work& work);
  /// The job gets a new number, which this process holds instead of the old one.
  Result<std::int64_t> set_aside(const JobRecord& old, const JobRecord& wanted);

 private:
  struct Write {
    Work work;
    std::function<void(Status)> done;
    std::int64_t releases = 0;  // this job
  };
  /// Whom to tell of what was written, once no lock is held.
  using Told = std::vector<std::function<void()>>;

  /// Of a job, beside the ledger.
  std::string file_of(std::int64_t id, const char* what) const;
  void count_in_file(JobRecord& job) const;
  void queue(Write write, bool hurry);
  Status write_waiting(Told& told);
  Result<std::int64_t> find_or_insert(const JobRecord& wanted);
  /// None: it went away, or is another's by now.
  Result<std::unique_ptr<JobClaim>> take(std::int64_t id, bool& gone);
  bool lock(std::int64_t id);
  void unlock(std::int64_t id);
  std::int64_t owner_of(const JobRecord& job);
  Status held_by(std::int64_t pid, const std::string& destination) const;
  void trouble(const Status& status);

  const LedgerOptions options_;
  const std::string path_;
  std::mutex mutex_;  // guards what follows
  Database database_;
  const platform::Fd locks_;     // byte N of this file is locked by who holds job N
  std::set<std::int64_t> held_;  // by this ledger: locks of one descriptor do not exclude each other
  std::mutex queue_mutex_;       // guards what follows; taken after mutex_
  std::deque<Write> queue_;
  bool writing_soon_ = false;
  std::chrono::steady_clock::time_point next_commit_;
  bool troubled_ = false;
};

}  // namespace weir::ledger
