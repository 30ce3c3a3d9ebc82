// A claim on a job of the SQLite ledger.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "ledger/sqlite_ledger.hpp"
#include "ledger/written_file.hpp"

namespace weir::ledger {

std::int64_t now_unix();

/// Thread-safe but for start(), set_aside() and adopt(), which come first.
class SqliteClaim final : public JobClaim {
 public:
  SqliteClaim(std::shared_ptr<SqliteLedger> ledger, JobRecord record)
      : ledger_(std::move(ledger)), record_(std::move(record)) {
    keep_written_of(record_.upload_id);
    lost_begins_ = record_.begins;
  }
  ~SqliteClaim() override {
    if (held_) ledger_->release(record_.id);
  }
  SqliteClaim(const SqliteClaim&) = delete;
  SqliteClaim& operator=(const SqliteClaim&) = delete;

  const JobRecord& record() const override { return record_; }
  Status start(const JobRecord& wanted) override;
  Status set_aside(const JobRecord& wanted) override;
  Status adopt(const JobRecord& wanted) override;
  void upload_begins(std::function<void(Status)> done) override;
  void nothing_begun() override;
  std::vector<LostBegin> lost_begins() const override;
  void upload_begun(const std::string& upload_id, std::function<void(Status)> done) override;
  void part_stored(const PartReceipt& part, std::function<void(Status)> done) override;
  void part_written(const PartReceipt& part) override;
  void mark_made(std::uint64_t index, const Mark& mark, std::string state) override;
  Result<std::string> state_behind(std::uint64_t index) override;
  Result<std::vector<Mark>> marks(std::uint64_t from, std::size_t most) override;
  void items_stored(std::vector<ItemRecord> items) override;
  Result<std::vector<ItemRecord>> items(const std::string& from, std::size_t most) override;
  std::string spool_path() const override { return ledger_->spool_path(record_.id); }
  void finished() override;
  void let_go(std::function<void()> done) override;

 private:
  JobRecord fresh(const JobRecord& wanted) const;
  void keep_written_of(const std::string& upload_id);
  std::uint32_t take_begin();

  const std::shared_ptr<SqliteLedger> ledger_;
  JobRecord record_;
  bool held_ = true;
  mutable std::mutex begins_mutex_;  // guards the next two
  std::vector<LostBegin> lost_begins_;
  std::uint32_t begin_ = 0;  // the one that is under way; 0: none is

  std::mutex written_mutex_;              // guards what follows
  std::unique_ptr<WrittenFile> written_;  // null: nothing more is to be recorded there
};

}  // namespace weir::ledger
