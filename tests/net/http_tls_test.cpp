// TLS against a real server with certificates made on the spot.
#include <catch2/catch.hpp>

#include "net/http.hpp"
#include "net/http_tools.hpp"
#include "net/script_server.hpp"
#include "net/tls_tools.hpp"

using namespace weir;
using namespace weir::net;
using namespace weir::test;

namespace {

ClientOptions trusting(const Certificates& certificates, const std::string& authority) {
  ClientOptions options;
  options.ca_bundle = certificates.file(authority + ".pem");
  return options;
}

}  // namespace

TEST_CASE("TLS works with the right authority, and says host and reason with a wrong one", "[http][tls]") {
  static const Certificates certificates;
  SECTION("the right authority, a body both ways") {
    TlsServer server(certificates, "server");
    server.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure");
    const auto answer =
        Client::make(trusting(certificates, "ca"))->fetch(request_to("PUT", server.url(), body_of("the body\n")));
    INFO(answer.status().message());
    REQUIRE(answer.ok());
    CHECK(answer.value().body == "secure");
    CHECK(server.read_until("PUT /k?hidden HTTP/1.1", "the body").find("Content-Length: 9") != std::string::npos);
  }
  SECTION("wrong authority, wrong host, no authority") {
    TlsServer server(certificates, "server");
    TlsServer elsewhere(certificates, "elsewhere");
    for (const auto& [options, url] :
         {std::pair{trusting(certificates, "other"), server.url()}, std::pair{ClientOptions{}, server.url()},
          std::pair{trusting(certificates, "ca"), elsewhere.url()}}) {
      const auto answer = Client::make(options)->fetch(request_to("PUT", url, body_of("secret")));
      REQUIRE_FALSE(answer.ok());
      UNSCOPED_INFO(answer.status().message());
      CHECK(answer.status().kind() == Kind::access_denied);
      CHECK_FALSE(answer.status().retryable());
      CHECK(answer.status().message().find("PUT https://localhost:") == 0);
      CHECK(answer.status().message().find("certificate") != std::string::npos);
      CHECK(answer.status().message().find("hidden") == std::string::npos);
    }
  }
  SECTION("not verifying is possible, and only by asking") {
    TlsServer server(certificates, "elsewhere");
    server.say("HTTP/1.1 204 OK\r\n\r\n");
    ClientOptions options;
    options.verify_tls = false;
    CHECK(Client::make(options)->fetch(request_to("GET", server.url())).ok());
  }
  SECTION("a CA bundle that is not there is named") {
    TlsServer server(certificates, "server");
    const auto answer = Client::make(trusting(certificates, "missing"))->fetch(request_to("GET", server.url()));
    CHECK(answer.status().kind() == Kind::invalid_argument);
    CHECK(answer.status().message().find("missing.pem") != std::string::npos);
  }
  SECTION("a client certificate is shown to a server that asks for one") {
    for (const bool show : {true, false}) {
      TlsServer server(certificates, "server",
                       {"-Verify", "2", "-CAfile", certificates.file("ca.pem"), "-verify_return_error"});
      server.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      ClientOptions options = trusting(certificates, "ca");
      if (show) {
        options.client_certificate = certificates.file("client.pem");
        options.client_key = certificates.file("client.key");
      }
      const auto answer = Client::make(options)->fetch(request_to("GET", server.url()));
      INFO(answer.status().message());
      CHECK(answer.ok() == show);
    }
  }
  SECTION("a refusal during an upload is heard through TLS") {
    TlsServer server(certificates, "server");
    server.say("HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nwhy");
    const auto answer = Client::make(trusting(certificates, "ca"))
                            ->fetch(request_to("PUT", server.url(), body_of(std::string(8'000'000, '\n'))));
    INFO(answer.status().message());
    REQUIRE(answer.ok());
    CHECK(answer.value().status == 403);
    CHECK(answer.value().body == "why");
  }
  SECTION("an answer cut off is never taken for whole, with and without a length") {
    for (const bool length : {true, false}) {
      Answer answer;
      const auto client = Client::make(trusting(certificates, "ca"));
      {
        TlsServer server(certificates, "server");
        server.say(std::string("HTTP/1.1 200 OK\r\n") + (length ? "Content-Length: 500\r\n" : "") +
                   "\r\nthe first half\n");
        client->send(request_to("GET", server.url()), answer.taker());
        server.read_until("GET /k", "\r\n\r\n");
        std::this_thread::sleep_for(100ms);
      }
      INFO("length " << length << ", body: " << (answer.get().ok() ? answer.get().value().body : "none"));
      CHECK(answer.get().status().kind() == (length ? Kind::network : Kind::protocol));
      CHECK(answer.get().status().retryable() == length);
    }
  }
  SECTION("plain HTTP where TLS is expected is refused for good") {
    TlsServer server(certificates, "server");
    std::string url = server.url();
    const auto answer = Client::make({})->fetch(request_to("GET", url.replace(0, 5, "http")));
    CHECK_FALSE(answer.ok());
  }
}

TEST_CASE("Behind a tunnel the peer is the proxy, and that is said, also on a kept connection", "[http][tls]") {
  static const Certificates certificates;
  TlsServer server(certificates, "server");
  ScriptServer proxy([&](Peer& peer, int) {
    const Seen asked = peer.read_head();
    if (asked.method() != "CONNECT") return void(peer.reply(200, "plain"));
    peer.send("HTTP/1.1 200 Go\r\n\r\n");
    peer.relay_to(std::stoi(server.port()));
  });
  ClientOptions options = trusting(certificates, "ca");
  options.proxy = proxy.url();
  const auto client = Client::make(options);
  std::mutex mutex;
  std::vector<net::PeerInfo> peers;
  const auto ask = [&](const std::string& url) {
    Request request = request_to("GET", url);
    request.on_peer = [&](const net::PeerInfo& peer) {
      const std::lock_guard lock(mutex);
      peers.push_back(peer);
      return Status();
    };
    return request;
  };
  for (int i = 0; i < 2; ++i) {
    Answer answer;
    client->send(ask(server.url()), answer.taker());
    REQUIRE(server.hears("GET /k"));
    server.say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    INFO(answer.get().status().message());
    CHECK(answer.get().value().body == "ok");
  }
  CHECK(proxy.connections() == 1);
  CHECK(client->fetch(ask("http://store.invalid/")).value().body == "plain");
  REQUIRE(peers.size() == 3);
  for (const net::PeerInfo& peer : peers) CHECK(peer.ip == "127.0.0.1");
  CHECK(peers[0].tunnel);
  CHECK(peers[1].tunnel);
  CHECK_FALSE(peers[2].tunnel);
}
