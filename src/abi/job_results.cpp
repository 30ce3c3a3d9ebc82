// Progress and receipts as C has them.
#include <algorithm>
#include <cstring>
#include <memory>

#include "abi/job.hpp"
#include "abi/owned.hpp"
#include "abi/structs.hpp"

namespace weir::abi {

namespace {

int32_t state_of(JobState state) noexcept {
  switch (state) {
    case JobState::running:
      return WEIR_JOB_RUNNING;
    case JobState::paused:
      return WEIR_JOB_PAUSED;
    case JobState::stopping:
      return WEIR_JOB_STOPPING;
    case JobState::done:
      return WEIR_JOB_DONE;
    case JobState::failed:
      return WEIR_JOB_FAILED;
  }
  return WEIR_JOB_FAILED;
}

}  // namespace

void fill_progress(const Progress& from, weir_progress& into) noexcept {
  weir_init(&into, sizeof into);
  into.state = state_of(from.state);
  into.bytes_done = from.bytes_done;
  into.has_total = from.total_bytes ? 1 : 0;
  into.bytes_total = from.total_bytes.value_or(0);
  into.bytes_read = from.bytes_read;
  into.bytes_received = from.bytes_received;
  into.bytes_sent = from.bytes_sent;
  into.bytes_confirmed = from.bytes_confirmed;
  into.bytes_durable = from.bytes_durable;
  into.bytes_resumed = from.bytes_resumed;
  into.elapsed_ns = from.elapsed_ns;
  into.memory_bytes = from.memory_bytes;
  into.memory_limit_bytes = from.memory_limit_bytes;
  into.bytes_per_second = from.bytes_per_second;
  into.has_eta = from.eta_seconds ? 1 : 0;
  into.eta_seconds = from.eta_seconds.value_or(0);
  into.stalled_seconds = from.stalled_seconds;
  into.parts_done = from.parts_done;
  into.parts_in_flight = from.parts_in_flight;
  into.concurrency = from.concurrency;
  into.retries = from.retries;
  const std::size_t length = std::min(from.limited_by.size(), sizeof into.limited_by - 1);
  std::memcpy(into.limited_by, from.limited_by.data(), length);
}

Answer check_receipt(const weir_receipt* out) { return out == nullptr ? Answer() : check_result(out, "weir_receipt"); }

void fill_receipt(const Receipt& from, weir_receipt* out) {
  if (out == nullptr) return;
  auto owned = std::make_unique<Owned>();
  weir_receipt full;
  weir_init(&full, sizeof full);
  full.checksum_verified = from.checksum_verified ? 1 : 0;
  full.bytes_read = from.bytes_read;
  full.bytes_acked = from.bytes_acked;
  full.bytes_stored = from.bytes_stored;
  full.bytes_resumed = from.bytes_resumed;
  full.bytes_skipped = from.bytes_skipped;
  full.duration_ns = from.duration_ns;
  full.parts = from.parts;
  full.retries = from.retries;
  full.destination = owned->keep(from.destination);
  full.etag = owned->keep(from.etag);
  full.checksum = owned->keep(from.checksum);
  full.facts = owned->keep(from.facts);
  full.fact_count = from.facts.size();
  full.owned = owned.release();
  weir_receipt_clear(out);
  write_result(out, full);
}

}  // namespace weir::abi

void weir_receipt_clear(weir_receipt* receipt) { weir::abi::clear_result(receipt); }
