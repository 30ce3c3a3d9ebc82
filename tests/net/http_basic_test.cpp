// What goes over the wire and what comes back; connection reuse; requests refused before the wire.
#include <algorithm>
#include <catch2/catch.hpp>

#include "net/http.hpp"
#include "net/http_tools.hpp"
#include "net/script_server.hpp"

using namespace weir;
using namespace weir::net;
using namespace weir::test;

TEST_CASE("a request arrives as it was written and its answer comes back whole", "[http]") {
  Seen seen;
  ScriptServer server(ScriptServer::answering([&](const Seen& request) {
    seen = request;
    return "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n" + reply_of(201, "made", "ETag: \"abc\"\r\nX-Empty:\r\n");
  }));
  const auto client = Client::make({});
  Request request = request_to("PUT", server.url("/b/a%2fb/../c//d%20e+f*?x-id=1&y=%7E"), body_of("hello"));
  request.headers = {{"X-Amz-Meta-A", "some value"}, {"x-empty", ""}, {"Content-Length", "5"}};
  const auto answer = client->fetch(std::move(request));
  REQUIRE(answer.ok());
  CHECK(answer.value().status == 201);
  CHECK(answer.value().body == "made");
  CHECK(answer.value().bytes_sent == 5);
  CHECK(answer.value().header("etag") == "\"abc\"");
  CHECK(answer.value().header("x-interim").empty());
  CHECK(seen.head.starts_with("PUT /b/a%2fb/../c//d%20e+f*?x-id=1&y=%7E HTTP/1.1\r\n"));
  CHECK(seen.body == "hello");
  CHECK(seen.header("X-Amz-Meta-A") == "some value");
  CHECK(seen.has("\r\nx-empty:\r\n"));
  CHECK(seen.header("Host") == server.authority());
  CHECK(seen.header("User-Agent").starts_with("weir/"));
  CHECK_FALSE(seen.has("Expect"));
  CHECK_FALSE(seen.has("Accept-Encoding"));
  CHECK(seen.head.find("Content-Length", seen.head.find("Content-Length") + 1) == std::string::npos);
}

TEST_CASE("the address is judged before a byte is sent to it", "[http]") {
  std::atomic<int> requests{0};
  ScriptServer server([&](Peer& peer, int) { requests += peer.read_head().head.empty() ? 0 : 1; });
  Request request = request_to("GET", server.url());
  std::string seen;
  request.on_peer = [&](const PeerInfo& peer) {
    seen = peer.ip;
    return Status(Kind::access_denied, "not there");
  };
  const auto answer = Client::make({})->fetch(std::move(request));
  CHECK(answer.status().kind() == Kind::access_denied);
  CHECK(seen == "127.0.0.1");
  CHECK(requests == 0);
}

TEST_CASE("methods that usually carry a body say Content-Length: 0 without one, others say nothing", "[http]") {
  Seen seen;
  ScriptServer server(ScriptServer::answering([&](const Seen& request) {
    seen = request;
    return request.method() == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n" : reply_of(200, "x");
  }));
  const auto client = Client::make({});
  for (const std::string method : {"PUT", "POST", "PATCH"}) {
    REQUIRE(client->fetch(request_to(method, server.url())).ok());
    CHECK(seen.method() == method);
    CHECK(seen.header("Content-Length") == "0");
    CHECK_FALSE(seen.has("Content-Type"));
    CHECK_FALSE(seen.has("Transfer-Encoding"));
  }
  for (const std::string method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
    const auto answer = client->fetch(request_to(method, server.url()));
    REQUIRE(answer.ok());
    CHECK(seen.method() == method);
    CHECK_FALSE(seen.has("Content-Length"));
    CHECK(answer.value().body == (method == "HEAD" ? "" : "x"));
  }
  REQUIRE(client->fetch(request_to("DELETE", server.url(), body_of("why"))).ok());
  CHECK(seen.body == "why");
  CHECK(server.connections() == 1);
}

TEST_CASE("one connection serves PUT, POST and PUT again, each with its own body", "[http]") {
  std::vector<std::string> bodies;
  ScriptServer server(ScriptServer::answering([&](const Seen& request) {
    bodies.push_back(request.method() + " " + request.body);
    return reply_of(200);
  }));
  const auto client = Client::make({});
  for (const std::string method : {"PUT", "POST", "PUT", "GET", "POST"}) {
    auto body = method == "GET" ? nullptr : body_of("body " + std::to_string(bodies.size()));
    REQUIRE(client->fetch(request_to(method, server.url(), body)).ok());
  }
  CHECK(bodies == std::vector<std::string>{"PUT body 0", "POST body 1", "PUT body 2", "GET ", "POST body 4"});
  CHECK(server.connections() == 1);
}

TEST_CASE("a body of many chunks arrives in order, and again when it is sent again", "[http]") {
  const std::string text = pattern(3'000'001);
  std::vector<Chunk> chunks;
  for (std::size_t at = 0; at < text.size(); at += 70'001) chunks.push_back(Chunk::copy_of(text.substr(at, 70'001)));
  chunks.insert(chunks.begin() + 2, Chunk());
  const auto body = body_of(chunks);
  int equal = 0;
  ScriptServer server(ScriptServer::answering([&](const Seen& request) {
    equal += request.body == text ? 1 : 0;
    return reply_of(200);
  }));
  const auto client = Client::make({});
  REQUIRE(client->fetch(request_to("PUT", server.url(), body)).ok());
  REQUIRE(client->fetch(request_to("PUT", server.url(), body)).ok());
  CHECK(equal == 2);
}

TEST_CASE("a redirect is an answer: nobody else hears of the request", "[http]") {
  ScriptServer other(ScriptServer::answering([](const Seen&) { return reply_of(200, "stolen"); }));
  ScriptServer server(ScriptServer::answering(
      [&](const Seen&) { return reply_of(307, "", "Location: " + other.url("/steal") + "\r\n"); }));
  const auto client = Client::make({});
  Request request = request_to("PUT", server.url(), body_of("secret"));
  request.headers = {{"Authorization", "secret"}};
  const auto answer = client->fetch(std::move(request));
  REQUIRE(answer.ok());
  CHECK(answer.value().status == 307);
  CHECK(answer.value().header("location") == other.url("/steal"));
  CHECK(other.connections() == 0);
}

TEST_CASE("what could split or forge a request is refused before a connection is made", "[http]") {
  ScriptServer server(ScriptServer::answering([](const Seen&) { return reply_of(200); }));
  const auto client = Client::make({});
  const auto refused = [&](Request request) {
    const auto answer = client->fetch(std::move(request));
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.status().kind() == Kind::invalid_argument);
    CHECK_FALSE(answer.status().retryable());
    CHECK(answer.status().message().find("hidden") == std::string::npos);
  };
  const auto with_header = [&](std::string name, std::string value) {
    Request request = request_to("PUT", server.url("/?hidden"), body_of("abc"));
    request.headers = {{std::move(name), std::move(value)}};
    return request;
  };
  refused(with_header("x-a", "b\r\nX-Forged: hidden"));
  refused(with_header("x-a", "b\nhidden"));
  refused(with_header("x-a", std::string("b\0hidden", 8)));
  refused(with_header("x-a\r\nx-b", "hidden"));
  refused(with_header("x a", "hidden"));
  refused(with_header("", "hidden"));
  refused(with_header("Transfer-Encoding", "chunked"));
  refused(with_header("Content-Length", "4"));
  refused(request_to("GET / HTTP/1.1\r\nX:", server.url()));
  refused(request_to("", server.url()));
  refused(request_to("GET", server.url("/a\r\nhidden")));
  refused(request_to("GET", server.url("/a hidden")));
  refused(request_to("GET", "http://user:hidden@" + server.authority() + "/"));
  refused(request_to("GET", "file:///etc/hidden"));
  refused(request_to("GET", "gopher://127.0.0.1/hidden"));
  refused(request_to("GET", "hidden"));
  refused(request_to("GET", ""));
  CHECK(server.connections() == 0);
}

TEST_CASE("a header's value may hold bytes above 127 and tabs", "[http]") {
  std::string value;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    value = seen.header("x-a");
    return reply_of(200);
  }));
  Request request = request_to("GET", server.url());
  request.headers = {{"x-a", "gr\xc3\xbc\xc3\x9f\te"}};
  REQUIRE(Client::make({})->fetch(std::move(request)).ok());
  CHECK(value == "gr\xc3\xbc\xc3\x9f\te");
}

TEST_CASE("IPv6 addresses work in URLs", "[http]") {
  std::string host;
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
                        host = seen.header("Host");
                        return reply_of(200, "six");
                      }),
                      true);
  const auto answer = Client::make({})->fetch(request_to("GET", server.url()));
  REQUIRE(answer.ok());
  CHECK(answer.value().body == "six");
  CHECK(host == server.authority());
}
