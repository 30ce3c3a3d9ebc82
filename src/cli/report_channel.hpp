// Where a report goes: a line that is drawn over, lines for logs, events; and what all reports tell in the same way.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "command_words.hpp"
#include "options.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "weir/core/status.hpp"

namespace weir::cli {

/// Thread-compatible.
class ReportChannel {
 public:
  /// Events go to standard output unless `data_on_output`. Where that is a terminal, no progress is drawn over the
  /// data.
  ReportChannel(const Options& options, bool data_on_output);

  ProgressMode mode() const { return mode_; }  ///< never automatic
  bool unicode() const { return unicode_; }
  bool has_events() const { return events_ != nullptr; }
  /// Nobody is to be told by text: all is quiet, or standard error is all JSON.
  bool silent() const { return options_.quiet || only_events(); }
  /// Standard error is all JSON.
  bool only_events() const { return events_ && !events_on_output_; }

  /// An event, where events are wanted.
  void emit(const std::string& json_line);
  /// Draws the progress line anew, where there is one; `line` gives it for a style.
  template <class Line>
  void draw(Line line) {
    if (mode_ == ProgressMode::bar) draw_text(line(style()));
  }
  /// Text on standard error, above the line that is drawn.
  void tell(const std::string& text);
  void tell_error(const Error& error) { tell(error_text(error, colour_)); }
  void tell_notices();
  void tell_stopping(int signal);
  /// Takes away the progress line, before something else is written.
  void clear();
  /// Whether the next event or line for logs is due; tells true once for each.
  bool is_due(std::uint64_t elapsed_ns);
  /// How the writing of events to standard output went; broken_pipe as soon as the reader has gone.
  Status events_status();

 private:
  LineStyle style() const;
  void draw_text(const std::string& line);

  const Options options_;
  ProgressMode mode_;
  const bool unicode_;
  const bool colour_;
  bool events_on_output_ = false;
  std::unique_ptr<Output> events_;  ///< null: no JSON
  std::unique_ptr<StatusLine> status_line_;
  bool drawn_ = false;
  std::uint64_t next_ns_ = 0;  ///< elapsed time of the next line or event
};

}  // namespace weir::cli
