#pragma once

#include <cstdint>

#include "weir/core/budget.hpp"

namespace weir::transfer {

/// What a request under way holds beside its part: libcurl's buffer, and what is read ahead from a disk.
inline constexpr std::uint64_t kRequestBytes = 512 * kKiB;

}  // namespace weir::transfer
