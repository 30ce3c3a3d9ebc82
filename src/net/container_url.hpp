// Which endpoints a container's environment may name.
#pragma once

#include <string>

#include "weir/core/status.hpp"

namespace weir::net {

/// http://169.254.170.2RELATIVE, or where that is empty FULL, which must be https, this machine, or an address that
/// containers' endpoints have: keys and tokens do not go over networks in the clear.
Result<std::string> container_url(const std::string& relative, const std::string& full);

}  // namespace weir::net
