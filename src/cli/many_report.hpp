// Tells people and programs how a copy of many goes.
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "limit_watch.hpp"
#include "options.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "report_channel.hpp"
#include "weir/transfer/copy_many.hpp"

namespace weir::cli {

/// "1,234 of 10,000 files  3 failed  120 MiB of 610 MiB  51 MiB/s  ETA 11s", or "… of 10,000+ files  120 MiB  51 MiB/s
/// ETA unknown: still listing", as far as it fits. Pure.
std::string many_line(const CopyProgress& progress, const LineStyle& style, bool rate_limited = false);
/// The same with a bar in front, once all is found and where there is room for one of 8 columns or more. Pure.
std::string many_bar_line(const CopyProgress& progress, const LineStyle& style, bool rate_limited = false);
/// "copied a.txt → s3://b/a.txt (12 KiB)", "kept s3://b/a.txt", "would copy a.txt → s3://b/a.txt". Pure.
std::string item_line(const CopyItem& item, bool unicode);
/// "10,000 files, 12 failed, 3 kept, 610 MiB in 12s (51 MiB/s, 833 files/s)". `unproven`: copied without a checksum
/// that was compared, as `lacking` ("store", "source") has none. Pure.
std::string many_done_text(const CopyProgress& progress, std::uint64_t inside, std::uint64_t unproven,
                           std::string_view lacking, bool dry_run);
/// "10,000".
std::string grouped(std::uint64_t number);

/// Thread-safe: items come from their own threads, the rest from the main one.
class ManyReport {
 public:
  /// `destination`: where all of them go. `one`: a single object, whose failure says all that there is to say.
  ManyReport(const Options& options, EndKind destination, bool one = false);

  /// What holds it to --limit-rate; null: nothing.
  void watch(std::shared_ptr<RateLimiter> limiter) { limit_ = LimitWatch(std::move(limiter)); }

  void item(const CopyItem& item);
  /// Every tenth of a second or so.
  void update(const CopyProgress& progress);
  void status_now(const CopyProgress& progress);
  void stopping(int signal);
  /// The code that all failures share, else 1; 0 where none failed.
  int failures_code() const;
  void done(const CopyProgress& last, int code);
  /// The whole could not be done.
  void failed(const Error& error, int code, const CopyProgress& last);
  Status output_status();

 private:
  std::string log_line(const CopyProgress& progress);

  const Options options_;
  const bool to_store_;
  const bool one_;
  const bool data_on_output_;
  mutable std::mutex mutex_;
  ReportChannel channel_;
  Output output_;
  LimitWatch limit_;
  std::uint64_t inside_ = 0;
  std::uint64_t unproven_ = 0;
  std::set<int> codes_;
};

}  // namespace weir::cli
