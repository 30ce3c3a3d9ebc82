// What a ledger keeps of a copy of many, so that the same call goes on with it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "transfer/copy_places.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::transfer {

/// Each item that is stored is written down with what its source was then and what the destination has of it since; the
/// next run leaves out what still is both. It is written down together with others, soon enough that a kill forgets no
/// more than a quarter of a second's items, and of these 16 MiB and one item. Thread-safe after begin().
class CopyRecord {
 public:
  explicit CopyRecord(const CopyOptions& options) : options_(options) {}

  /// Claims the job of these sources and this destination, unless nothing is to be recorded: without a ledger, for a
  /// dry run, and with CopyOptions::update, which goes on by itself. Looks into the ledger's file. Errors: unavailable
  /// (another process is at this copy). A ledger that does not work is no error: it tells so by itself.
  Status begin(const std::vector<std::string>& sources, const CopyDestination& destination);
  /// An earlier run has stored some of it.
  bool goes_on() const noexcept { return goes_on_; }
  bool records() const noexcept { return claim_ != nullptr; }
  /// What an earlier run has stored under that key of the destination.
  std::optional<ItemRecord> find(const std::string& key);
  void stored(ItemRecord item);
  /// Writes what waits. `whole`: all was copied, and the job is forgotten.
  void end(bool whole);

 private:
  std::optional<JobRecord> job_of(const std::vector<std::string>& sources, const CopyDestination& destination) const;
  void mark_files(store::LocalStore& local, const JobRecord& found) const;
  void hand_over();

  const CopyOptions& options_;
  std::unique_ptr<JobClaim> claim_;  ///< null: nothing is recorded
  bool goes_on_ = false;

  std::mutex page_mutex_;         // guards what follows
  std::vector<ItemRecord> page_;  ///< of earlier items, as the ledger has them
  std::string page_from_;         ///< all whose keys are not before this
  bool page_read_ = false;
  bool page_is_last_ = false;

  std::mutex mutex_;  // guards what follows
  bool named_ = false;
  std::vector<ItemRecord> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  std::chrono::steady_clock::time_point handed_over_;
};

}  // namespace weir::transfer
