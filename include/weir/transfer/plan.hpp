// UploadPlan: how an object is cut into parts. Fixed before the first byte is sent.
#pragma once

#include <cstdint>
#include <optional>

#include "weir/core/status.hpp"
#include "weir/store/target.hpp"

namespace weir {

/// What a plan is made from. Sizes in bytes.
struct PlanRequest {
  std::optional<std::uint64_t> exact_bytes;   ///< length of the object, if known
  std::optional<std::uint64_t> max_bytes;     ///< an upper bound of it, if known
  std::uint64_t part_bytes = 0;               ///< the user's part size; 0: choose one
  std::uint32_t concurrency = 4;              ///< parts that may be under way at once
  std::optional<std::uint64_t> memory_bytes;  ///< that may hold parts; none: parts are read again from the source
};

struct UploadPlan {
  std::uint64_t part_bytes = 0;          ///< of every part but the last; of the first where the plan grows
  std::uint64_t largest_part_bytes = 0;  ///< that a growing plan comes to; otherwise part_bytes
  std::uint32_t max_parts = 0;
  std::uint32_t preferred_parts = 0;  ///< that a growing plan is to come to; at most max_parts
  std::uint64_t capacity_bytes = 0;   ///< the largest object that fits

  bool grows() const noexcept { return largest_part_bytes > part_bytes; }
  /// Length of the part that starts at `offset` of the object, unless the object ends first.
  std::uint64_t part_length(std::uint64_t offset) const noexcept;
};

/// The smallest part size with which the object fits, at least the profile's minimum. Whole MiB from 1 MiB on.
std::uint64_t smallest_part_bytes(const Profile& profile, std::uint64_t object_bytes) noexcept;

/// Errors: invalid_argument (a part size that cannot work; says the smallest that does), limit (an object larger than
/// the store takes), budget_too_small (Error::needed_bytes is what would do).
Result<UploadPlan> plan_upload(const Profile& profile, const PlanRequest& request);

}  // namespace weir
