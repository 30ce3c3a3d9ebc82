// Where a server may send us on to, and what goes along.
#include <cstdlib>
#include <future>

#include "net/address.hpp"
#include "net/tls_tools.hpp"
#include "store/http_place.hpp"
#include "store/http_tools.hpp"
#include "store/http_wire.hpp"

namespace weir {
namespace {

using test::OneObject;
using test::Peer;
using test::redirect_to;
using test::Seen;

/// A server that sends all on to `location`, and counts.
struct Redirector {
  explicit Redirector(std::string location, int status = 302)
      : server("", [this, location = std::move(location), status](Peer& peer, const Seen&, int) {
          ++asked;
          return peer.send(redirect_to(location, status));
        }) {}
  std::atomic<int> asked{0};
  OneObject server;
};

/// The real client on a machine from which one server, that at `far`, is on the internet.
class FarClient final : public net::Client {
 public:
  FarClient(const net::ClientOptions& options, std::string far)
      : client_(net::Client::make(options)), far_(std::move(far)) {}
  std::shared_ptr<net::Call> send(net::Request request, Done done) override {
    if (request.url.starts_with(far_) && request.on_peer) {
      request.on_peer = [seen = request.on_peer](net::PeerInfo peer) {
        peer.ip = "192.0.2.1";
        return seen(peer);
      };
    }
    return client_->send(std::move(request), std::move(done));
  }

 private:
  const std::shared_ptr<net::Client> client_;
  const std::string far_;
};

}  // namespace

TEST_CASE("Redirects are followed to another server, which gets no header and no password of ours", "[http]") {
  const int status = GENERATE(301, 302, 303, 307, 308);
  OneObject there(test::noise(20 * kMiB + 7));
  Redirector first(there.url("/real?signature=abcd"), status);
  HttpOptions options;
  options.headers = {{"Authorization", "Bearer topsecret"}, {"X-Key", "topsecret"}};
  CHECK(*first.server.read(options) == there.bytes);
  for (const Seen& seen : first.server.seen()) CHECK(seen.header("X-Key") == "topsecret");
  for (const Seen& seen : there.seen()) {
    CHECK(seen.target() == "/real?signature=abcd");
    CHECK_FALSE(seen.has("topsecret"));
    if (seen.method() == "GET") CHECK(seen.header("if-match") == "\"e\"");
  }
  CHECK(first.asked == 1);  // ranges go where the look was sent
}

TEST_CASE("On the way back to its own server, a request has its headers again; relative places are understood",
          "[http]") {
  OneObject server(test::noise(100000), [](Peer& peer, const Seen& seen, int) {
    return seen.target() == "/dir/object.bin" && peer.send(redirect_to("../other/a b"));
  });
  std::string url = server.url();
  url.insert(7, "us%65r:p%40ss@");
  CHECK(*OneObject::read_all(*http_origin(url)) == server.bytes);
  for (const Seen& seen : server.seen()) CHECK(seen.header("authorization") == "Basic dXNlcjpwQHNz");
  CHECK(server.seen().back().target() == "/other/a%20b");
}

TEST_CASE("A place that redirects led to and that is no more is found again from the start", "[http]") {
  std::atomic<bool> expired{false};
  OneObject* self = nullptr;
  std::atomic<int> signed_urls{0};
  OneObject there(test::noise(900000), [&](Peer& peer, const Seen& seen, int) {
    if (seen.target() == "/real?signature=1" && expired) {
      return peer.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    }
    if (seen.method() == "HEAD" || expired.exchange(true)) return false;
    peer.send(self->head_for(seen) + self->body_for(seen).substr(0, 300001));
    peer.close();
    return true;
  });
  self = &there;
  OneObject first("", [&](Peer& peer, const Seen&, int) {
    return peer.send(redirect_to(there.url("/real?signature=" + std::to_string(++signed_urls))));
  });
  CHECK(*first.read() == there.bytes);
  CHECK(signed_urls == 2);
  CHECK(there.seen().back().target() == "/real?signature=2");
  CHECK(there.seen().back().header("range").ends_with("-899999"));
}

TEST_CASE("Another mirror that has another object is not mixed in", "[http]") {
  std::atomic<int> asked{0};
  OneObject one(test::noise(900000), [&](Peer& peer, const Seen& seen, int) {
    if (seen.method() == "HEAD") return false;
    peer.send("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n");
    return true;
  });
  OneObject other(test::noise(900000, 2));
  other.headers = "ETag: \"f\"\r\n";
  OneObject first(
      "", [&](Peer& peer, const Seen&, int) { return peer.send(redirect_to(asked++ == 0 ? one.url() : other.url())); });
  CHECK(first.read().error().kind == Kind::source_changed);
}

TEST_CASE("Circles, endless chains and places that cannot be are refused", "[http]") {
  OneObject circle("", [&](Peer& peer, const Seen& seen, int) {
    return peer.send(redirect_to(seen.target() == "/a" ? "/b?token=topsecret" : "/a"));
  });
  const auto round = circle.read({}, "/a");
  CHECK(round.error().kind == Kind::protocol);
  CHECK(round.error().cause == "the server redirects in a circle, back to " + circle.url("/a"));
  CHECK(circle.seen().size() == 2);

  std::atomic<int> hops{0};
  OneObject endless("",
                    [&](Peer& peer, const Seen&, int) { return peer.send(redirect_to(fmt::format("/{}", ++hops))); });
  CHECK(endless.read().error().cause == "the server redirects more than 10 times");
  CHECK(hops == 11);
  HttpOptions none;
  none.max_redirects = 0;
  hops = 0;
  CHECK(endless.read(none).error().kind == Kind::protocol);
  CHECK(hops == 1);

  for (const char* wrong : {"file:///etc/passwd", "ftp://h/", "http://user:secret@h/", "//", "http://h:99999/"}) {
    INFO(wrong);
    Redirector to(wrong);
    const auto bytes = to.server.read();
    CHECK(bytes.error().kind == Kind::protocol);
    CHECK(bytes.status().message().find("secret") == std::string::npos);
    CHECK(to.asked == 1);
  }
  OneObject nowhere("", [&](Peer& peer, const Seen&, int) { return peer.send(test::reply_of(302)); });
  CHECK(nowhere.read().error().cause == "the answer is 302 without a Location");
}

TEST_CASE("No server sends us to link-local addresses, however they are written", "[http]") {
  for (const char* place : {"http://169.254.169.254/latest/", "http://[::ffff:169.254.169.254]/", "http://0xa9fea9fe/",
                            "http://2852039166/", "http://[fe80::1]/", "http://[64:ff9b::a9fe:a9fe]/"}) {
    INFO(place);
    Redirector to(place);
    const auto bytes = to.server.read();
    CHECK(bytes.error().kind == Kind::access_denied);
    CHECK(bytes.error().cause.ends_with("which is a link-local address"));
    CHECK(bytes.error().advice.starts_with("Nothing was sent there."));
  }
}

TEST_CASE("From the internet no server sends us inside, but the way to another one may lead through our own proxy",
          "[http]") {
  OneObject inside(test::noise(900));
  Redirector first(inside.url());
  HttpOptions options;
  options.client = std::make_shared<HttpClient>(std::make_shared<FarClient>(net::ClientOptions{}, first.server.url()));
  const auto refused = first.server.read(options);
  CHECK(refused.error().kind == Kind::access_denied);
  CHECK(refused.error().cause.ends_with("which is inside a private network"));
  CHECK(inside.seen().empty());

  static const test::Certificates certificates;
  test::TlsServer secure(certificates, "server");
  test::ScriptServer proxy([&](Peer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 Go\r\n\r\n");
    peer.relay_to(std::stoi(secure.port()));
  });
  setenv("https_proxy", proxy.url().c_str(), 1);
  net::ClientOptions trusting;
  trusting.ca_bundle = certificates.file("ca.pem");
  Redirector second("https://localhost:" + secure.port() + "/x");
  options.client = std::make_shared<HttpClient>(std::make_shared<FarClient>(trusting, second.server.url()));
  auto read = std::async(std::launch::async, [&] { return second.server.read(options); });
  const std::string head = "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 5\r\n\r\n";
  CHECK(secure.hears("HEAD /x"));
  secure.say(head);
  CHECK(secure.hears("GET /x"));
  secure.say(head + "there");
  const auto bytes = read.get();
  unsetenv("https_proxy");
  INFO(bytes.status().message());
  REQUIRE(bytes.ok());
  CHECK(*bytes == "there");

  // A name that is an address is judged wherever the way leads.
  setenv("https_proxy", proxy.url().c_str(), 1);
  Redirector third("https://10.0.0.1/x");
  options.client = std::make_shared<HttpClient>(std::make_shared<FarClient>(trusting, third.server.url()));
  CHECK(third.server.read(options).error().kind == Kind::access_denied);
  unsetenv("https_proxy");
}

TEST_CASE("Addresses are known for what they are", "[http]") {
  using net::Reach;
  for (const char* text : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "192.0.2.1", "2606:4700::1111",
                           "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"}) {
    INFO(text);
    CHECK(net::reach_of(text) == Reach::everywhere);
  }
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "127.0.0.1",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "100.64.0.1",
                           "198.18.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "[::1]",
                           "fd00:ec2::254",
                           "fc00::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "::127.0.0.1",
                           "64:ff9b::7f00:1",
                           "2002:7f00:1::",
                           "fec0::1"}) {
    INFO(text);
    CHECK(net::reach_of(text) == Reach::inside);
  }
  CHECK(net::reach_of("169.254.0.1") == Reach::link);
  CHECK(net::reach_of("fe80::1%eth0") == Reach::link);
  CHECK(net::reach_of("example.org") == Reach::name);
  CHECK_FALSE(net::may_lead(Reach::everywhere, Reach::inside));
  CHECK_FALSE(net::may_lead(Reach::inside, Reach::link));
  CHECK(net::may_lead(Reach::inside, Reach::inside));
  CHECK(net::may_lead(Reach::inside, Reach::everywhere));
}

TEST_CASE("A URL's user, password and query are shown nowhere", "[http]") {
  CHECK(shown_name("https://user:secret@h:1/p?q=secret#f") == "https://h:1/p");
  CHECK(shown_name("HTTPS://u:p@h?q") == "HTTPS://h");
  CHECK(shown_name("htps://u:p@h/x?token=1") == "htps://h/x");
  CHECK(shown_name("https://h/a@b?c") == "https://h/a@b");
  CHECK(shown_name("s3://bucket/key?with=mark@x") == "s3://bucket/key?with=mark@x");
  CHECK(shown_name("file with ? and @") == "file with ? and @");
  CHECK(http::parse_place("https://a:b%40c@d@h/")->authorization == http::basic_authorization("a", "b@c@d"));
  for (const char* wrong : {"https://u:topsecret@", "https://u:top%secret@h/", "https://u:topsecret%0a@h/",
                            "ftp://u:topsecret@h/", "https://h h/?topsecret"}) {
    const auto place = http::parse_place(wrong);
    INFO(wrong);
    REQUIRE_FALSE(place.ok());
    CHECK(place.error().kind == Kind::invalid_argument);
    CHECK(place.status().message().find("topsecret") == std::string::npos);
  }
}

}  // namespace weir
