#include "server/http_date.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

namespace weir::server {

namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::string_view kForm = "DDD, 00 MMM 0000 00:00:00 GMT";

unsigned number(std::string_view text) {
  unsigned value = 0;
  for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

}  // namespace

std::optional<std::int64_t> read_http_date(std::string_view text) {
  if (text.size() != kForm.size()) return {};
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char form = kForm[at];
    if (form == '0' ? text[at] < '0' || text[at] > '9' : form != 'D' && form != 'M' && text[at] != form) {
      // "GMT" has an M of its own, and is compared below.
      return {};
    }
  }
  if (text.substr(26) != "GMT") return {};
  unsigned month = 0;
  while (month < kMonths.size() && kMonths[month] != text.substr(8, 3)) ++month;
  using namespace std::chrono;
  const year_month_day date{year(static_cast<int>(number(text.substr(12, 4)))), std::chrono::month(month + 1),
                            day(number(text.substr(5, 2)))};
  const unsigned hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)),
                 second = number(text.substr(23, 2));
  if (month == kMonths.size() || !date.ok() || hour > 23 || minute > 59 || second > 60) return {};
  const sys_days days(date);
  if (kDays[weekday(days).c_encoding()] != text.substr(0, 3)) return {};
  return days.time_since_epoch() / seconds(1) + hour * 3600 + minute * 60 + second;
}

std::string http_date(std::int64_t unix_s) {
  using namespace std::chrono;
  const sys_seconds time{seconds(unix_s)};
  const sys_days days = floor<std::chrono::days>(time);
  const year_month_day date(days);
  const hh_mm_ss clock(time - days);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday(days).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace weir::server
