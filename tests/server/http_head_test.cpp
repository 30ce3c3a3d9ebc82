#include "server/http_head.hpp"

#include <catch2/catch.hpp>

namespace weir::server {
namespace {

/// The status of what a whole head is refused with; 0: it is taken.
int status_of(const std::string& text, HeadLimits limits = {}) {
  HeadReader reader(limits);
  std::size_t taken = 0;
  if (const auto refused = reader.take(text, taken)) return refused->status;
  if (!reader.done()) return -1;  // it waits for more
  RequestHead head;
  if (const auto refused = reader.head(head)) return refused->status;
  Framing framing;
  const auto refused = read_framing(head, framing);
  return refused ? refused->status : 0;
}

std::string with(const std::string& fields) { return "POST /files HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

RequestHead head_of(const std::string& text) {
  RequestHead head;
  INFO(text);
  REQUIRE_FALSE(read_head(text, {}, head));
  return head;
}

}  // namespace

TEST_CASE("a head is gathered out of pieces of any size, and takes nothing of what follows") {
  const std::string text =
      "PATCH /files/a?b=c HTTP/1.1\r\nHost: example.org:80\r\nUpload-Offset:\t 5 \r\nX: a, b\r\nx: C\r\nEmpty:\r\n\r\n";
  const std::string all = text + "the body\r\n\r\n";
  for (std::size_t piece = 1; piece <= all.size(); ++piece) {
    HeadReader reader;
    std::size_t at = 0;
    while (!reader.done()) {
      std::size_t taken = 0;
      REQUIRE_FALSE(reader.take(std::string_view(all).substr(at, piece), taken));
      REQUIRE(taken > 0);
      at += taken;
    }
    CHECK(at == text.size());
    RequestHead head;
    REQUIRE_FALSE(reader.head(head));
    CHECK(reader.empty());
    CHECK((head.method == "PATCH" && head.target == "/files/a?b=c" && head.minor_version == 1));
    CHECK(head.one("upload-offset") == "5");
    CHECK(head.one("empty") == "");
    CHECK_FALSE(head.one("x"));  // there are two
    CHECK(head.count("x") == 2);
    CHECK(head.lists("x", "b"));
    CHECK(head.lists("x", "c"));
    CHECK_FALSE(head.lists("x", "a, b"));
  }
}

TEST_CASE("request lines that are none are refused") {
  const auto line = [](const std::string& text) { return status_of(text + "\r\nHost: a\r\n\r\n"); };
  CHECK(line("GET / HTTP/1.1") == 0);
  CHECK(line("\r\nGET / HTTP/1.1") == 0);  // one empty line before it
  CHECK(line("GET / HTTP/1.0") == 0);
  CHECK(line("GET / HTTP/2.0") == 505);
  for (const char* wrong :
       {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /a b HTTP/1.1", "GET / HTTP/1.2",
        "GET / HTTP/0.9", "GET / http/1.1", "GET / HTTP/1.11", "G\tT / HTTP/1.1", "GET\t/\tHTTP/1.1",
        "(GET) / HTTP/1.1", " / HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\xc3\xbc HTTP/1.1", "\r\n\r\nGET / HTTP/1.1"})
    CHECK(line(wrong) == 400);
}

TEST_CASE("lines end with CR and LF, and there are no other control characters") {
  CHECK(status_of("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n") == 400);
  CHECK(status_of(with(std::string("A: b\0c\r\n", 8))) == 400);
  CHECK(status_of(with("A: b\x01\r\n")) == 400);
  CHECK(status_of(with("A: b\x7f\r\n")) == 400);
  CHECK(status_of(with("A: \xc3\xbc\r\n")) == 400);
  CHECK(status_of(with("A: b\tc\r\n")) == 0);
  CHECK(status_of("\n") == 400);  // at once, not when the time is over
}

TEST_CASE("fields have a name, which a colon follows at once, and are on one line") {
  for (const char* wrong : {": a\r\n", "A : b\r\n", "A\r\n", "A b: c\r\n", " A: b\r\n", "A: b\r\n c\r\n",
                            "A: b\r\n\tc\r\n", "A(: b\r\n", "\xc3\xbc: b\r\n"})
    CHECK(status_of(with(wrong)) == 400);
}

TEST_CASE("there is one Host, which is made of what hosts are made of") {
  const auto hosts = [](const std::string& fields) { return status_of("GET / HTTP/1.1\r\n" + fields + "\r\n"); };
  CHECK(hosts("") == 400);
  CHECK(hosts("Host: a\r\nHost: a\r\n") == 400);
  CHECK(hosts("Host: a/b\r\n") == 400);
  CHECK(hosts("Host: a@b\r\n") == 400);
  CHECK(hosts("Host: a b\r\n") == 400);
  CHECK(hosts("Host: [::1]:8080\r\n") == 0);
  CHECK(hosts("Host:\r\n") == 0);
  CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 0);
}

TEST_CASE("what could be read as two lengths is refused") {
  for (const char* wrong :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: +5\r\n", "Content-Length: 5,5\r\n",
        "Content-Length: 0x5\r\n", "Content-Length: -5\r\n", "Content-Length:\r\n", "Content-Length: 5 5\r\n",
        "Content-Length: 99999999999999999999\r\n", "Content-Length: 9223372036854775808\r\n",
        "Content-Length: 18446744073709551616\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding:\r\n", "Transfer-Encoding: chunked;a=b\r\n"})
    CHECK(status_of(with(wrong)) == 400);
  CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  Framing framing;
  CHECK_FALSE(read_framing(head_of(with("content-length:  9223372036854775807 \r\n")), framing));
  CHECK((!framing.chunked && framing.bytes == 9'223'372'036'854'775'807));
  CHECK_FALSE(read_framing(head_of(with("Transfer-Encoding: Chunked\r\n")), framing));
  CHECK((framing.chunked && framing.bytes == 0));
  CHECK_FALSE(read_framing(head_of(with("")), framing));
  CHECK((!framing.chunked && framing.bytes == 0));
}

TEST_CASE("heads are of bounded size, in bytes and in fields") {
  const HeadLimits limits{.bytes = 1000, .fields = 10};
  CHECK(status_of(with("A: " + std::string(2000, 'a') + "\r\n"), limits) == 431);
  CHECK(status_of(std::string(2000, 'A'), limits) == 431);  // before its end has come
  std::string many;
  for (int i = 0; i < 9; ++i) many += "A: b\r\n";
  CHECK(status_of(with(many), limits) == 0);
  CHECK(status_of(with(many + "A: b\r\n"), limits) == 431);
}

TEST_CASE("another request follows where neither side has said that none does") {
  CHECK(keeps_alive(head_of(with(""))));
  CHECK(keeps_alive(head_of(with("Connection: keep-alive\r\n"))));
  CHECK_FALSE(keeps_alive(head_of(with("Connection: Upgrade, Close\r\n"))));
  CHECK_FALSE(keeps_alive(head_of("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")));
}

}  // namespace weir::server
