// How a job was started, as the ledger keeps it with the job, so that it can be started again by its number.
#pragma once

#include <string>

#include "abi/job.hpp"

namespace weir::abi {

/// Empty where there may be secrets in it (a signed URL, a user's password), or what is no UTF-8.
std::string hint_of_pipeline(const std::string& text, const JobSettings& settings);
std::string hint_of_copy(const std::string& source, const std::string& destination, const JobSettings& settings);

/// What a hint says.
struct KnownCall {
  std::string directory;  ///< where relative names begin
  std::string pipeline;   ///< empty: it was a copy
  std::string source;
  std::string destination;
  std::string through;
  ObjectOptions object;
  std::uint64_t part_bytes = 0;
};
/// unsupported where it says nothing of that kind.
Result<KnownCall> read_hint(const std::string& hint);

}  // namespace weir::abi
