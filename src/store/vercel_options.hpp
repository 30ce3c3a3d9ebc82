// ObjectOptions as the service's write headers: checked before anything is sent.
#pragma once

#include "net/http.hpp"
#include "store/vercel_settings.hpp"
#include "weir/store/object.hpp"

namespace weir::vercel {

/// x-vercel-blob-access, x-allow-overwrite, x-add-random-suffix and what else is asked for; the same on every step of
/// an upload. unsupported for what the service cannot keep, invalid_argument for what contradicts itself.
Result<net::Headers> write_headers(const Settings& settings, const ObjectOptions& options);

}  // namespace weir::vercel
