// grep(): the lines that contain a text, or what a regular expression tells.
#pragma once

#include <memory>
#include <string>

#include "weir/core/stage.hpp"

namespace weir {

struct GrepOptions {
  bool invert = false;  ///< the lines that do not
  /// `text` is a regular expression as RE2 reads it, which is that of `grep -E` but for back-references, `\<` and `\>`.
  /// It is looked for in each line without its end, be that "\n" or "\r\n"; text is UTF-8, and "." no byte that is not.
  bool regex = false;
};

/// Lines that contain `text`, byte for byte; an empty one is in every line. What has a line end in it is in none, and
/// refused when the job starts, as check_grep() refuses it. With `regex`, 2 MiB are set aside for RE2.
std::unique_ptr<Transform> grep(std::string text, GrepOptions options = {});

/// invalid_argument for a text that can be in no line and for what is no regular expression, with what is wrong with
/// it; unsupported for regular expressions where weir was built without RE2. Thread-safe.
Status check_grep(const std::string& text, const GrepOptions& options = {});

}  // namespace weir
