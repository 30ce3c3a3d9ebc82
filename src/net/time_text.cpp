#include "net/time_text.hpp"

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace weir::net {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Minutes east of Greenwich of "Z", "UTC", "+01:00", "-0130" or nothing.
std::optional<int> zone_minutes(std::string_view zone) {
  if (zone.empty() || zone == "Z" || zone == "z" || zone == "UTC") return 0;
  std::string digits;
  for (const char c : zone.substr(1)) {
    if (is_digit(c)) digits += c;
    if (!is_digit(c) && c != ':') return std::nullopt;
  }
  if ((zone[0] != '+' && zone[0] != '-') || (digits.size() != 4 && digits.size() != 2)) return std::nullopt;
  digits.resize(4, '0');
  const int value = std::stoi(digits.substr(0, 2)) * 60 + std::stoi(digits.substr(2));
  return zone[0] == '-' ? -value : value;
}

}  // namespace

std::int64_t parse_http_time(const std::string& text) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::tm time{};
  std::array<char, 4> name{};
  const int read = std::sscanf(text.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d", &time.tm_mday, name.data(), &time.tm_year,
                               &time.tm_hour, &time.tm_min, &time.tm_sec);
  const std::size_t month = kMonths.find(name.data());
  if (read != 6 || month == std::string_view::npos || month % 3 != 0) return 0;
  time.tm_year -= 1900;
  time.tm_mon = static_cast<int>(month / 3);
  return ::timegm(&time);
}

std::optional<std::int64_t> parse_iso_time(const std::string& text) {
  std::tm time{};
  char between = 0;
  int length = 0;
  const int read = std::sscanf(text.c_str(), "%4d-%2d-%2d%c%2d:%2d:%2d%n", &time.tm_year, &time.tm_mon, &time.tm_mday,
                               &between, &time.tm_hour, &time.tm_min, &time.tm_sec, &length);
  if (read != 7 || (between != 'T' && between != ' ') || time.tm_mon < 1 || time.tm_mon > 12 || time.tm_mday < 1 ||
      time.tm_mday > 31 || time.tm_hour > 24 || time.tm_min > 59 || time.tm_sec > 60) {
    return std::nullopt;
  }
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  std::string_view rest = std::string_view(text).substr(static_cast<std::size_t>(length));
  std::int64_t milliseconds = 0;
  if (rest.starts_with('.')) {
    std::size_t end = 1;
    for (std::int64_t worth = 100; end < rest.size() && is_digit(rest[end]); ++end, worth /= 10) {
      milliseconds += (rest[end] - '0') * worth;
    }
    rest.remove_prefix(end);
  }
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto zone = zone_minutes(rest);
  if (!zone) return std::nullopt;
  return (static_cast<std::int64_t>(::timegm(&time)) - *zone * 60) * 1000 + milliseconds;
}

std::string iso_time(std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return {text.data(), length};
}

}  // namespace weir::net
