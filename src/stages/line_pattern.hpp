// LinePattern: a regular expression that is looked for in lines.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir {

/// The line that has the byte, or the end, at `where`, its end included. `where` lies in `lines`.
std::string_view line_around(const char* where, std::string_view lines) noexcept;

/// Thread-compatible.
class LinePattern {
 public:
  /// invalid_argument, with the pattern and what is wrong with it; unsupported where weir was built without RE2.
  static Result<std::unique_ptr<LinePattern>> make(const std::string& pattern);
  /// What one takes at most, beside the pattern itself.
  static constexpr std::size_t kBytes = 2 << 20;

  virtual ~LinePattern() = default;
  /// Another text follows.
  virtual void begin() {}
  /// The first line of `lines`, its end included, in which the pattern is; empty: it is in none. `lines` is what is
  /// left of the text.
  virtual std::string_view find(std::string_view lines) = 0;
};

}  // namespace weir
