// A source, a store and a ledger that outlive each run, and an upload that was stopped in its middle.
#pragma once

#include <catch2/catch.hpp>
#include <thread>

#include "memory_target.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/file.hpp"
#include "weir/transfer/upload.hpp"

namespace weir::test {

inline constexpr std::size_t kPart = 128 * kKiB;
inline constexpr std::size_t kParts = 9;

/// The ledger as a kill leaves it just behind the completion: the upload and all parts of `bytes` are recorded.
inline void record_all(Ledger& ledger, const JobRecord& record, const std::string& bytes, std::size_t part_bytes,
                       const std::string& etag) {
  auto claim = ledger.claim(record);
  REQUIRE((*claim)->start(record).ok());
  (*claim)->upload_begun(record.upload_id, nullptr);
  std::uint32_t number = 0;
  for (std::size_t offset = 0; offset < bytes.size(); offset += part_bytes) {
    const std::string part = bytes.substr(offset, part_bytes);
    (*claim)->part_stored({++number, offset, part.size(), crc64nvme(0, std::as_bytes(std::span(part))), etag, ""});
  }
}

struct ResumeWorld {
  TempDir directory;
  std::string state = directory.path("state");
  std::string bytes = sample_bytes(kParts * kPart - 77);
  std::string path = directory.write("source", bytes);
  std::shared_ptr<MemoryTarget> target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
  std::shared_ptr<Ledger> ledger = open();
  std::function<From()> from = [this] { return From(file(path)); };
  std::size_t part_bytes = kPart;

  std::shared_ptr<Ledger> open() const {
    LedgerOptions options;
    options.state_dir = state;
    return *Ledger::open(options);
  }
  UploadOptions options() const {
    UploadOptions options;
    options.part_bytes = part_bytes;
    options.concurrency = 2;
    options.ledger = ledger;
    options.retry.max_attempts = 2;
    options.retry.base_transient = std::chrono::milliseconds(1);
    return options;
  }
  Job run(const UploadOptions& how) { return start(from() | To(upload_to(target, how))); }
  Result<Receipt> upload() { return run(options()).wait(); }
  /// Leaves an upload with `parts` parts behind.
  void stop_after(unsigned parts) {
    target->stall_after = parts;
    Job job = run(options());
    for (int i = 0; i < 5000 && target->parts_put < parts; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    REQUIRE(target->parts_put == parts);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // until their answers have come
    job.suspend();
    const auto result = job.wait();
    REQUIRE(result.status().kind() == Kind::cancelled);
    CHECK(result.error().kept_bytes == parts * part_bytes);
    CHECK(result.error().advice.find("run this again to go on") != std::string::npos);
    target->stall_after = UINT32_MAX;
    target->parts_put = 0;
    REQUIRE(ledger->jobs()->size() == 1);
    REQUIRE((*ledger->jobs())[0].parts_stored == parts);
    REQUIRE(target->open_uploads() == 1);
  }
  /// What an earlier run left does not fit: it stays, and the user is told what to do.
  Error is_left_to_the_user(Kind kind) {
    const std::uint32_t stored = (*ledger->jobs())[0].parts_stored;
    const auto refused = upload();
    INFO(refused.status().message());
    CHECK(refused.status().kind() == kind);
    CHECK(refused.error().kept_bytes > 0);
    CHECK_FALSE(target->object());
    CHECK(target->open_uploads() == 1);
    REQUIRE(ledger->jobs()->size() == 1);
    CHECK((*ledger->jobs())[0].parts_stored >= stored);
    return refused.error();
  }
  void finishes_with(unsigned parts_sent) {
    const auto receipt = upload();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK(target->parts_put == parts_sent);
    CHECK(receipt->bytes_stored == bytes.size());
    CHECK(receipt->checksum_verified);
    target->settle();
    CHECK(target->object() == bytes);
    CHECK(target->open_uploads() == 0);
    CHECK(ledger->jobs()->empty());
  }
};

}  // namespace weir::test
