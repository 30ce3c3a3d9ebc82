#include "report_channel.hpp"

#include <csignal>

#include "json_events.hpp"
#include "notices.hpp"
#include "terminal.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kPlainEveryNs = 30 * kSecondNs;
constexpr std::uint64_t kJsonEveryNs = kSecondNs / 2;
/// Back to the start of the line, and clear it.
constexpr const char* kClearLine = "\r\x1b[K";

ProgressMode chosen_mode(const Options& options, bool data_on_output) {
  if (options.quiet) return ProgressMode::none;
  if (options.progress != ProgressMode::automatic) return options.progress;
  if (options.json) return ProgressMode::none;
  if (data_on_output && is_terminal(1)) return ProgressMode::none;
  return can_redraw(2, process_environment) ? ProgressMode::bar : ProgressMode::plain;
}

}  // namespace

ReportChannel::ReportChannel(const Options& options, bool data_on_output)
    : options_(options),
      mode_(chosen_mode(options, data_on_output)),
      unicode_(wants_unicode(process_environment)),
      colour_(wants_colour(options.colour, is_terminal(2), process_environment)) {
  if (mode_ == ProgressMode::bar) status_line_ = std::make_unique<StatusLine>();
  if (mode_ == ProgressMode::plain) next_ns_ = kPlainEveryNs;
  if (options.json || mode_ == ProgressMode::json) {
    events_on_output_ = options.json && !data_on_output;
    events_ = events_on_output_ ? std::make_unique<Output>() : std::make_unique<Output>(2, "standard error");
  }
}

LineStyle ReportChannel::style() const { return {terminal_columns(2, process_environment), unicode_, colour_}; }

void ReportChannel::emit(const std::string& json_line) {
  if (events_) events_->print_line(json_line);
}

/// One write, at most ten times a second: the main thread calls at that pace.
void ReportChannel::draw_text(const std::string& line) {
  status_line_->write(kClearLine + line);
  drawn_ = true;
}

void ReportChannel::clear() {
  if (drawn_) status_line_->write(kClearLine);
  drawn_ = false;
}

void ReportChannel::tell(const std::string& text) {
  clear();
  say(text);
}

void ReportChannel::tell_notices() {
  for (const std::string& line : take_notices()) {
    emit(notice_event(line));
    if (!options_.quiet && !events_) tell("weir: " + printable(line) + "\n");
  }
}

void ReportChannel::tell_stopping(int signal) {
  clear();
  const char* const name = signal == SIGINT ? "interrupt" : signal == SIGTERM ? "termination" : "hang-up";
  if (!silent()) say(fmt::format("weir: {}: stopping\n", name));
}

bool ReportChannel::is_due(std::uint64_t elapsed_ns) {
  if (elapsed_ns < next_ns_ || (!events_ && mode_ != ProgressMode::plain)) return false;
  next_ns_ = elapsed_ns + (events_ ? kJsonEveryNs : kPlainEveryNs);
  return true;
}

Status ReportChannel::events_status() { return events_on_output_ ? events_->status() : Status(); }

}  // namespace weir::cli
