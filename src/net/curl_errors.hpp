// What libcurl's error codes mean to a caller: kind, retry class and one readable message.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "weir/core/status.hpp"

namespace weir::net {

/// Error::service_code where no connection came about: the next request to the same place would fail as well.
inline constexpr const char* kUnreachable = "Unreachable";

/// Where a request stood when it failed.
struct FailureFacts {
  std::string_view method;
  std::string_view url;          ///< redacted
  std::string_view detail;       ///< libcurl's error buffer, may be empty
  std::uint64_t bytes_sent = 0;  ///< of the body
  bool connected = false;        ///< the request could begin on a connection
  bool reused = false;           ///< and that connection had served others
  long proxy_status = 0;         ///< the proxy's answer to CONNECT, 0: none
};

/// "PUT http://host:port/path: WHAT after N bytes sent".
std::string failure_text(const FailureFacts& facts, std::string_view what);

/// The Status of a transfer that libcurl ended with `code` (not CURLE_OK).
Status curl_failure(CURLcode code, const FailureFacts& facts);

}  // namespace weir::net
