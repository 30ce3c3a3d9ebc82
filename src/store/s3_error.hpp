// From a store's refusal to a Status: what it is, and what may be done about it. Pure, thread-safe.
#pragma once

#include <chrono>

#include "net/http.hpp"
#include "weir/core/status.hpp"

namespace weir::s3 {

/// The error of an answer that is none of success: a status other than 2xx, or an `<Error>` behind a 200.
Status error_of(const net::Response& response);

/// How long to wait before attempt `attempt` (1: the first repetition): full jitter over a base of 50 ms, or of 1 s
/// where the store asked for less, doubled each time up to 20 s; never less than the store asked for.
std::chrono::milliseconds backoff(const Error& error, int attempt);

}  // namespace weir::s3
