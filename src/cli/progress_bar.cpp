#include "progress_bar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "weir/core/units.hpp"
#include "weir/text/terminal_text.hpp"

namespace weir::cli {

namespace {

constexpr std::size_t kBarColumns = 21;
constexpr std::size_t kLeastBarColumns = 8;
constexpr std::size_t kNameColumns = 24;
constexpr std::size_t kLeastNameColumns = 8;

/// Of the source, from 0 to 1.
std::optional<double> fraction(const Progress& progress) {
  if (!progress.total_bytes) return {};
  if (*progress.total_bytes == 0) return 1.0;
  return std::min(1.0, static_cast<double>(progress.bytes_done) / static_cast<double>(*progress.total_bytes));
}

/// "7.4/12.1 GiB", or with both units where they differ: "512 KiB/1.20 GiB".
std::string ratio_of_sizes(std::uint64_t part, std::uint64_t whole) {
  const std::string of = format_size(whole);
  const std::string so_far = format_size(part);
  const auto unit = [](const std::string& size) { return size.substr(size.find(' ')); };
  return (unit(of) == unit(so_far) ? so_far.substr(0, so_far.find(' ')) : so_far) + "/" + of;
}

/// 99 % until the last byte is read: never a hundred too early.
std::string percent(double part) {
  return fmt::format("{:3.0f} %", part < 1 ? std::min(99.0, static_cast<double>(static_cast<int>(part * 100))) : 100.0);
}

std::string remaining(const ProgressView& view) {
  const Progress& progress = view.progress;
  if (progress.state == JobState::paused) return "paused";
  if (progress.state == JobState::stopping) return "stopping";
  if (progress.stalled()) return "stalled " + format_duration(progress.stalled_seconds);
  if (progress.total_bytes && progress.bytes_done >= *progress.total_bytes) return "finishing";
  if (!progress.total_bytes) return format_duration(static_cast<double>(progress.elapsed_ns) / 1e9);
  return progress.eta_seconds ? "ETA " + format_duration(*progress.eta_seconds) : "ETA -";
}

/// "3 retries (2 throttled, 1 network)".
std::string retries_text(const Progress& progress) {
  const RetryCounts& counts = progress.retries_by_cause;
  const std::pair<const char*, std::uint32_t> causes[] = {
      {"throttled", counts.throttled}, {"timeout", counts.timeout},         {"network", counts.network},
      {"server", counts.server},       {"credentials", counts.credentials}, {"corrupt", counts.corrupt}};
  std::string text = fmt::format("{} {}", progress.retries, progress.retries == 1 ? "retry" : "retries");
  std::string why;
  for (const auto& [name, count] : causes) {
    if (count > 0) why += fmt::format("{}{} {}", why.empty() ? "" : ", ", count, name);
  }
  return why.empty() ? text : text + " (" + why + ")";
}

std::string parts_text(const Progress& progress) {
  return progress.parts_total ? fmt::format("parts {}/{}", progress.parts_done, *progress.parts_total)
                              : fmt::format("parts {}", progress.parts_done);
}

}  // namespace

std::string bar_text(double part, std::size_t columns, const LineStyle& style) {
  const auto done = std::min(columns, static_cast<std::size_t>(part * static_cast<double>(columns)));
  const std::string colour = style.colour ? "\x1b[36m" : "";
  const std::string faint = style.colour ? "\x1b[2m" : "";
  const std::string reset = style.colour ? "\x1b[0m" : "";
  std::string filled;
  std::string open;
  for (std::size_t i = 0; i < columns; ++i) {
    if (i < done) {
      filled += style.unicode ? "━" : "=";
    } else {
      open += i == done ? (style.unicode ? "╺" : ">") : (style.unicode ? "━" : "-");
    }
  }
  // Without colour the two halves would look the same.
  if (style.unicode && !style.colour) {
    open.clear();
    for (std::size_t i = done; i < columns; ++i) open += i == done ? "╺" : "┈";
  }
  return colour + filled + reset + faint + open + reset;
}

namespace {

/// How dear each field is: the last of these is left out first.
enum class Rank : std::uint8_t { share, rate, time, bar, sizes, name, limit, retries, memory, parts };

struct Field {
  std::string text;
  Rank rank = Rank::share;
  std::size_t least = 0;  ///< columns, where it may be narrower or wider than its text
  std::size_t width() const { return least > 0 ? least : display_width(text); }
};

std::size_t line_width(const std::vector<Field>& fields) {
  std::size_t width = 0;
  for (const Field& field : fields) width += field.width() + (width > 0 ? 2 : 0);
  return width;
}

std::vector<Field> facts_of(const ProgressView& view) {
  const Progress& progress = view.progress;
  std::vector<Field> fields;
  if (const auto part = fraction(progress)) {
    fields.push_back({percent(*part), Rank::share});
    fields.push_back({ratio_of_sizes(progress.bytes_done, *progress.total_bytes), Rank::sizes});
  } else {
    fields.push_back({format_size(progress.bytes_done), Rank::share});
  }
  fields.push_back({format_size(progress.bytes_per_second) + "/s", Rank::rate});
  fields.push_back({remaining(view), Rank::time});
  if (progress.retries > 0) fields.push_back({retries_text(progress), Rank::retries});
  if (const std::string word = limited_by(view); !word.empty()) fields.push_back({"limited by: " + word, Rank::limit});
  if (progress.memory_limit_bytes > 0) {
    fields.push_back({ratio_of_sizes(progress.memory_bytes, progress.memory_limit_bytes), Rank::memory});
  }
  if (progress.parts_done > 0 || progress.parts_total) fields.push_back({parts_text(progress), Rank::parts});
  return fields;
}

}  // namespace

EndKind end_kind(std::string_view name) {
  if (name == "-") return EndKind::standard;
  if (name.starts_with("s3://")) return EndKind::s3;
  if (name.starts_with("vercel://")) return EndKind::vercel;
  if (name.starts_with("http://") || name.starts_with("https://")) return EndKind::http;
  if (name.starts_with("null:")) return EndKind::null;
  if (name.starts_with("gen:")) return EndKind::generated;
  return EndKind::file;
}

std::string limited_by(const ProgressView& view) {
  const Progress& progress = view.progress;
  const auto& stages = progress.stages;
  if (view.rate_limited) return "rate limit";
  if (progress.limited_by.empty() || stages.empty()) return {};
  const auto load = [](const StageProgress& stage) { return stage.busy_ns + stage.waited_ns; };
  bool is_source = stages.front().name == progress.limited_by;
  bool is_sink = stages.back().name == progress.limited_by;
  if (is_source && is_sink) {  // both ends have the same name
    is_source = load(stages.front()) > load(stages.back());
    is_sink = !is_source;
  }
  if (is_source && view.source == EndKind::vercel) return "network (vercel)";
  if (is_source && view.source == EndKind::http) return "network (http)";
  if (is_source) return view.source == EndKind::s3 ? "network (s3)" : "source";
  if (!is_sink) return "cpu (" + progress.limited_by + ")";
  switch (view.sink) {
    case EndKind::s3:
      return "network (s3)";
    case EndKind::vercel:
      return "network (vercel)";
    case EndKind::http:
      return "network (http)";
    case EndKind::file:
      return "disk";
    default:
      return "output";
  }
}

std::string progress_line(const ProgressView& view, const LineStyle& style) {
  const std::size_t room = style.columns > 0 ? style.columns - 1 : 0;
  std::vector<Field> fields = facts_of(view);
  const auto part = fraction(view.progress);
  const std::size_t name_columns = std::min(display_width(view.name), kNameColumns);
  if (part) fields.insert(fields.begin(), Field{{}, Rank::bar, kLeastBarColumns});
  if (name_columns > 0) fields.insert(fields.begin(), Field{{}, Rank::name, std::min(name_columns, kLeastNameColumns)});
  while (!fields.empty() && line_width(fields) > room) {
    fields.erase(std::max_element(fields.begin(), fields.end(), [](auto& a, auto& b) { return a.rank < b.rank; }));
  }
  std::size_t left = room - line_width(fields);
  std::string line;
  for (Field& field : fields) {
    // The name comes first, and takes what it needs of what is left.
    const std::size_t most = field.rank == Rank::name ? name_columns : kBarColumns;
    const std::size_t columns = field.least + (field.least > 0 ? std::min(left, most - field.least) : 0);
    if (field.rank == Rank::name) field.text = fit(printable(view.name, !style.unicode), columns, !style.unicode);
    if (field.rank == Rank::bar) field.text = bar_text(*part, columns, style);
    if (field.least > 0) left -= columns - field.least;
    line += (line.empty() ? "" : "  ") + field.text;
  }
  return line;
}

std::string plain_line(const ProgressView& view) {
  std::string line = view.name;
  for (const Field& field : facts_of(view)) line += "  " + field.text;
  const Progress& progress = view.progress;
  line += fmt::format("  sent {}, acknowledged {}, durable {}", format_size(progress.bytes_sent),
                      format_size(progress.bytes_confirmed), format_size(progress.bytes_durable));
  return line;
}

}  // namespace weir::cli
