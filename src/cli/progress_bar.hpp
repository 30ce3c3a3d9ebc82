// How a running transfer looks on one line. Pure: the same arguments give the same line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "weir/core/progress.hpp"

namespace weir::cli {

/// What an end of a transfer is, for the words that people see.
enum class EndKind : std::uint8_t { file, standard, s3, vercel, http, null, generated };

/// By the form of its name. Never fails: what has no known scheme is a file.
EndKind end_kind(std::string_view name);
/// A store at the other end of a network.
inline bool is_store(EndKind kind) { return kind == EndKind::s3 || kind == EndKind::vercel; }

inline bool is_network(EndKind kind) { return is_store(kind) || kind == EndKind::http; }

/// All that a line of progress is made from. `name` is printable.
struct ProgressView {
  Progress progress;
  std::string name;
  EndKind source = EndKind::file;
  EndKind sink = EndKind::file;
  bool rate_limited = false;  ///< the limit that was asked for is what sets the speed
};

struct LineStyle {
  std::size_t columns = 80;  ///< the line is narrower than this, so that the cursor stays on it
  bool unicode = true;
  bool colour = false;
};

/// What sets the speed, in one or two words: "source", "network (s3)", "disk", "cpu (zstd)", "rate limit". Empty until
/// known.
std::string limited_by(const ProgressView& view);

/// "big.csv  ━━━━╺━━  61 %  7.4/12.1 GiB  412 MiB/s  ETA 11s  limited by: cpu (zstd)  62/64 MiB". What does not fit is
/// left out, the least important first: at 80 columns there is a bar with name, sizes, rate and time, at 40 a bar with
/// rate and time. No line end; empty where not even the percentage fits.
std::string progress_line(const ProgressView& view, const LineStyle& style);

/// A bar of that width, filled from 0 to 1.
std::string bar_text(double part, std::size_t columns, const LineStyle& style);

/// The same facts without a bar and of any length, for logs; with bytes sent, acknowledged and durable.
std::string plain_line(const ProgressView& view);

}  // namespace weir::cli
