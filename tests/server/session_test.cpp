#include <catch2/catch.hpp>

#include "session_world.hpp"

using namespace std::chrono_literals;
using weir::Chunk;
using weir::test::SessionWorld;
using weir::test::text_response;

namespace {

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("requests are answered one after the other, however they are cut") {
  const std::size_t at_once = GENERATE(1, 7, 1000);
  SessionWorld world;
  REQUIRE(world.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", at_once));
  CHECK(world.sent(at_once) == "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nPOST /x hello");
  CHECK(world.session.is_idle());
  REQUIRE(world.send("PUT /y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", at_once));
  CHECK(world.sent(at_once) == "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nPUT /y abc");
}

TEST_CASE("what a client sends ahead waits for the answer to what came before") {
  SessionWorld world;
  world.session.received(Chunk::copy_of(std::string(kGet) + kGet));
  CHECK(world.requests == 1);
  CHECK_FALSE(world.session.wants_bytes());
  const std::string one = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n";
  world.session.sent(world.session.output().text.size());
  CHECK(world.requests == 2);
  CHECK(world.sent().starts_with(one));
  CHECK(world.session.wants_bytes());
}

TEST_CASE("content stays in the socket until the handler takes it") {
  SessionWorld world;
  world.ready = false;
  REQUIRE(world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"));
  CHECK_FALSE(world.session.wants_bytes());
  world.ready = true;
  world.exchange->go_on();
  CHECK(world.changes == 1);
  CHECK(world.session.wants_bytes());
  world.send("hello");
  CHECK(has(world.sent(), "hello"));
}

TEST_CASE("100 is said when the content is wanted, and not before an answer that does without") {
  SessionWorld world;
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  SECTION("wanted") {
    world.send(head);
    CHECK(world.sent() == "HTTP/1.1 100 Continue\r\n\r\n");
    world.send("ab");
    CHECK(has(world.sent(), "200 OK"));
    CHECK(world.session.is_idle());
  }
  SECTION("refused: the client may send it or not, so nothing more is read as a request") {
    world.answer = [&] {
      world.exchange->respond(text_response(413, "no"));
      return nullptr;
    };
    world.send(head);
    const std::string answer = world.sent();
    CHECK(has(answer, "413"));
    CHECK(has(answer, "Connection: close"));
    CHECK_FALSE(has(answer, "100"));
    CHECK(world.session.sends_no_more());
    world.send(kGet);
    CHECK(world.requests == 1);
  }
  SECTION("another expectation") {
    world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: nonsense\r\n\r\n");
    CHECK(has(world.sent(), "417"));
  }
}

TEST_CASE("a short body that was refused is read over, and of a long one the connection ends") {
  SessionWorld world;
  world.answer = [&] {
    world.exchange->respond(text_response(403, "no"));
    return nullptr;
  };
  SECTION("short") {
    world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
    CHECK_FALSE(has(world.sent(), "Connection: close"));
    world.answer = [&] { return world.gather(); };
    world.send(kGet);
    CHECK(has(world.sent(), "GET /a"));
  }
  SECTION("long") {
    world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\nhello");
    CHECK(has(world.sent(), "Connection: close"));
    CHECK(world.session.sends_no_more());
    for (int i = 0; i < 100; ++i) REQUIRE(world.send(std::string(1000, 'x')));
    world.session.ended();
    CHECK(world.session.over());
  }
}

TEST_CASE("what is no HTTP gets one answer, and nothing behind it is read") {
  const char* const text =
      GENERATE("GARBAGE\r\n\r\n", "GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n",
               "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
               "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello");
  SessionWorld world;
  world.send(std::string(text) + kGet, 5);
  const std::string answer = world.sent();
  CHECK(has(answer, "HTTP/1.1 400 "));
  CHECK(has(answer, "Connection: close"));
  CHECK(world.requests == 0);
  CHECK(world.session.sends_no_more());
}

TEST_CASE("a broken chunk ends the request and the connection") {
  SessionWorld world;
  world.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nabc");
  CHECK(has(world.sent(), "400"));
  CHECK(world.gone);
}

TEST_CASE("who is slow is given up: with a head, with a body, or with an answer") {
  SessionWorld world;
  SECTION("an idle connection") {
    world.passes(74s);
    CHECK_FALSE(world.session.over());
    world.send(kGet);
    world.sent();
    world.passes(76s);
    CHECK(world.session.over());
  }
  SECTION("a head, byte by byte") {
    for (int i = 0; i < 10; ++i) {
      world.send(std::string_view(kGet).substr(i, 1));
      world.passes(1s);
    }
    world.passes(1s);
    CHECK(has(world.sent(), "408"));
    CHECK(world.session.sends_no_more());
    world.passes(3s);
    CHECK(world.session.over());
  }
  SECTION("a body that stops") {
    world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    world.passes(61s);
    CHECK(has(world.sent(), "408"));
    CHECK(world.gone);
  }
  SECTION("a body that trickles") {
    world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
    for (int i = 0; i < 59; ++i) {
      world.send("x");
      world.passes(1s);
    }
    CHECK_FALSE(world.gone);
    world.passes(1s);
    CHECK(has(world.sent(), "408"));
  }
  SECTION("but not a client that waits for the handler") {
    world.ready = false;
    world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
    world.passes(500s);
    world.ready = true;
    world.exchange->go_on();
    world.passes(30s);
    CHECK_FALSE(world.gone);
    CHECK(world.session.wants_bytes());
  }
  SECTION("an answer that is not read") {
    world.send(kGet);
    world.passes(30s);
    world.session.sent(1);
    world.passes(59s);
    CHECK_FALSE(world.session.over());
    world.passes(2s);
    CHECK(world.session.over());
  }
}

TEST_CASE("a client that goes is told to the handler, and one that only sends no more gets its answer") {
  SessionWorld world;
  SECTION("in the middle of a body") {
    world.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    world.session.ended();
    CHECK(world.gone);
    CHECK(world.session.over());
  }
  SECTION("behind its request") {
    world.answer = [&] {
      auto handler = std::make_unique<weir::test::Gathering>();
      handler->into = &world.content;
      return handler;
    };
    world.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    world.session.ended();
    CHECK_FALSE(world.session.over());
    world.exchange->respond(text_response(200, "later"));
    CHECK(has(world.sent(), "later"));
    CHECK(world.session.over());
  }
}

TEST_CASE("HEAD gets the head alone, and HTTP/1.0 no second request and no chunks") {
  SessionWorld world;
  SECTION("HEAD") {
    world.answer = [&] {
      world.exchange->respond(text_response(200, "body"));
      return nullptr;
    };
    world.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(world.sent() == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  }
  SECTION("1.0") {
    world.send("GET /a HTTP/1.0\r\n\r\n");
    CHECK(has(world.sent(), "Connection: close"));
    CHECK(world.session.sends_no_more());
  }
}

namespace {

struct Drops final : weir::server::BodyStream {
  std::string there;
  bool ended = false;
  std::function<void()> wake;
  bool next(std::string& into) override {
    into += std::exchange(there, {});
    return !ended;
  }
  void on_more(std::function<void()> more) override { wake = std::move(more); }
};

}  // namespace

TEST_CASE("a stream is sent as it comes, in chunks, and ended") {
  SessionWorld world;
  const auto drops = std::make_shared<Drops>();
  world.answer = [&] {
    world.exchange->respond({weir::server::ResponseHead(200), std::shared_ptr<weir::server::BodyStream>(drops)});
    return nullptr;
  };
  world.send(kGet);
  CHECK(world.sent() == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  drops->there = "hello";
  drops->wake();
  CHECK(world.changes == 1);
  CHECK(world.sent() == "5\r\nhello\r\n");
  CHECK(world.sent().empty());
  drops->there = "bye";
  drops->ended = true;
  drops->wake();
  CHECK(world.sent() == "3\r\nbye\r\n0\r\n\r\n");
  CHECK(world.session.is_idle());
}
