#include "server/websocket_handshake.hpp"

#include <catch2/catch.hpp>

namespace weir::server {
namespace {

const std::string kGood =
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: "
    "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

ResponseHead shake(const std::string& fields, const WebSocketOffer& offer = {},
                   const std::string& line = "GET /ws HTTP/1.1") {
  RequestHead head;
  REQUIRE_FALSE(read_head(line + "\r\nHost: files.example.org:8080\r\n" + fields + "\r\n", {}, head));
  CHECK(asks_for_websocket(head));
  return shake_hands(head, offer);
}

std::string without(const std::string& name) {
  std::string fields = kGood;
  const std::size_t at = fields.find(name);
  return fields.erase(at, fields.find("\r\n", at) + 2 - at);
}

}  // namespace

TEST_CASE("the example of RFC 6455 shakes hands") {
  CHECK(shake(kGood).text() ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

TEST_CASE("handshakes that are none are refused") {
  CHECK(shake(without("Sec-WebSocket-Version")).status() == 426);
  CHECK(shake(without("Sec-WebSocket-Version") + "Sec-WebSocket-Version: 8\r\n")
            .text()
            .find("\r\nSec-WebSocket-Version: 13\r\n") != std::string::npos);
  CHECK(shake(without("Sec-WebSocket-Key")).status() == 400);
  CHECK(shake(without("Sec-WebSocket-Key") + "Sec-WebSocket-Key: YQ==\r\n").status() == 400);
  CHECK(shake(kGood + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n").status() == 400);
  CHECK(shake(without("Connection")).status() == 400);
  CHECK(shake(kGood, {}, "POST /ws HTTP/1.1").status() == 400);
  CHECK(shake(kGood, {}, "GET /ws HTTP/1.0").status() == 400);
}

TEST_CASE("pages of other hosts do not connect, unless they are named as a whole") {
  const WebSocketOffer offer{.origins = {"https://app.example.com"}};
  for (const char* good :
       {"http://files.example.org:8080", "https://FILES.example.org:8080", "https://app.example.com"})
    CHECK(shake(kGood + "Origin: " + good + "\r\n", offer).status() == 101);
  for (const char* wrong : {"null", "", "http://files.example.org", "https://app.example.com.evil",
                            "https://evil/app.example.com", "http://app.example.com", "https://app.example.com:8443",
                            "https://evil.com#files.example.org:8080", "files.example.org:8080"})
    CHECK(shake(kGood + "Origin: " + wrong + "\r\n", offer).status() == 403);
  CHECK(shake(kGood + "Origin: https://app.example.com\r\nOrigin: https://app.example.com\r\n", offer).status() == 403);
}

TEST_CASE("of the subprotocols that a client names, the one that is liked best is chosen") {
  const WebSocketOffer offer{.subprotocols = {"weir.2", "weir.1"}};
  CHECK(shake(kGood + "Sec-WebSocket-Protocol: weir.1, weir.2\r\n", offer)
            .text()
            .find("\r\nSec-WebSocket-Protocol: weir.2\r\n") != std::string::npos);
  CHECK_FALSE(shake(kGood + "Sec-WebSocket-Protocol: other\r\n", offer).has("sec-websocket-protocol"));
}

TEST_CASE("no value ends a line of a response") {
  ResponseHead head(200);
  CHECK(head.add("Upload-Offset", 5));
  for (const char* wrong : {"a\r\nSet-Cookie: b", "a\nb", "a\rb", "\xc3\xbc", " a", "a "})
    CHECK_FALSE(head.add("X", wrong));
  CHECK_FALSE(head.add("X Y", "a"));
  CHECK_FALSE(head.add("", "a"));
  CHECK(head.text() == "HTTP/1.1 200 OK\r\nUpload-Offset: 5\r\n\r\n");
  CHECK(ResponseHead(299).text().starts_with("HTTP/1.1 299 OK"));
}

TEST_CASE("a download's name is a name, whatever its owner has called it") {
  CHECK(content_disposition("attachment", "report 1.pdf") == "attachment; filename=\"report 1.pdf\"");
  CHECK(content_disposition("attachment", "../../etc/passwd") == "attachment; filename=\"passwd\"");
  CHECK(content_disposition("attachment", "C:\\dir\\.hidden") == "attachment; filename=\"hidden\"");
  CHECK(content_disposition("attachment", "..") == "attachment");
  CHECK(content_disposition("inline", "") == "inline");
  CHECK(content_disposition("attachment", "a\"b%\r\n.txt") ==
        "attachment; filename=\"a_b___.txt\"; filename*=UTF-8''a%22b%25%0D%0A.txt");
  CHECK(content_disposition("attachment",
                            "gr\xc3\xbc\xc3\x9f"
                            "e") == "attachment; filename=\"gr____e\"; filename*=UTF-8''gr%C3%BC%C3%9Fe");
  CHECK(content_disposition("attachment", "\xff.txt") == "attachment; filename=\"_.txt\"");
}

}  // namespace weir::server
