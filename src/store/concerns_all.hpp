// Errors of a store that every object in it would meet.
#pragma once

#include "weir/core/status.hpp"

namespace weir::store {

/// Error::service_code where no keys were found to ask the service with.
inline constexpr const char* kNoKeys = "NoCredentials";

/// What is wrong with the bucket, the keys or the way there: the next object at the same place would fail in the same
/// way.
bool concerns_all(const Error& error);
/// Whether it may be about what was asked for beside the bytes (a header, a storage class, a key for encryption), which
/// is the same for all that goes there.
bool may_concern_options(const Error& error);

}  // namespace weir::store
