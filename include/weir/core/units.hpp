// Sizes and times as people write and read them.
#pragma once

#include <cctype>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir {

/// "8MiB", "512KiB", "1.5GiB", "10MB" (decimal), "4096" (bytes). Units are exact: "8mb" is refused, with what it may
/// mean. Errors are invalid_argument; the result is at least 1.
inline Result<std::uint64_t> parse_size(std::string_view text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  static constexpr Unit kUnits[] = {{"", 1},         {"B", 1},        {"KiB", 0x1p10}, {"MiB", 0x1p20},
                                    {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"PiB", 0x1p50}, {"KB", 1e3},
                                    {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},    {"PB", 1e15}};
  const auto bad = [&](std::string why) {
    return Status(Kind::invalid_argument, fmt::format("\"{}\" is no size: {}", text, why));
  };
  std::size_t digits = 0;
  while (digits < text.size() && (std::isdigit(static_cast<unsigned char>(text[digits])) != 0 || text[digits] == '.'))
    ++digits;
  if (digits == 0) return bad("it must begin with a number, as in 8MiB");
  double number = 0;
  double place = 0;  // 0 before the point, then 0.1, 0.01, …
  for (const char c : text.substr(0, digits)) {
    if (c == '.') {
      if (place != 0) return bad("it has two points");
      place = 1;
    } else if (place == 0) {
      number = number * 10 + (c - '0');
    } else {
      place /= 10;
      number += place * (c - '0');
    }
  }
  const std::string_view name = text.substr(digits);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    const double bytes = number * unit.bytes;
    if (bytes < 1) return bad("it must be at least one byte");
    if (bytes >= 0x1p63) return bad("it is too large");
    return static_cast<std::uint64_t>(bytes);
  }
  const char letter = name.empty() ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  if (std::string_view("KMGTP").find(letter) == std::string_view::npos)
    return bad("units are B, KiB, MiB, GiB, TiB, PiB and KB to PB");
  return bad(fmt::format("write {0}{1}iB (of 1024) or {0}{1}B (of 1000)", text.substr(0, digits), letter));
}

/// A hundred years: longer times cannot be counted in nanoseconds from any moment on.
inline constexpr std::chrono::nanoseconds kLongestTime = std::chrono::hours(24) * 366 * 100;

/// "500ms", "1.5s", "30s", "15m", "2h", "7d". Errors are invalid_argument; the result is at least 1 ns and at most a
/// hundred years.
inline Result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  static constexpr Unit kUnits[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  std::size_t digits = 0;
  while (digits < text.size() && (std::isdigit(static_cast<unsigned char>(text[digits])) != 0 || text[digits] == '.'))
    ++digits;
  const std::string_view number = text.substr(0, digits);
  double count = 0;
  // Not strtod: a host's locale may write "1,5".
  if (std::from_chars(number.data(), number.data() + number.size(), count).ec != std::errc()) count = 0;
  for (const Unit& unit : kUnits) {
    if (unit.name != text.substr(digits) || number.find('.') != number.rfind('.')) continue;
    const double seconds = count * unit.seconds;
    if (seconds >= 1e-9 && seconds <= std::chrono::duration<double>(kLongestTime).count()) {
      return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
    }
  }
  return Status(Kind::invalid_argument, fmt::format("\"{}\" is no time like 500ms, 30s, 15m, 2h or 7d", text));
}

/// "12.1 GiB", "61 B". Three significant digits.
inline std::string format_size(double bytes) {
  static constexpr const char* kNames[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < std::size(kNames)) {
    bytes /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{:.0f} B", bytes);
  return fmt::format("{:.{}f} {}", bytes, bytes < 9.995 ? 2 : bytes < 99.95 ? 1 : 0, kNames[unit]);
}
inline std::string format_size(std::uint64_t bytes) { return format_size(static_cast<double>(bytes)); }
/// "12.1 GiB (12992276070 bytes)", "61 bytes": where two sizes are held against each other.
inline std::string format_exact_size(std::uint64_t bytes) {
  if (bytes == 1) return "1 byte";
  return bytes < 1024 ? fmt::format("{} bytes", bytes) : fmt::format("{} ({} bytes)", format_size(bytes), bytes);
}

/// "320ms", "32s", "1m52s", "2h05m", "3d04h".
inline std::string format_duration(double seconds) {
  if (seconds < 1) return fmt::format("{:.0f}ms", seconds * 1000);
  if (seconds < 10) return fmt::format("{:.1f}s", seconds);
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
  return fmt::format("{}d{:02}h", whole / 86400, whole % 86400 / 3600);
}

}  // namespace weir
