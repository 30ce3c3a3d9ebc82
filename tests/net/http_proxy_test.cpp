// Proxies: by option, by environment, and hosts that go past them.
#include <catch2/catch.hpp>

#include "net/http.hpp"
#include "net/http_tools.hpp"
#include "net/script_server.hpp"
#include "support/environment.hpp"

using namespace weir;
using namespace weir::net;
using namespace weir::test;

TEST_CASE("a plain request goes to the proxy with its whole URL", "[http]") {
  Seen seen;
  ScriptServer proxy(ScriptServer::answering([&](const Seen& request) {
    seen = request;
    return reply_of(200, "by proxy");
  }));
  ClientOptions options;
  options.proxy = proxy.url();
  const auto answer = Client::make(options)->fetch(request_to("PUT", "http://store.invalid/a/../b?q", body_of("x")));
  REQUIRE(answer.ok());
  CHECK(answer.value().body == "by proxy");
  CHECK(seen.target() == "http://store.invalid/a/../b?q");
  CHECK(seen.header("Host") == "store.invalid");
}

TEST_CASE("the environment names a proxy, and NO_PROXY the hosts that go past it", "[http]") {
  ScriptServer proxy(ScriptServer::answering([](const Seen&) { return reply_of(200, "by proxy"); }));
  ScriptServer server(ScriptServer::answering([](const Seen&) { return reply_of(200, "direct"); }));
  const Environment by("http_proxy", proxy.url());
  const auto client = Client::make({});
  CHECK(client->fetch(request_to("GET", server.url())).value().body == "by proxy");
  {
    const Environment past("NO_PROXY", "store.invalid,127.0.0.1");
    CHECK(client->fetch(request_to("GET", server.url())).value().body == "direct");
    CHECK(client->fetch(request_to("GET", "http://other.invalid/")).value().body == "by proxy");
  }
}

TEST_CASE("a tunnel's own headers stay apart from the answer, and the server's from the proxy", "[http]") {
  Seen connect;
  ScriptServer proxy([&](Peer& peer, int) {
    connect = peer.read_head();
    peer.send("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
  });
  ClientOptions options;
  options.proxy = proxy.url();
  Request request = request_to("PUT", "https://store.invalid/key?hidden", body_of("x"));
  request.headers = {{"Authorization", "secret"}};
  const auto answer = Client::make(options)->fetch(std::move(request));
  INFO(answer.status().message());
  CHECK(answer.status().kind() == Kind::access_denied);
  CHECK_FALSE(answer.status().retryable());
  CHECK(answer.status().message().find("407") != std::string::npos);
  CHECK(connect.head.starts_with("CONNECT store.invalid:443 "));
  CHECK_FALSE(connect.has("secret"));
}
