// Ledgers of a test's own.
#pragma once

#include <catch2/catch.hpp>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "ledger/served_uploads.hpp"
#include "support/temp_dir.hpp"
#include "weir/ledger/ledger.hpp"

namespace weir::test {

inline std::shared_ptr<Ledger> open_ledger(const std::string& directory, std::vector<std::string>* troubles = nullptr) {
  LedgerOptions options;
  options.state_dir = directory;
  if (troubles != nullptr) options.on_trouble = [troubles](const std::string& line) { troubles->push_back(line); };
  auto ledger = Ledger::open(options);
  INFO(ledger.status().message());
  REQUIRE(ledger.ok());
  return *ledger;
}

/// Four parts of 8 MiB and one of 1 byte.
inline JobRecord some_job(const std::string& name = "/data/big.csv") {
  JobRecord job;
  job.source = {name, 7, 8, 4 * 8 * kMiB + 1, 1'700'000'000'123'456'789};
  job.place = "s3 aws bucket/big.csv";
  job.destination = "s3://bucket/big.csv";
  job.fingerprint = "f00d";
  job.part_bytes = 8 * kMiB;
  job.resume_hint = "how";
  return job;
}

inline PartReceipt some_part(std::uint32_t number) {
  const std::uint64_t offset = (number - 1) * 8 * kMiB;
  return {number, offset, number == 5 ? 1 : 8 * kMiB, 0x8000000000000000u + number, "etag-" + std::to_string(number),
          "sum"};
}

inline ItemRecord some_item(const std::string& key) {
  ItemRecord item;
  item.key = key;
  item.bytes = 1000 + key.size();
  item.source = 0xA000000000000000u + key.size();
  item.stored = 0xB000000000000000u + key.size();
  return item;
}

inline ledger::ServedUpload some_served(const std::string& id) {
  ledger::ServedUpload upload;
  upload.id = id;
  upload.created_unix = 1'790'000'000;
  upload.expires_unix = 1'790'600'000;
  upload.length = 10;
  upload.durable = 7;
  upload.metadata = "filename YQ==";
  upload.owner = "somebody";
  upload.boot = "this run";
  return upload;
}

/// Gives `record` what it is to call, and waits until it has.
inline Status when_written(const std::function<void(std::function<void(Status)>)>& record) {
  std::mutex mutex;
  std::condition_variable came;
  std::optional<Status> written;
  record([&](const Status& status) {
    const std::lock_guard lock(mutex);
    written = status;
    came.notify_all();
  });
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return written.has_value(); });
  return *written;
}

/// Records an upload and waits until that is safe.
inline Status begin_upload(JobClaim& claim, const std::string& id) {
  return when_written([&](auto done) { claim.upload_begun(id, std::move(done)); });
}

/// Records that one is about to be begun.
inline Status note_begin(JobClaim& claim) {
  return when_written([&](auto done) { claim.upload_begins(std::move(done)); });
}

}  // namespace weir::test
