#include "server/websocket_handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "net/base64.hpp"

namespace weir::server {

namespace {

constexpr std::string_view kVersion = "13";

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  (void)::EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  return net::base64({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace

bool asks_for_websocket(const RequestHead& head) { return head.lists("upgrade", "websocket"); }

bool is_allowed_origin(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) return true;
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && !host.empty() && lower_case(origin.substr(scheme + 3)) == lower_case(host);
}

ResponseHead shake_hands(const RequestHead& head, const WebSocketOffer& offer) {
  if (head.one("sec-websocket-version") != kVersion) {
    ResponseHead other(426);
    other.add("Sec-WebSocket-Version", kVersion);
    return other;
  }
  const auto key = head.one("sec-websocket-key");
  const auto decoded = key ? net::from_padded_base64(*key) : std::nullopt;
  if (head.method != "GET" || head.minor_version != 1 || !head.lists("connection", "upgrade") || !decoded ||
      decoded->size() != 16)
    return ResponseHead(400);
  // Browsers always name the page; who is none may leave it out.
  if (head.count("origin") > 0 &&
      !is_allowed_origin(head.one("origin").value_or("null"), head.one("host").value_or(""), offer.origins))
    return ResponseHead(403);
  ResponseHead yes(101);
  yes.add("Upgrade", "websocket");
  yes.add("Connection", "Upgrade");
  yes.add("Sec-WebSocket-Accept", accept_of(*key));
  const auto named = [&](const std::string& each) { return head.lists("sec-websocket-protocol", lower_case(each)); };
  const auto chosen = std::find_if(offer.subprotocols.begin(), offer.subprotocols.end(), named);
  if (chosen != offer.subprotocols.end()) yes.add("Sec-WebSocket-Protocol", *chosen);
  return yes;
}

}  // namespace weir::server
