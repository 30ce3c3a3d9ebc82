// limit_rate: a tap that lets bytes by at a rate, where neither end of a pipeline does so itself.
#pragma once

#include <memory>

#include "weir/core/stage.hpp"
#include "weir/net/rate_limiter.hpp"

namespace weir {

/// Bytes pass unchanged. It holds one chunk while that waits for its turn, and no thread. `limiter` is not null and may
/// be shared; that of the process counts here too.
std::unique_ptr<Transform> limit_rate(std::shared_ptr<RateLimiter> limiter);

}  // namespace weir
