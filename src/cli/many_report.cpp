#include "many_report.hpp"

#include <csignal>

#include "exit_codes.hpp"
#include "json_events.hpp"
#include "notices.hpp"
#include "reporter.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "weir/core/units.hpp"

namespace weir::cli {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kPlainEveryNs = 30 * kSecondNs;
constexpr std::uint64_t kJsonEveryNs = kSecondNs / 2;
constexpr const char* kClearLine = "\r\x1b[K";

std::string files(std::uint64_t count) { return grouped(count) + (count == 1 ? " file" : " files"); }

ProgressMode chosen_mode(const Options& options) {
  if (options.quiet) return ProgressMode::none;
  if (options.progress != ProgressMode::automatic) return options.progress;
  if (options.json) return ProgressMode::none;
  return can_redraw(2, process_environment) ? ProgressMode::bar : ProgressMode::plain;
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string many_line(const CopyProgress& progress, double bytes_per_second, const LineStyle& style) {
  const std::uint64_t done = progress.items();
  std::string line =
      fmt::format("{} of {}{} files", grouped(done), grouped(progress.found), progress.all_found ? "" : "+");
  const auto add = [&](const std::string& more) {
    if (line.size() + 2 + more.size() < style.columns) line += "  " + more;
  };
  if (progress.failed > 0) add(grouped(progress.failed) + " failed");
  if (progress.kept > 0) add(grouped(progress.kept) + " kept");
  add(format_size(progress.bytes_read) + (progress.all_found ? " of " + format_size(progress.bytes_found) : ""));
  if (bytes_per_second > 0) add(format_size(bytes_per_second) + "/s");
  if (progress.retries > 0)
    add(fmt::format("{} {}", grouped(progress.retries), progress.retries == 1 ? "retry" : "retries"));
  return line.size() < style.columns ? line : std::string();
}

std::string many_done_text(const CopyProgress& progress, std::uint64_t inside, std::uint64_t unproven, bool dry_run) {
  std::string text = files(progress.items());
  if (progress.failed > 0) text += fmt::format(", {} failed", grouped(progress.failed));
  if (progress.kept > 0) text += fmt::format(", {} kept as they were", grouped(progress.kept));
  if (dry_run) return text + fmt::format(", {} would be copied", grouped(progress.planned));
  const double seconds = static_cast<double>(progress.duration_ns) / 1e9;
  text += fmt::format(", {} in {}", format_size(progress.bytes_copied), format_duration(seconds));
  if (seconds > 0 && progress.copied > 0) {
    text += fmt::format(" ({}/s, {:.0f} files/s)", format_size(static_cast<double>(progress.bytes_copied) / seconds),
                        static_cast<double>(progress.copied) / seconds);
  }
  if (progress.retries > 0)
    text += fmt::format(", {} {}", grouped(progress.retries), progress.retries == 1 ? "retry" : "retries");
  if (inside > 0) text += fmt::format(", {} by the store itself", grouped(inside));
  if (unproven > 0) text += fmt::format(", {} not verified: the store has no checksum", grouped(unproven));
  return text;
}

ManyReport::ManyReport(const Options& options, bool to_store)
    : options_(options),
      to_store_(to_store),
      mode_(chosen_mode(options)),
      unicode_(wants_unicode(process_environment)),
      colour_(wants_colour(options.colour, is_terminal(2), process_environment)) {
  if (mode_ == ProgressMode::bar) status_line_ = std::make_unique<StatusLine>();
  if (mode_ == ProgressMode::plain) next_ns_ = kPlainEveryNs;
  if (options.json || mode_ == ProgressMode::json) {
    events_on_output_ = options.json;
    events_ = events_on_output_ ? std::make_unique<Output>() : std::make_unique<Output>(2, "standard error");
  }
}

void ManyReport::emit(const std::string& line) {
  if (events_) events_->print_line(line);
}

void ManyReport::clear_bar() {
  if (bar_drawn_) status_line_->write(kClearLine);
  bar_drawn_ = false;
}

void ManyReport::item(const CopyItem& item) {
  std::lock_guard lock(mutex_);
  emit(file_event(item));
  if (item.outcome == CopyOutcome::copied) {
    inside_ += item.inside_store;
    unproven_ += to_store_ && !item.inside_store && !item.receipt.checksum_verified;
  }
  if (item.outcome == CopyOutcome::failed) {
    codes_.insert(exit_code(item.status.kind()));
    if (events_ && !events_on_output_) return;
    clear_bar();
    say(error_text(item.status.error(), colour_));
  }
  if (item.outcome == CopyOutcome::planned && !events_ && !options_.quiet) {
    output_.print(fmt::format("would copy {} {} {}\n", printable(item.source), unicode_ ? "→" : "->",
                              printable(item.destination)));
  }
}

void ManyReport::tell_notices() {
  for (const std::string& line : take_notices()) {
    emit(notice_event(line));
    if (options_.quiet || events_) continue;
    clear_bar();
    say("weir: " + printable(line) + "\n");
  }
}

void ManyReport::update(const CopyProgress& progress) {
  std::lock_guard lock(mutex_);
  meter_.update(progress.bytes_read, progress.duration_ns);
  tell_notices();
  if (mode_ == ProgressMode::bar) {
    const LineStyle style{terminal_columns(2, process_environment), unicode_, colour_};
    status_line_->write(kClearLine + many_line(progress, meter_.bytes_per_second(), style));
    bar_drawn_ = true;
  }
  if (progress.duration_ns < next_ns_) return;
  if (events_) {
    emit(many_progress_event(progress, meter_.bytes_per_second()));
    next_ns_ = progress.duration_ns + kJsonEveryNs;
  } else if (mode_ == ProgressMode::plain) {
    say(many_line(progress, meter_.bytes_per_second(), {SIZE_MAX, unicode_, false}) + "\n");
    next_ns_ = progress.duration_ns + kPlainEveryNs;
  }
}

void ManyReport::status_now(const CopyProgress& progress) {
  std::lock_guard lock(mutex_);
  clear_bar();
  say(many_line(progress, meter_.bytes_per_second(), {SIZE_MAX, unicode_, false}) + "\n");
}

void ManyReport::stopping(int signal) {
  std::lock_guard lock(mutex_);
  clear_bar();
  const char* const name = signal == SIGINT ? "interrupt" : signal == SIGTERM ? "termination" : "hang-up";
  if (!silent()) say(fmt::format("weir: {}: stopping\n", name));
}

int ManyReport::failures_code() const {
  std::lock_guard lock(mutex_);
  if (codes_.empty()) return kExitOk;
  return codes_.size() == 1 ? *codes_.begin() : static_cast<int>(kExitFailed);
}

void ManyReport::done(const CopyProgress& last, int code) {
  std::lock_guard lock(mutex_);
  clear_bar();
  tell_notices();
  emit(many_summary_event(last, code));
  if (options_.quiet || events_) return;
  (void)output_.status();
  say((last.failed > 0 ? "" : "done ") + many_done_text(last, inside_, unproven_, options_.dry_run) + "\n");
}

void ManyReport::failed(const Error& error, int code, const CopyProgress& last) {
  std::lock_guard lock(mutex_);
  clear_bar();
  tell_notices();
  emit(error_event(error, code));
  emit(many_summary_event(last, code));
  if (events_ && !events_on_output_) return;
  say(error_text(error, colour_));
}

Status ManyReport::output_status() {
  std::lock_guard lock(mutex_);
  return events_on_output_ ? events_->status() : output_.status();
}

}  // namespace weir::cli
