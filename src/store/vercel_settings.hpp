// VercelOptions made whole from the environment, and what the service allows.
#pragma once

#include <string>

#include "net/http.hpp"
#include "weir/store/vercel_blob.hpp"

namespace weir::vercel {

/// Immutable after resolve().
struct Settings {
  std::string api;     ///< without '/' at its end
  std::string origin;  ///< scheme and authority of `api`
  std::string token;   ///< never shown
  std::string store;   ///< as the token writes it: the service keeps its case
  bool is_private = false;
  int attempts = 5;
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds stall_timeout{};
  net::ClientOptions http;

  /// Store ids are compared without case: in host names it is lost.
  bool is_store(std::string_view name) const;
  std::string url(const std::string& path) const { return VercelLocation{store, path}.url(); }
};

Result<Settings> resolve(const VercelOptions& options);

/// What the service allows (the SDK's own words: parts of 5 MiB at least, all but the last of one size, 5 TB in all).
const Profile& profile();

}  // namespace weir::vercel
