// What a failure tells of a request that changes something at the store.
#pragma once

#include "net/curl_errors.hpp"
#include "weir/core/status.hpp"

namespace weir::transfer {

/// Keys and clocks are looked at before anything is done, and what was not reached has done nothing.
inline bool may_have_worked(const Status& status) {
  return status.retryable() && status.error().service_code != net::kUnreachable &&
         status.retry() != Retry::credentials && status.retry() != Retry::clock;
}

/// Of a begin that failed. An answer that nobody can read may be one of success.
inline bool has_begun_nothing(const Status& status) {
  return status.failed() && !may_have_worked(status) && status.kind() != Kind::protocol;
}

}  // namespace weir::transfer
