#include "reporter.hpp"

#include <csignal>
#include <string_view>
#include <utility>

#include "notices.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "weir/core/units.hpp"

namespace weir::cli {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kPlainEveryNs = 30 * kSecondNs;
constexpr std::uint64_t kJsonEveryNs = kSecondNs / 2;
/// Back to the start of the line, and clear it.
constexpr const char* kClearLine = "\r\x1b[K";

ProgressMode chosen_mode(const Options& options, const ReportPlan& plan) {
  if (options.quiet) return ProgressMode::none;
  if (options.progress != ProgressMode::automatic) return options.progress;
  if (options.json) return ProgressMode::none;
  if (plan.sink == EndKind::standard && is_terminal(1)) return ProgressMode::none;
  return can_redraw(2, process_environment) ? ProgressMode::bar : ProgressMode::plain;
}

}  // namespace

std::string done_text(const Receipt& receipt, EndKind sink, bool unicode) {
  const double seconds = static_cast<double>(receipt.duration_ns) / 1e9;
  std::string text = "done " + format_size(receipt.bytes_read);
  if (receipt.bytes_stored != receipt.bytes_read) {
    text += std::string(unicode ? " → " : " -> ") + format_size(receipt.bytes_stored);
  }
  text += " in " + format_duration(seconds);
  if (seconds > 0) text += " (" + format_size(static_cast<double>(receipt.bytes_read) / seconds) + "/s)";
  if (receipt.retries > 0) text += fmt::format(", {} {}", receipt.retries, receipt.retries == 1 ? "retry" : "retries");
  for (const auto& [name, found] : receipt.facts) text += fmt::format(", {} {}", name, found);
  const std::string checksum = receipt.checksum.empty() ? "" : ", " + receipt.checksum;
  const auto colon = checksum.find(':');
  text += colon == std::string::npos ? checksum : checksum.substr(0, colon) + " " + checksum.substr(colon + 1);
  if (receipt.checksum_verified) {
    text += is_store(sink) ? " verified by the store" : " verified";
  } else if (is_store(sink)) {
    text += ", not verified: the store has no checksum";
  }
  return text;
}

std::string error_text(const Error& error, bool colour) {
  const std::string message = printable(Status(error).message(), false, true);
  std::string text = colour ? "\x1b[31mweir:\x1b[0m " : "weir: ";
  for (const char c : message) {
    text += c;
    if (c == '\n') text += "      ";
  }
  return text + "\n";
}

Reporter::Reporter(const Options& options, ReportPlan plan)
    : options_(options),
      plan_(std::move(plan)),
      mode_(chosen_mode(options, plan_)),
      unicode_(wants_unicode(process_environment)),
      colour_(wants_colour(options.colour, is_terminal(2), process_environment)) {
  view_.name = printable(plan_.names.source, !unicode_);
  if (const auto slash = view_.name.find_last_of('/'); slash != std::string::npos && slash + 1 < view_.name.size()) {
    view_.name.erase(0, slash + 1);
  }
  if (view_.name == "-") view_.name = "standard input";
  view_.source = plan_.source;
  view_.sink = plan_.sink;
  view_.limit_rate = options_.limit_rate;
  if (mode_ == ProgressMode::bar) status_line_ = std::make_unique<StatusLine>();
  if (mode_ == ProgressMode::plain) next_ns_ = kPlainEveryNs;
  if (options.json || mode_ == ProgressMode::json) {
    events_on_output_ = options.json && plan_.sink != EndKind::standard;
    events_ = events_on_output_ ? std::make_unique<Output>() : std::make_unique<Output>(2, "standard error");
  }
}

void Reporter::emit(const std::string& json_line) {
  if (events_) events_->print_line(json_line);
}

void Reporter::started(const Progress& progress) {
  view_.progress = progress;
  emit(start_event(plan_.names, progress));
}

void Reporter::tell_notices() {
  for (const std::string& line : take_notices()) {
    emit(notice_event(line));
    if (options_.quiet || events_) continue;
    clear_bar();
    say("weir: " + printable(line) + "\n");
  }
}

void Reporter::tell_retries(const Progress& progress) {
  if (progress.retries == retries_told_) return;
  retries_told_ = progress.retries;
  emit(retry_event(progress));
}

/// Once it is known: parts are compared one after another.
void Reporter::tell_resumed(const Progress& progress) {
  if (resumed_told_ || progress.bytes_resumed == 0) return;
  if (std::exchange(resumed_seen_, progress.bytes_resumed) != progress.bytes_resumed) return;
  resumed_told_ = true;
  const std::string line =
      fmt::format("resuming at {} (source unchanged, the rest is sent)", format_size(progress.bytes_resumed));
  emit(notice_event(line));
  if (options_.quiet || events_) return;
  clear_bar();
  say(line + "\n");
}

void Reporter::update(const Progress& progress) {
  view_.progress = progress;
  tell_notices();
  tell_resumed(progress);
  tell_retries(progress);
  if (mode_ == ProgressMode::bar) draw();
  if (progress.elapsed_ns < next_ns_) return;
  if (events_) {
    emit(progress_event(view_));
    next_ns_ = progress.elapsed_ns + kJsonEveryNs;
  } else if (mode_ == ProgressMode::plain) {
    say(plain_line(view_) + "\n");
    next_ns_ = progress.elapsed_ns + kPlainEveryNs;
  }
}

/// One write, at most ten times a second: the main thread calls at that pace.
void Reporter::draw() {
  const LineStyle style{terminal_columns(2, process_environment), unicode_, colour_};
  status_line_->write(kClearLine + progress_line(view_, style));
  bar_drawn_ = true;
}

void Reporter::clear_bar() {
  if (bar_drawn_) status_line_->write(kClearLine);
  bar_drawn_ = false;
}

void Reporter::status_now(const Progress& progress) {
  view_.progress = progress;
  clear_bar();
  say(plain_line(view_) + "\n");
}

void Reporter::stopping(int signal) {
  clear_bar();
  const char* const name = signal == SIGINT ? "interrupt" : signal == SIGTERM ? "termination" : "hang-up";
  if (!options_.quiet && !(events_ && !events_on_output_)) say(fmt::format("weir: {}: stopping\n", name));
}

void Reporter::done(const Receipt& receipt, const Progress& last) {
  clear_bar();
  tell_notices();
  resumed_seen_ = last.bytes_resumed;
  tell_resumed(last);
  tell_retries(last);
  emit(done_event(receipt));
  emit(summary_event(true, last, 0));
  if (options_.quiet || events_ || !plan_.final_line) return;
  say(done_text(receipt, plan_.sink, unicode_) + "\n");
}

void Reporter::failed(const Error& error, int code, const Progress& last) {
  clear_bar();
  tell_notices();
  tell_retries(last);
  emit(error_event(error, code));
  emit(summary_event(false, last, code));
  if (events_ && !events_on_output_) return;  // standard error is all JSON
  say(error_text(error, colour_));
}

Status Reporter::output_status() { return events_on_output_ ? events_->status() : Status(); }

}  // namespace weir::cli
