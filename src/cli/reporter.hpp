// Reporter: tells people and programs how a transfer goes, in the form they asked for.
#pragma once

#include <cstdint>
#include <string>

#include "json_events.hpp"
#include "limit_watch.hpp"
#include "options.hpp"
#include "progress_bar.hpp"
#include "report_channel.hpp"
#include "weir/core/job.hpp"

namespace weir::cli {

/// "done 12.1 GiB → 3.0 GiB in 32s (387 MiB/s), 2 retries, crc64nvme rosUhgp5mIg= verified by the store": what is
/// proven, and what is not. `source` and `sink` are what kinds of places the bytes came from and went to.
std::string done_text(const Receipt& receipt, EndKind source, EndKind sink, bool unicode);

/// What is to be told about. Names may be any bytes.
struct ReportPlan {
  TransferNames names;
  EndKind source = EndKind::file;
  EndKind sink = EndKind::file;
  bool final_line = true;  ///< for people, at the end
};

/// Thread-compatible; used by the main thread alone, which may wait for whoever reads it.
class Reporter {
 public:
  Reporter(const Options& options, ReportPlan plan);

  /// What holds it to --limit-rate; null: nothing.
  void watch(std::shared_ptr<RateLimiter> limiter) { limit_ = LimitWatch(std::move(limiter)); }
  void started(const Progress& progress);
  /// Every tenth of a second or so; keeps to the pace of its form by itself.
  void update(const Progress& progress);
  /// One line of status now, whatever the form.
  void status_now(const Progress& progress);
  void stopping(int signal);
  void done(const Receipt& receipt, const Progress& last);
  void failed(const Error& error, int code, const Progress& last);

  /// How the writing to standard output went; broken_pipe as soon as the reader has gone.
  Status output_status();

 private:
  void look(const Progress& progress);
  void notice(const std::string& line);
  void tell_comparing(const Progress& progress);
  void tell_resumed(const Progress& progress);
  void tell_retries(const Progress& progress);

  const ReportPlan plan_;
  ReportChannel channel_;
  const bool quiet_;
  ProgressView view_;
  LimitWatch limit_;
  std::uint32_t retries_told_ = 0;
  std::uint64_t resumed_seen_ = 0;
  bool resumed_told_ = false;
  bool comparing_told_ = false;
};

}  // namespace weir::cli
