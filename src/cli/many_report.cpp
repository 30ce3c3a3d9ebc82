#include "many_report.hpp"

#include <algorithm>
#include <cstdint>

#include "exit_codes.hpp"
#include "json_events.hpp"
#include "weir/core/units.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

std::string files(std::uint64_t count) { return grouped(count) + (count == 1 ? " file" : " files"); }

std::string retries_text(std::uint64_t retries) {
  return fmt::format("{} {}", grouped(retries), retries == 1 ? "retry" : "retries");
}

/// "ETA 11s", or why there is none; "ETA -" in the first seconds.
std::string remaining(const CopyProgress& progress) {
  if (!progress.all_found) return "ETA unknown: still listing";
  if (progress.stalled()) return "stalled " + format_duration(progress.stalled_seconds);
  return progress.eta_seconds ? "ETA " + format_duration(*progress.eta_seconds) : "ETA -";
}

/// Bytes of a file of this machine are nobody else's word.
bool is_unproven(const CopyItem& item, bool to_store) {
  const Receipt& receipt = item.receipt;
  if (item.inside_store || receipt.checksum_verified) return false;
  return to_store || (receipt.in_file && !receipt.checksum.empty() && is_network(end_kind(item.source)));
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string many_line(const CopyProgress& progress, const LineStyle& style, bool rate_limited) {
  std::string line = fmt::format("{} of {}{} files", grouped(progress.items()), grouped(progress.found),
                                 progress.all_found ? "" : "+");
  const auto add = [&](const std::string& more) {
    if (line.size() + 2 + more.size() < style.columns) line += "  " + more;
  };
  if (progress.failed > 0) add(grouped(progress.failed) + " failed");
  if (progress.kept > 0) add(grouped(progress.kept) + " kept");
  if (progress.skipped > 0) add(grouped(progress.skipped) + " skipped");
  add(format_size(progress.bytes_done) + (progress.all_found ? " of " + format_size(progress.bytes_found) : ""));
  if (progress.bytes_per_second > 0) add(format_size(progress.bytes_per_second) + "/s");
  add(remaining(progress));
  if (rate_limited) add("limited by: rate limit");
  if (progress.retries > 0) add(retries_text(progress.retries));
  return line.size() < style.columns ? line : std::string();
}

std::string many_bar_line(const CopyProgress& progress, const LineStyle& style, bool rate_limited) {
  constexpr std::size_t kMostColumns = 21;
  constexpr std::size_t kLeastColumns = 8;
  std::string line = many_line(progress, style, rate_limited);
  const std::size_t taken = line.size() + 2;  // all of it is ASCII
  if (!progress.all_found || line.empty() || taken + kLeastColumns >= style.columns) return line;
  const bool by_bytes = progress.bytes_found > 0;
  const auto all = static_cast<double>(by_bytes ? progress.bytes_found : std::max<std::uint64_t>(progress.found, 1));
  const double part = static_cast<double>(by_bytes ? progress.bytes_done : progress.items()) / all;
  return bar_text(std::min(part, 1.0), std::min(kMostColumns, style.columns - 1 - taken), style) + "  " + line;
}

std::string item_line(const CopyItem& item, bool unicode) {
  if (item.outcome == CopyOutcome::kept) return "kept " + printable(item.destination);
  if (item.outcome == CopyOutcome::skipped) {
    return fmt::format("skipped {}: {}", printable(item.destination.empty() ? item.source : item.destination),
                       item.reason);
  }
  const std::string names =
      fmt::format("{} {} {}", printable(item.source), unicode ? "→" : "->", printable(item.destination));
  if (item.outcome == CopyOutcome::planned) return "would copy " + names;
  return fmt::format("copied {} ({})", names, format_size(item.bytes));
}

std::string many_done_text(const CopyProgress& progress, std::uint64_t inside, std::uint64_t unproven,
                           std::string_view lacking, bool dry_run) {
  std::string text = files(progress.items());
  if (progress.failed > 0) text += fmt::format(", {} failed", grouped(progress.failed));
  if (progress.kept > 0) text += fmt::format(", {} kept as they were", grouped(progress.kept));
  if (progress.skipped > 0) text += fmt::format(", {} skipped", grouped(progress.skipped));
  if (dry_run) return text + fmt::format(", {} would be copied", grouped(progress.planned));
  const double seconds = static_cast<double>(progress.duration_ns) / 1e9;
  text += fmt::format(", {} in {}", format_size(progress.bytes_copied), format_duration(seconds));
  if (seconds > 0 && progress.copied > 0) {
    text += fmt::format(" ({}/s, {:.0f} files/s)", format_size(static_cast<double>(progress.bytes_copied) / seconds),
                        static_cast<double>(progress.copied) / seconds);
  }
  if (progress.retries > 0) text += ", " + retries_text(progress.retries);
  if (inside > 0) text += fmt::format(", {} by the store itself", grouped(inside));
  if (unproven > 0) text += fmt::format(", {} not verified: the {} has no checksum", grouped(unproven), lacking);
  return text;
}

ManyReport::ManyReport(const Options& options, EndKind destination, bool one)
    : options_(options),
      to_store_(is_store(destination)),
      one_(one),
      data_on_output_(destination == EndKind::standard),
      channel_(options, data_on_output_) {}

void ManyReport::item(const CopyItem& item) {
  std::lock_guard lock(mutex_);
  if (channel_.has_events()) channel_.emit(file_event(item));
  if (item.outcome == CopyOutcome::copied) {
    inside_ += item.inside_store;
    unproven_ += is_unproven(item, to_store_);
  }
  if (item.outcome == CopyOutcome::failed) {
    codes_.insert(exit_code(item.status.kind()));
    if (!channel_.only_events()) channel_.tell_error(item.status.error());
    return;
  }
  // What could not be copied anyhow is named, as failures are.
  if (item.outcome == CopyOutcome::skipped && item.destination.empty()) {
    if (!options_.quiet && !channel_.has_events()) channel_.tell(item_line(item, channel_.unicode()) + "\n");
    return;
  }
  const bool wanted = options_.verbose || item.outcome == CopyOutcome::planned;
  if (!wanted || options_.quiet || channel_.has_events()) return;
  channel_.clear();
  std::string line = item_line(item, channel_.unicode());
  if (!options_.through.empty()) line += " through " + printable(options_.through);
  if (data_on_output_) return channel_.tell(line + "\n");  // which is not there for words
  // Who wants a line for each wants it when it happens.
  options_.verbose ? output_.print_line(line) : output_.print(line + "\n");
}

void ManyReport::update(const CopyProgress& progress) {
  std::lock_guard lock(mutex_);
  channel_.tell_notices();
  const bool limited = limit_.limits(progress.duration_ns);
  channel_.draw([&](const LineStyle& style) { return many_bar_line(progress, style, limited); });
  if (!channel_.is_due(progress.duration_ns)) return;
  if (channel_.has_events()) {
    channel_.emit(many_progress_event(progress, limited));
  } else {
    channel_.tell(log_line(progress));
  }
}

void ManyReport::status_now(const CopyProgress& progress) {
  std::lock_guard lock(mutex_);
  channel_.tell(log_line(progress));
}

std::string ManyReport::log_line(const CopyProgress& progress) {
  const bool limited = limit_.limits(progress.duration_ns);
  return many_line(progress, {SIZE_MAX, channel_.unicode(), false}, limited) + "\n";
}

void ManyReport::stopping(int signal) {
  std::lock_guard lock(mutex_);
  channel_.tell_stopping(signal);
}

int ManyReport::failures_code() const {
  std::lock_guard lock(mutex_);
  if (codes_.empty()) return kExitOk;
  return codes_.size() == 1 ? *codes_.begin() : static_cast<int>(kExitFailed);
}

void ManyReport::done(const CopyProgress& last, int code) {
  std::lock_guard lock(mutex_);
  channel_.clear();
  channel_.tell_notices();
  channel_.emit(many_summary_event(last, code));
  if (options_.quiet || channel_.has_events() || (one_ && last.failed > 0)) return;
  (void)output_.status();
  channel_.tell((last.failed > 0 ? "" : "done ") +
                many_done_text(last, inside_, unproven_, to_store_ ? "store" : "source", options_.dry_run) + "\n");
}

void ManyReport::failed(const Error& error, int code, const CopyProgress& last) {
  std::lock_guard lock(mutex_);
  channel_.clear();
  channel_.tell_notices();
  channel_.emit(error_event(error, code));
  channel_.emit(many_summary_event(last, code));
  if (!channel_.only_events()) channel_.tell_error(error);
}

Status ManyReport::output_status() {
  std::lock_guard lock(mutex_);
  const Status events = channel_.events_status();
  return events.ok() ? output_.status() : events;
}

}  // namespace weir::cli
