#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>

namespace weir::cli {

namespace {

std::string_view value(const GetEnvironment& get, const char* name) {
  const char* const text = get(name);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

bool dumb(const GetEnvironment& get) {
  const std::string_view term = value(get, "TERM");
  return term.empty() || term == "dumb";
}

}  // namespace

const char* process_environment(const char* name) { return std::getenv(name); }  // NOLINT(concurrency-mt-unsafe)

bool wants_unicode(const GetEnvironment& get) {
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string locale(value(get, name));
    if (locale.empty()) continue;
    std::transform(locale.begin(), locale.end(), locale.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return false;
}

bool wants_colour(ColourMode mode, bool terminal, const GetEnvironment& get) {
  if (mode != ColourMode::automatic) return mode == ColourMode::always;
  if (!value(get, "NO_COLOR").empty()) return false;
  for (const char* const name : {"CLICOLOR_FORCE", "FORCE_COLOR"}) {
    const std::string_view force = value(get, name);
    if (!force.empty() && force != "0") return true;
  }
  return terminal && !dumb(get);
}

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool can_redraw(int fd, const GetEnvironment& get) { return is_terminal(fd) && !dumb(get); }

std::size_t terminal_columns(int fd, const GetEnvironment& get) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const std::string_view text = value(get, "COLUMNS");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  return error == std::errc() && columns > 0 ? std::min<std::size_t>(columns, 1000) : 80;
}

}  // namespace weir::cli
