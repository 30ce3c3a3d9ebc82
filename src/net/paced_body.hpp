// A body whose bytes are counted and held to a rate as they are sent.
#pragma once

#include <memory>

#include "net/http.hpp"
#include "weir/core/executor.hpp"
#include "weir/net/flow.hpp"

namespace weir::net {

/// `body` with its bytes going through `flow`; as it is where either is null. While it waits for its turn the transfer
/// is paused, which is no stall. Timers run on `executor`.
std::shared_ptr<Body> paced(std::shared_ptr<Body> body, std::shared_ptr<Flow> flow,
                            std::shared_ptr<Executor> executor = Executor::default_pool());

}  // namespace weir::net
