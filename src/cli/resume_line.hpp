// How a transfer that was stopped is gone on with: the line to type, and what the ledger keeps for `weir jobs`.
#pragma once

#include <string>
#include <vector>

#include "weir/core/status.hpp"

namespace weir::cli {

/// "weir cp 'my file' s3://bucket/key": quoted as a POSIX shell needs it. No control characters.
std::string shell_line(const std::vector<std::string>& arguments);

/// What was typed, and where.
struct ResumeHint {
  std::string directory;
  std::vector<std::string> arguments;  ///< empty: they hold what may be secret, and were not kept
};
/// As text for UploadOptions::resume_hint. Headers that were typed out may be secrets: then nothing but the place is
/// kept.
std::string hint_of(const std::vector<std::string>& arguments);
/// Errors: corrupt.
Result<ResumeHint> parse_hint(const std::string& text);

}  // namespace weir::cli
