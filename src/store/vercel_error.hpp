// From the service's refusal to a Status. Pure, thread-safe.
#pragma once

#include "net/http.hpp"
#include "weir/core/status.hpp"

namespace weir::vercel {

/// The error of an answer with a status other than 2xx. `request_id`: ours, where the answer names none.
Status error_of(const net::Response& response, const std::string& request_id);

}  // namespace weir::vercel
