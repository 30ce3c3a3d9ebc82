// How a transfer that was stopped is gone on with: the line to type, and what the ledger keeps for `weir jobs`.
#pragma once

#include <string>
#include <vector>

#include "weir/core/status.hpp"

namespace weir::cli {

/// Whether arguments may hold what nobody else is to see: the value of a header ("--header" is followed by it, or has
/// it behind "="), a URL's query, its user and password.
bool holds_secret(const std::vector<std::string>& arguments);

/// "weir cp 'my file' s3://bucket/key": quoted as a POSIX shell needs it. No control characters.
std::string shell_line(const std::vector<std::string>& arguments);

/// What was typed, and where.
struct ResumeHint {
  std::string directory;
  std::vector<std::string> arguments;  ///< empty: they hold what may be secret, and were not kept
};
/// As text for UploadOptions::resume_hint. Where they may hold a secret nothing but the place is kept.
std::string hint_of(const std::vector<std::string>& arguments);
/// Errors: corrupt.
Result<ResumeHint> parse_hint(const std::string& text);

}  // namespace weir::cli
