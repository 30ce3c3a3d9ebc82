// grep(): the lines that contain a text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "weir/core/stage.hpp"

namespace weir {

struct GrepOptions {
  bool invert = false;  ///< the lines that do not
};

/// Lines that contain `text`, byte for byte; an empty one is in every line. What has a line end in it is in none, and
/// refused when the job starts.
std::unique_ptr<Transform> grep(std::string text, GrepOptions options = {});

}  // namespace weir
