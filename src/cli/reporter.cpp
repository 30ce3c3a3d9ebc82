#include "reporter.hpp"

#include <algorithm>
#include <utility>

#include "weir/core/units.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

/// A fact in words: "source_sha256_verified" is "source sha256 … verified".
std::string fact_text(std::string_view name, const std::string& found) {
  constexpr std::string_view kSource = "source_";
  constexpr std::string_view kVerified = "_verified";
  const bool of_source = name.starts_with(kSource);
  if (of_source) name.remove_prefix(kSource.size());
  const bool verified = name.ends_with(kVerified);
  if (verified) name.remove_suffix(kVerified.size());
  return fmt::format("{}{} {}{}", of_source ? "source " : "", name, found, verified ? " verified" : "");
}

/// Of bytes from elsewhere that became a file: nobody has said what they should be.
bool nobody_vouched(const Receipt& receipt, EndKind source) {
  return receipt.in_file && !receipt.checksum.empty() && is_network(source) &&
         std::none_of(receipt.facts.begin(), receipt.facts.end(),
                      [](const auto& fact) { return fact.first.ends_with("_verified"); });
}

/// Where a tee or a split went, a line each.
std::string branches_text(const Receipt& receipt, bool unicode) {
  constexpr std::size_t kShown = 20;
  std::string text;
  std::size_t stored = 0;
  for (const auto& [name, found] : receipt.facts) {
    if (name.ends_with(".failed")) text += "\n  failed: " + found;
    if (name.ends_with(".destination") && ++stored <= kShown) text += (unicode ? "\n  → " : "\n  -> ") + found;
  }
  if (stored > kShown) text += fmt::format("\n  and {} more, which --json names", stored - kShown);
  return text;
}

}  // namespace

std::string done_text(const Receipt& receipt, EndKind source, EndKind sink, bool unicode) {
  const double seconds = static_cast<double>(receipt.duration_ns) / 1e9;
  std::string text = "done " + format_size(receipt.bytes_read);
  if (receipt.bytes_stored != receipt.bytes_read) {
    text += std::string(unicode ? " → " : " -> ") + format_size(receipt.bytes_stored);
  }
  text += " in " + format_duration(seconds);
  if (seconds > 0) text += " (" + format_size(static_cast<double>(receipt.bytes_read) / seconds) + "/s)";
  if (receipt.retries > 0) text += fmt::format(", {} {}", receipt.retries, receipt.retries == 1 ? "retry" : "retries");
  for (const auto& [name, found] : receipt.facts) {
    if (name.find('.') == std::string::npos) text += ", " + fact_text(name, found);
  }
  const std::string checksum = receipt.checksum.empty() ? "" : ", " + receipt.checksum;
  const auto colon = checksum.find(':');
  text += colon == std::string::npos ? checksum : checksum.substr(0, colon) + " " + checksum.substr(colon + 1);
  if (receipt.checksum_verified) {
    text += is_store(sink) ? " verified by the store" : " verified";
  } else if (is_store(sink)) {
    text += ", not verified: the store has no checksum";
  } else if (nobody_vouched(receipt, source)) {
    text += ", not verified: the source has no checksum";
  }
  return text + branches_text(receipt, unicode);
}

Reporter::Reporter(const Options& options, ReportPlan plan)
    : plan_(std::move(plan)), channel_(options, plan_.sink == EndKind::standard), quiet_(options.quiet) {
  view_.name = printable(plan_.names.source, !channel_.unicode());
  if (const auto slash = view_.name.find_last_of('/'); slash != std::string::npos && slash + 1 < view_.name.size()) {
    view_.name.erase(0, slash + 1);
  }
  if (view_.name == "-") view_.name = "standard input";
  view_.source = plan_.source;
  view_.sink = plan_.sink;
}

void Reporter::look(const Progress& progress) {
  view_.progress = progress;
  view_.rate_limited = limit_.limits(progress.elapsed_ns);
}

void Reporter::started(const Progress& progress) {
  view_.progress = progress;
  channel_.emit(start_event(plan_.names, progress));
}

void Reporter::tell_retries(const Progress& progress) {
  if (progress.retries == retries_told_) return;
  retries_told_ = progress.retries;
  channel_.emit(retry_event(progress));
}

void Reporter::notice(const std::string& line) {
  channel_.emit(notice_event(line));
  if (!quiet_ && !channel_.has_events()) channel_.tell(line + "\n");
}

/// How long it takes to read again what is there, where that is worth a word.
void Reporter::tell_comparing(const Progress& progress) {
  if (comparing_told_ || progress.bytes_resumed == 0 || progress.bytes_earlier <= progress.bytes_resumed) return;
  comparing_told_ = true;
  const double compared = static_cast<double>(progress.bytes_resumed);
  const double left = static_cast<double>(progress.bytes_earlier) - compared;
  const double seconds = static_cast<double>(progress.elapsed_ns) / 1e9 * left / compared;
  if (seconds < 1) return;
  notice(fmt::format("{} are there from an earlier run; they are read again first, which takes about {}",
                     format_size(progress.bytes_earlier), format_duration(seconds)));
}

/// Once it is known: parts are compared one after another.
void Reporter::tell_resumed(const Progress& progress) {
  if (resumed_told_ || progress.bytes_resumed == 0) return;
  const bool remade = plan_.source == EndKind::standard || !plan_.names.through.empty();
  if (!remade) tell_comparing(progress);
  if (!remade && std::exchange(resumed_seen_, progress.bytes_resumed) != progress.bytes_resumed) return;
  resumed_told_ = true;
  notice(remade
             ? fmt::format("resuming: what an earlier run has stored is compared and not {} again",
                           plan_.sink == EndKind::file ? "written" : "sent")
             : fmt::format("resuming at {} (source unchanged, the rest follows)", format_size(progress.bytes_resumed)));
}

void Reporter::update(const Progress& progress) {
  look(progress);
  channel_.tell_notices();
  tell_resumed(progress);
  tell_retries(progress);
  channel_.draw([&](const LineStyle& style) { return progress_line(view_, style); });
  if (!channel_.is_due(progress.elapsed_ns)) return;
  if (channel_.has_events()) {
    channel_.emit(progress_event(view_));
  } else {
    channel_.tell(plain_line(view_) + "\n");
  }
}

void Reporter::status_now(const Progress& progress) {
  look(progress);
  channel_.tell(plain_line(view_) + "\n");
}

void Reporter::stopping(int signal) { channel_.tell_stopping(signal); }

void Reporter::done(const Receipt& receipt, const Progress& last) {
  channel_.clear();
  channel_.tell_notices();
  resumed_seen_ = last.bytes_resumed;
  tell_resumed(last);
  tell_retries(last);
  channel_.emit(done_event(receipt));
  channel_.emit(summary_event(true, last, 0));
  if (quiet_ || channel_.has_events() || !plan_.final_line) return;
  channel_.tell(done_text(receipt, plan_.source, plan_.sink, channel_.unicode()) + "\n");
}

void Reporter::failed(const Error& error, int code, const Progress& last) {
  channel_.clear();
  channel_.tell_notices();
  tell_retries(last);
  channel_.emit(error_event(error, code));
  channel_.emit(summary_event(false, last, code));
  if (!channel_.only_events()) channel_.tell_error(error);
}

Status Reporter::output_status() { return channel_.events_status(); }

}  // namespace weir::cli
