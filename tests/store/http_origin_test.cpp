// Objects of HTTP servers as they are: with ranges and without, pinned and not, lying, cut and replaced.
#include "store/http_tools.hpp"

namespace weir {
namespace {

using test::OneObject;
using test::Peer;
using test::reply_of;
using test::Seen;

constexpr std::size_t kLarge = 20 * kMiB + 7;

bool is_probe(const Seen& seen) { return seen.method() == "GET" && seen.header("range") == "bytes=0-0"; }
bool is_read(const Seen& seen) { return seen.method() == "GET" && !is_probe(seen); }

}  // namespace

TEST_CASE("An HTTP object is read in ranges at once, each pinned to its strong ETag", "[http]") {
  OneObject server(test::noise(kLarge));
  const auto bytes = server.read();
  REQUIRE(bytes.ok());
  CHECK(*bytes == server.bytes);
  CHECK(server.count("HEAD") == 1);
  CHECK(server.count("GET") >= 3);
  for (const Seen& seen : server.seen()) {
    CHECK(seen.header("accept-encoding") == "identity");
    if (seen.method() != "GET") continue;
    CHECK(seen.header("if-match") == "\"e\"");
    CHECK(seen.header("range").starts_with("bytes="));
  }
}

TEST_CASE("What HEAD does not say, a GET of one byte does", "[http]") {
  OneObject server(test::noise(kLarge));
  server.says_ranges = false;
  CHECK(*server.read() == server.bytes);
  CHECK(is_probe(server.seen()[1]));
  CHECK(server.count("GET") >= 4);
}

TEST_CASE("A server that refuses HEAD is asked by GET, and one that wants credentials is not", "[http]") {
  const int refused = GENERATE(400, 403, 404, 405, 501);
  OneObject server(test::noise(300000), [&](Peer& peer, const Seen& seen, int) {
    return seen.method() == "HEAD" &&
           peer.send("HTTP/1.1 " + std::to_string(refused) + " No\r\nContent-Length: 0\r\n\r\n");
  });
  CHECK(*server.read() == server.bytes);
  OneObject secret(
      "x", [&](Peer& peer, const Seen&, int) { return peer.send("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"); });
  const auto none = secret.read();
  CHECK(none.error().kind == Kind::access_denied);
  CHECK(none.error().advice.find("user:password@") != std::string::npos);
  CHECK(secret.seen().size() == 1);
}

TEST_CASE("Without ranges an object is read in one stream, and after a cut from its start, with the same bytes",
          "[http]") {
  std::atomic<int> reads{0};
  OneObject* self = nullptr;
  OneObject server(test::noise(kLarge), [&](Peer& peer, const Seen& seen, int) {
    if (!is_read(seen) || ++reads > 1) return false;
    peer.send(self->head_for(seen) + self->bytes.substr(0, 9000001));
    peer.close();
    return true;
  });
  self = &server;
  server.ranges = server.says_ranges = false;
  CHECK(*server.read() == server.bytes);
  CHECK(reads == 2);
}

TEST_CASE("A cut body goes on at its exact byte", "[http]") {
  std::atomic<int> reads{0};
  OneObject* self = nullptr;
  OneObject server(test::noise(900000), [&](Peer& peer, const Seen& seen, int) {
    if (!is_read(seen) || ++reads > 2) return false;
    peer.send(self->head_for(seen) + self->body_for(seen).substr(0, 300001));
    if (reads == 1) peer.reset();
    peer.close();
    return true;
  });
  self = &server;
  CHECK(*server.read() == server.bytes);
  const auto seen = server.seen();
  REQUIRE(seen.size() == 4);
  CHECK(seen.back().header("range").ends_with("-899999"));
  CHECK(seen.back().header("range") != "bytes=0-899999");
  CHECK(seen.back().header("if-match") == "\"e\"");
}

TEST_CASE("An object that is replaced in the middle is an error, whatever shows it", "[http]") {
  struct Case {
    std::string before;
    std::string after;  ///< headers of the second read; empty: its status line
    std::string answer;
  };
  const std::string dated = test::kLongAgo;
  const std::string later = "Last-Modified: Mon, 01 Jan 2024 00:00:01 GMT\r\nDate: Tue, 02 Jan 2024 00:00:00 GMT\r\n";
  const Case way = GENERATE_COPY(Case{"ETag: \"e\"\r\n", "ETag: \"f\"\r\n", ""}, Case{dated, later, ""},
                                 Case{"ETag: W/\"e\"\r\n" + dated, "ETag: W/\"f\"\r\n" + dated, ""},
                                 Case{"ETag: \"e\"\r\n", "", "HTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n"},
                                 Case{"ETag: \"e\"\r\n", "", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"},
                                 Case{"ETag: \"e\"\r\n", "", "HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n"});
  std::atomic<int> reads{0};
  OneObject* self = nullptr;
  OneObject server(test::noise(900000), [&](Peer& peer, const Seen& seen, int) {
    if (!is_read(seen)) return false;
    if (++reads == 1) {
      peer.send(self->head_for(seen) + self->body_for(seen).substr(0, 300001));
      peer.close();
      return true;
    }
    if (!way.answer.empty()) return peer.send(way.answer);
    self->change_headers(way.after);
    return false;
  });
  self = &server;
  server.headers = way.before;
  INFO(way.before << way.after << way.answer);
  const auto bytes = server.read();
  REQUIRE_FALSE(bytes.ok());
  CHECK(bytes.error().kind == Kind::source_changed);
  CHECK(reads == 2);
}

TEST_CASE("Without a strong validator ranges are not put together, and another object shows by its bytes", "[http]") {
  const std::string validators =
      GENERATE(std::string(), std::string("ETag: W/\"e\"\r\n"),
               std::string("Last-Modified: Tue, 02 Jan 2024 00:00:00 GMT\r\nDate: Tue, 02 Jan "
                           "2024 00:00:59 GMT\r\n"));
  const bool replaced = GENERATE(false, true);
  std::atomic<int> reads{0};
  OneObject* self = nullptr;
  OneObject server(test::noise(kLarge), [&](Peer& peer, const Seen& seen, int) {
    if (!is_read(seen)) return false;
    CHECK(seen.header("range").empty());
    if (++reads == 1) {
      peer.send(self->head_for(seen) + self->bytes.substr(0, 9000001));
      peer.close();
      return true;
    }
    return replaced ? peer.send(self->head_for(seen) + test::noise(kLarge, 2)) : false;
  });
  self = &server;
  server.headers = validators;
  const auto bytes = server.read();
  CHECK(reads == 2);
  if (!replaced) CHECK(*bytes == server.bytes);
  if (replaced) CHECK(bytes.error().kind == Kind::source_changed);
}

TEST_CASE("A Last-Modified that is old enough pins ranges", "[http]") {
  OneObject server(test::noise(kLarge));
  server.headers = test::kLongAgo;
  CHECK(*server.read() == server.bytes);
  CHECK(server.count("GET") >= 3);
  CHECK(server.seen().back().header("if-unmodified-since") == "Mon, 01 Jan 2024 00:00:00 GMT");
}

TEST_CASE("An answer that does not say which version it is of is not put together with others", "[http]") {
  OneObject* self = nullptr;
  OneObject server(test::noise(kLarge), [&](Peer& peer, const Seen& seen, int) {
    if (!is_read(seen) || seen.header("range").empty()) return false;
    std::string head = self->head_for(seen);
    head.erase(head.find("ETag"), std::string("ETag: \"e\"\r\n").size());
    return peer.send(head + self->body_for(seen));
  });
  self = &server;
  CHECK(*server.read() == server.bytes);  // asked for the whole, it does say
  CHECK(server.seen().back().header("range").empty());
}

TEST_CASE("Lies about lengths and ranges are errors, never other bytes", "[http]") {
  struct Lie {
    const char* head;
    Kind kind;
  };
  const Lie lie = GENERATE(
      Lie{"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 299999\r\n\r\n", Kind::protocol},
      Lie{"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 300001\r\n\r\n", Kind::protocol},
      Lie{"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Encoding: gzip\r\nContent-Length: 300000\r\n\r\n", Kind::protocol},
      Lie{"HTTP/1.1 206 P\r\nETag: \"e\"\r\nContent-Range: bytes 1-299999/300000\r\nContent-Length: 299999\r\n\r\n",
          Kind::protocol},
      Lie{"HTTP/1.1 204 No\r\nETag: \"e\"\r\n\r\n", Kind::protocol},
      Lie{"HTTP/1.1 202 Soon\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n", Kind::protocol},
      Lie{"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Type: text/html\r\nContent-Length: 300000\r\n\r\n",
          Kind::protocol},
      Lie{"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
          Kind::protocol},
      Lie{"HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 300000\r\n\r\nshort", Kind::network});
  OneObject server(test::noise(300000), [&](Peer& peer, const Seen& seen, int) {
    if (!is_read(seen)) return false;
    peer.send(lie.head + (std::string(lie.head).ends_with("short") ? "" : test::noise(300000)));
    peer.close();
    return true;
  });
  server.headers += "Content-Type: application/zip\r\n";
  INFO(lie.head);
  const auto bytes = server.read();
  REQUIRE_FALSE(bytes.ok());
  CHECK(bytes.error().kind == lie.kind);
  CHECK(bytes.status().message().starts_with("cannot read " + server.url()));
}

TEST_CASE("A HEAD that says 0 is not believed, and an empty object is empty", "[http]") {
  OneObject liar(test::noise(300000), [&](Peer& peer, const Seen& seen, int) {
    return seen.method() == "HEAD" && peer.send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 0\r\n\r\n");
  });
  CHECK(*liar.read() == liar.bytes);
  OneObject empty("");
  empty.ranges = false;
  CHECK(empty.read()->empty());
  OneObject strict("", [&](Peer& peer, const Seen& seen, int) {
    return is_probe(seen) && peer.send("HTTP/1.1 416 No\r\nContent-Range: bytes */0\r\nContent-Length: 0\r\n\r\n");
  });
  strict.ranges = false;
  CHECK(strict.read()->empty());
  OneObject confused(test::noise(kLarge), [&](Peer& peer, const Seen& seen, int) {
    return is_probe(seen) && peer.send("HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n");
  });
  confused.says_ranges = confused.ranges = false;
  CHECK(*confused.read() == confused.bytes);
}

TEST_CASE("An object of unknown length is read to its marked end, and one without an end is an error", "[http]") {
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  OneObject server("", [&](Peer& peer, const Seen& seen, int) {
    if (seen.method() == "HEAD") return peer.send(chunked);
    return peer.send(chunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  });
  const auto origin = *http_origin(server.url());
  const auto info = test::wait<ObjectInfo>([&](auto done) { origin->look(done); });
  REQUIRE(info.ok());
  CHECK_FALSE(info->sized);
  CHECK_FALSE(origin->ranges());
  CHECK(*server.read() == "hello world");
  OneObject endless("", [&](Peer& peer, const Seen& seen, int) {
    peer.send("HTTP/1.1 200 OK\r\n\r\n" + std::string(seen.method() == "HEAD" ? "" : "hello"));
    peer.close();
    return true;
  });
  const auto bytes = endless.read();
  CHECK(bytes.error().kind == Kind::protocol);
  CHECK(bytes.error().cause.find("whether it is whole cannot be told") != std::string::npos);
}

TEST_CASE("Who looked before the object was replaced reads nothing of the new one", "[http]") {
  OneObject server(test::noise(300000));
  server.headers = "ETag: \"old\"\r\n";
  const auto origin = *http_origin(server.url());
  const auto look = [&] { return *test::wait<ObjectInfo>([&](auto done) { origin->look(done); }); };
  const ObjectInfo old = look();
  server.headers = "ETag: \"new\"\r\n";
  const auto read = [&](const ObjectInfo& object) {
    return test::wait<std::string>([&](auto done) {
      auto bytes = std::make_shared<std::string>();
      origin->read(
          object, 0, 100,
          [bytes](std::span<const std::byte> data) {
            bytes->append(reinterpret_cast<const char*>(data.data()), data.size());
            return Status();
          },
          [bytes, done](Status status) { done(status.ok() ? Result<std::string>(*bytes) : status); });
    });
  };
  CHECK(read(old).error().kind == Kind::source_changed);
  const ObjectInfo fresh = look();
  CHECK(*read(fresh) == server.bytes.substr(0, 100));
  CHECK(read(old).error().kind == Kind::source_changed);
}

TEST_CASE("A long error page does not hide the error", "[http]") {
  OneObject server("", [&](Peer& peer, const Seen& seen, int) {
    return peer.send(seen.method() == "HEAD" ? "HTTP/1.1 404 No\r\nContent-Length: 900000\r\n\r\n"
                                             : reply_of(404, test::noise(900000), "Content-Type: text/html\r\n"));
  });
  CHECK(server.read().error().kind == Kind::not_found);
}

TEST_CASE("Bytes come in the coding they are stored in, and are said to", "[http]") {
  OneObject server(test::noise(100000));
  server.headers += "Content-Encoding: gzip\r\n";
  const auto origin = *http_origin(server.url());
  const auto info = test::wait<ObjectInfo>([&](auto done) { origin->look(done); });
  CHECK(info->content_encoding == "gzip");
  CHECK(*server.read() == server.bytes);
}

TEST_CASE("A checksum that the server gives is compared", "[http]") {
  OneObject server(test::noise(kLarge));
  server.head_headers = "x-amz-checksum-crc64nvme: " + crc64nvme_base64(test::crc(server.bytes)) + "\r\n";
  CHECK(*server.read() == server.bytes);
  OneObject wrong(test::noise(kLarge));
  wrong.head_headers = "x-amz-checksum-crc64nvme: " + crc64nvme_base64(1) + "\r\n";
  CHECK(wrong.read().error().kind == Kind::corrupt);
}

TEST_CASE("Failures that pass are repeated, with Retry-After; others say what the server said, without our secrets",
          "[http]") {
  std::atomic<int> failures{0};
  OneObject server(test::noise(300000), [&](Peer& peer, const Seen&, int) {
    return failures++ % 2 == 0 && peer.send(reply_of(failures == 1 ? 503 : 500, "busy", "Retry-After: 0\r\n"));
  });
  CHECK(*server.read() == server.bytes);
  OneObject rude("", [&](Peer& peer, const Seen& seen, int) {
    if (seen.method() == "HEAD") return peer.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    return peer.send(
        reply_of(403, "not with " + seen.target() + " and " + seen.header("X-Key"), "Content-Type: text/plain\r\n"));
  });
  HttpOptions options;
  options.headers = {{"X-Key", "topsecret"}};
  const auto bytes = rude.read(options, "/a?token=s3cr%21t&x=1");
  CHECK(bytes.error().kind == Kind::access_denied);
  CHECK(bytes.error().cause.starts_with("403 Forbidden from the server: not with /a"));
  for (const char* secret : {"token", "s3cr", "topsecret"}) {
    CHECK(bytes.status().message().find(secret) == std::string::npos);
  }
}

}  // namespace weir
