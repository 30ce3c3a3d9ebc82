// How a request becomes a WebSocket (RFC 6455, 4.2).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http_head.hpp"
#include "server/http_response.hpp"

namespace weir::server {

/// Whether a request asks for one; what is wrong with it is told by shake_hands().
bool asks_for_websocket(const RequestHead& head);

struct WebSocketOffer {
  /// Of pages that may connect, besides those of this host: "https://app.example.org", compared as a whole.
  std::vector<std::string> origins = {};
  std::vector<std::string> subprotocols = {};  ///< in order of preference; one that the client names is chosen
};

/// 101, or why not: 400, 403 (a page of somebody else's) or 426 (another version).
ResponseHead shake_hands(const RequestHead& head, const WebSocketOffer& offer);

/// Whether a page at `origin` (RFC 6454) is one of `host`'s own, or of `allowed`. "null" is nobody's.
bool is_allowed_origin(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed);

}  // namespace weir::server
