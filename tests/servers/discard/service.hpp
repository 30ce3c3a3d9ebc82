// Service: the S3 operations of the discarding endpoint, on one connection.
#pragma once

#include <atomic>
#include <string>

#include "discard/connection.hpp"
#include "discard/store.hpp"

namespace discard {

/// What all connections share.
struct Shared {
  Store store;
  Throttle throttle;
  bool verify = false;  ///< compute checksums instead of trusting the client's
  std::atomic<std::uint64_t> requests{0};
};

/// Serves requests until the client closes. `fd` is closed at the end.
void serve(int fd, Shared& shared);

}  // namespace discard
