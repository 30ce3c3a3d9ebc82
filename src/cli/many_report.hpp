// Tells people and programs how a copy of many goes.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "options.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "weir/core/progress.hpp"
#include "weir/transfer/copy_many.hpp"

namespace weir::cli {

/// "1,234 of 10,000+ files  3 failed  120/610 MiB  51 MiB/s", as far as it fits. Pure.
std::string many_line(const CopyProgress& progress, double bytes_per_second, const LineStyle& style);
/// "10,000 files, 12 failed, 3 kept, 610 MiB in 12s (51 MiB/s, 833 files/s)". `unproven`: copied without a checksum
/// that was compared. Pure.
std::string many_done_text(const CopyProgress& progress, std::uint64_t inside, std::uint64_t unproven, bool dry_run);
/// "10,000".
std::string grouped(std::uint64_t number);

/// Thread-safe: items come from their own threads, the rest from the main one.
class ManyReport {
 public:
  explicit ManyReport(const Options& options, bool to_store);

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
  void emit(const std::string& line);
  void tell_notices();
  void clear_bar();
  bool silent() const { return options_.quiet || (events_ && !events_on_output_); }

  const Options options_;
  const bool to_store_;
  ProgressMode mode_;
  const bool unicode_;
  const bool colour_;
  mutable std::mutex mutex_;
  std::unique_ptr<Output> events_;  ///< null: no JSON
  bool events_on_output_ = false;
  Output output_;
  std::unique_ptr<StatusLine> status_line_;
  RateMeter meter_;
  bool bar_drawn_ = false;
  std::uint64_t next_ns_ = 0;
  std::uint64_t inside_ = 0;
  std::uint64_t unproven_ = 0;
  std::set<int> codes_;
};

}  // namespace weir::cli
