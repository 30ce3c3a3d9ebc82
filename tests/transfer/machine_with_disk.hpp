// A directory whose disk loses power, with a ledger in it.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "support/is_gone.hpp"
#include "support/watched_calls.hpp"
#include "support/watched_sqlite.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::test {

inline std::shared_ptr<Ledger> open_ledger(const TempDir& directory) {
  LedgerOptions options;
  options.state_dir = directory.path("state");
  auto opened = Ledger::open(options);
  INFO(opened.status().message());
  REQUIRE(opened.ok());
  return *std::move(opened);
}

/// What the disk has of a transfer into `out` is the whole file or, unless it must be whole, what was there `before`;
/// and it has all that the ledger has recorded of it.
inline void holds_what_is_recorded(const TempDir& directory, const std::string& out, const std::string& bytes,
                                   const std::string& before, bool must_be_whole) {
  const std::string file = read_file(out);
  REQUIRE((file == bytes || (!must_be_whole && file == before)));
  const auto ledger = open_ledger(directory);
  const auto jobs = ledger->jobs();
  REQUIRE(jobs.ok());
  REQUIRE(jobs->size() <= 1);
  if (jobs->empty()) return;
  const auto job = ledger->job((*jobs)[0].id);
  REQUIRE(job.ok());
  const std::string partial = read_file(directory.path("down/" + job->upload_id));
  const std::string& there = partial.empty() ? file : partial;
  for (const PartReceipt& part : job->parts) {
    INFO("part " << part.number);
    REQUIRE(there.size() >= part.offset + part.length);
    REQUIRE((there.compare(part.offset, part.length, bytes, part.offset, part.length) == 0));
  }
}

/// One at a time.
struct MachineWithDisk {
  TempDir directory = TempDir::in_memory();
  Disk disk{directory.root()};
  WatchedSqlite sqlite{disk};
  WatchedCalls calls;

  explicit MachineWithDisk(std::int64_t write_takes_ns = 0) : calls(disk, write_takes_ns) {}
  ~MachineWithDisk() { is_quiet(); }
  MachineWithDisk(const MachineWithDisk&) = delete;
  MachineWithDisk& operator=(const MachineWithDisk&) = delete;

  std::shared_ptr<Ledger> ledger() const { return open_ledger(directory); }
  /// All files are closed: threads of the pool may have been at them last.
  bool is_quiet() const {
    for (int i = 0; i < 20'000 && (sqlite.open_files() > 0 || calls.open_files() > 0); ++i) {
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    return sqlite.open_files() == 0 && calls.open_files() == 0;
  }
  /// After the first `n` steps of `of`. What follows is not recorded.
  void lose_power(Disk& of, std::size_t n, std::uint64_t seed) {
    REQUIRE(is_quiet());
    sqlite.turn_away();
    calls.turn_away();
    of.lose_power(n, seed);
  }
  void record_on(Disk& other) {
    REQUIRE(is_quiet());
    sqlite.turn_to(other);
    calls.turn_to(other);
  }
};

}  // namespace weir::test
