// Pauses on either side, stalls, cancelling, many at once, the client's end.
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <mutex>
#include <set>

#include "net/http.hpp"
#include "net/http_tools.hpp"
#include "net/script_server.hpp"
#include "weir/core/thread_pool.hpp"

using namespace weir;
using namespace weir::net;
using namespace weir::test;

namespace {

// Reads one request's head, then nothing more until the client goes.
void black_hole(Peer& peer, int) {
  peer.read_head();
  peer.sees_close(20s);
}

std::int64_t ms_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

TEST_CASE("a body that says pending goes on at its wake-up and arrives whole", "[http]") {
  const std::string text = pattern(1'000'000);
  Seen seen;
  ScriptServer server(ScriptServer::answering([&](const Seen& request) {
    seen = request;
    return reply_of(200);
  }));
  const auto client = Client::make({});
  const auto body = std::make_shared<GatedBody>(text, 10'000);
  Answer answer;
  const auto call = client->send(request_to("PUT", server.url(), body), answer.taker());
  for (std::size_t allowed = 0; allowed < text.size(); allowed += 50'000) {
    body->allow(allowed);
    std::this_thread::sleep_for(3ms);
    CHECK(answer.times() == 0);
  }
  body->allow(text.size());
  REQUIRE(answer.get().ok());
  CHECK(answer.get().value().bytes_sent == text.size());
  CHECK(seen.body == text);
  body->allow(text.size());  // a wake-up after the end is harmless
}

TEST_CASE("a taker that says pending gets the same bytes again after wake, none lost and none twice", "[http]") {
  const std::string text = pattern(3'000'000);
  ScriptServer server(ScriptServer::answering([&](const Seen&) { return reply_of(200, text, "X-A: b\r\n"); }));
  const auto client = Client::make({});
  std::string taken;
  int heads = 0;
  std::atomic<int> pendings{0};
  bool refuse = false;
  Request request = request_to("GET", server.url());
  request.on_head = [&](const Response& head) {
    heads += head.status == 200 && head.header("x-a") == "b" && taken.empty() ? 1 : 100;
    return Status();
  };
  request.on_data = [&](std::span<const std::byte> bytes) {
    refuse = !refuse;
    if (refuse) {
      ++pendings;
      return Status::pending();
    }
    taken.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status();
  };
  Answer answer;
  const auto call = client->send(std::move(request), answer.taker());
  while (!answer.comes_within(1ms)) call->wake();
  REQUIRE(answer.get().ok());
  CHECK(answer.get().value().body.empty());
  CHECK(pendings > 10);
  CHECK(heads == 1);
  CHECK(taken == text);
}

TEST_CASE("only a 2xx reply is streamed; what a refusal says is kept", "[http]") {
  ScriptServer server(ScriptServer::answering([&](const Seen&) { return reply_of(404, "<Code>NoSuchKey</Code>"); }));
  Request request = request_to("GET", server.url());
  int calls = 0;
  request.on_data = [&](std::span<const std::byte>) {
    ++calls;
    return Status();
  };
  const auto answer = Client::make({})->fetch(std::move(request));
  REQUIRE(answer.ok());
  CHECK(answer.value().body == "<Code>NoSuchKey</Code>");
  CHECK(calls == 0);
}

TEST_CASE("an error of the taker ends the request with that error, also right after a pause", "[http]") {
  ScriptServer server(ScriptServer::answering([&](const Seen&) { return reply_of(200, pattern(500'000)); }));
  const auto client = Client::make({});
  for (const bool pause_first : {false, true}) {
    Request request = request_to("GET", server.url());
    int calls = 0;
    request.on_data = [&](std::span<const std::byte>) {
      return ++calls == 1 && pause_first ? Status::pending() : Status(Kind::no_space, "the disk is full");
    };
    Answer answer;
    const auto call = client->send(std::move(request), answer.taker());
    while (!answer.comes_within(5ms)) call->wake();
    CHECK(answer.get().status().kind() == Kind::no_space);
    CHECK(answer.times() == 1);
  }
  Request request = request_to("GET", server.url());
  request.on_head = [](const Response&) { return Status(Kind::source_changed, "another ETag"); };
  CHECK(client->fetch(std::move(request)).status().kind() == Kind::source_changed);
}

TEST_CASE("an error of the body ends the request with that error", "[http]") {
  struct Broken : Body {
    std::uint64_t size() const override { return 100'000; }
    Status rewind() override { return {}; }
    Result<std::size_t> read(std::span<std::byte>) override { return Status(Kind::io, "cannot read the disk"); }
  };
  struct Short : Broken {
    Result<std::size_t> read(std::span<std::byte>) override { return std::size_t{0}; }
  };
  ScriptServer server(ScriptServer::answering([&](const Seen&) { return reply_of(200); }));
  const auto client = Client::make({});
  CHECK(client->fetch(request_to("PUT", server.url(), std::make_shared<Broken>())).status().kind() == Kind::io);
  const auto answer = client->fetch(request_to("PUT", server.url(), std::make_shared<Short>()));
  CHECK(answer.status().kind() == Kind::source_changed);
  CHECK(answer.status().message().find("ended at byte 0 of 100000") != std::string::npos);
}

TEST_CASE("no byte either way for the stall timeout is a transient timeout", "[http]") {
  ScriptServer silent(black_hole);
  ScriptServer half([](Peer& peer, int) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    peer.sees_close(20s);
  });
  const auto client = Client::make({});
  for (Request request : {request_to("GET", silent.url("/p?hidden")), request_to("GET", half.url()),
                          request_to("PUT", silent.url(), body_of(std::string(20'000'000, 'x')))}) {
    request.stall_timeout = 200ms;
    const auto start = std::chrono::steady_clock::now();
    const auto answer = client->fetch(request);
    CHECK(answer.status().kind() == Kind::timeout);
    CHECK(answer.status().retry() == Retry::transient);
    CHECK(answer.status().message().find("no byte moved for 200 ms") != std::string::npos);
    CHECK(answer.status().message().find("hidden") == std::string::npos);
    CHECK(ms_since(start) >= 200);
    CHECK(ms_since(start) < 2000);
  }
}

TEST_CASE("bytes that trickle, or a pause on our side, are no stall", "[http]") {
  ScriptServer trickle([](Peer& peer, int) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
      std::this_thread::sleep_for(60ms);
      peer.send("x");
    }
  });
  const auto client = Client::make({});
  Request slow = request_to("GET", trickle.url());
  slow.stall_timeout = 250ms;
  CHECK(client->fetch(slow).ok());

  ScriptServer server(ScriptServer::answering([&](const Seen&) { return reply_of(200, "reply"); }));
  const auto body = std::make_shared<GatedBody>("gated", 5);
  Request upload = request_to("PUT", server.url(), body);
  upload.stall_timeout = 150ms;
  Answer sent;
  const auto sending = client->send(std::move(upload), sent.taker());
  std::atomic<bool> take{false};
  Request download = request_to("GET", server.url());
  download.stall_timeout = 150ms;
  download.on_data = [&](std::span<const std::byte>) { return take ? Status() : Status::pending(); };
  Answer received;
  const auto receiving = client->send(std::move(download), received.taker());
  std::this_thread::sleep_for(500ms);
  CHECK(sent.times() == 0);
  CHECK(received.times() == 0);
  take = true;
  receiving->wake();
  body->allow(5);
  CHECK(sent.get().ok());
  CHECK(received.get().ok());
}

TEST_CASE("cancel from another thread answers within 100 ms, whatever the request is doing", "[http]") {
  ScriptServer silent(black_hole);
  const auto client = Client::make({});
  for (Request request :
       {request_to("GET", silent.url()), request_to("PUT", silent.url(), std::make_shared<GatedBody>("held", 1)),
        request_to("PUT", silent.url(), body_of(std::string(20'000'000, 'x')))}) {
    Answer answer;
    const auto call = client->send(request, answer.taker());
    std::this_thread::sleep_for(50ms);
    const auto start = std::chrono::steady_clock::now();
    std::thread([&] { call->cancel(); }).join();
    CHECK(answer.get().status().kind() == Kind::cancelled);
    CHECK(ms_since(start) < 100);
    call->cancel();
    call->wake();
    CHECK(answer.times() == 1);
  }
}

TEST_CASE("two hundred requests at once share the connections they may have, and none starves", "[http]") {
  std::atomic<int> served{0};
  ScriptServer server(ScriptServer::answering([&](const Seen& seen) {
    std::this_thread::sleep_for(10ms);
    ++served;
    return reply_of(200, seen.body);
  }));
  ClientOptions options;
  options.max_connections_per_host = 8;
  const auto client = Client::make(options);
  std::vector<Answer> answers(200);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    Request request = request_to("PUT", server.url(), body_of(std::string(1000, 'a') + std::to_string(i)));
    request.connect_timeout = 100ms;  // waiting for a free connection is neither connecting nor stalling
    request.stall_timeout = 100ms;
    client->send(std::move(request), answers[i].taker());
  }
  int right = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto answer = answers[i].get();
    INFO(answer.status().message());
    right += answer.ok() && answer.value().body == std::string(1000, 'a') + std::to_string(i) ? 1 : 0;
  }
  CHECK(right == 200);
  CHECK(served == 200);
  CHECK(server.connections() <= 8);
}

TEST_CASE("requests at once are spread over threads, one after another they stay on one connection", "[http]") {
  ScriptServer server(ScriptServer::answering([](const Seen&) {
    std::this_thread::sleep_for(20ms);
    return reply_of(200, "");
  }));
  const auto client = Client::make({});
  for (int i = 0; i < 5; ++i) REQUIRE(client->fetch(request_to("GET", server.url())).ok());
  CHECK(server.connections() == 1);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::vector<Answer> answers(8);
  for (auto& answer : answers) {
    client->send(request_to("GET", server.url()), [&, taker = answer.taker()](Result<Response> result) {
      {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      taker(std::move(result));
    });
  }
  for (auto& answer : answers) CHECK(answer.get().ok());
  CHECK(threads.size() == std::min<std::size_t>(detail::usable_cpus(), 4));
}

TEST_CASE("a client that ends cancels what is under way, and every done is called once", "[http]") {
  ScriptServer silent(black_hole);
  std::vector<Answer> answers(50);
  std::vector<std::shared_ptr<Call>> calls;
  auto body = std::make_shared<GatedBody>("held", 1);
  {
    ClientOptions options;
    options.max_connections_per_host = 20;
    const auto client = Client::make(options);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (i == 25) std::this_thread::sleep_for(30ms);
      calls.push_back(client->send(request_to("PUT", silent.url(), i == 0 ? body : body_of("x")), answers[i].taker()));
    }
  }
  for (auto& answer : answers) {
    CHECK(answer.times() == 1);
    CHECK(answer.get().status().kind() == Kind::cancelled);
  }
  body->allow(4);  // wake-ups and calls outlive the client
  for (auto& call : calls) {
    call->cancel();
    call->wake();
  }
}

TEST_CASE("done may send the next request and may be the last to own the client", "[http]") {
  ScriptServer server(ScriptServer::answering([](const Seen& seen) { return reply_of(200, seen.target()); }));
  Answer last;
  auto client = Client::make({});
  auto* raw = client.get();
  raw->send(request_to("GET", server.url("/1")), [&, owner = std::move(client)](Result<Response> first) mutable {
    auto* sender = owner.get();
    sender->send(request_to("GET", server.url(first.value().body + "2")),
                 [taker = last.taker(), owner = std::move(owner)](Result<Response> second) { taker(second); });
  });
  REQUIRE(last.get().ok());
  CHECK(last.get().value().body == "/12");
}

TEST_CASE("the loop's thread takes no signal of the host and dies of no SIGPIPE", "[http]") {
  static std::atomic<bool> on_main;
  static pthread_t main_thread;
  main_thread = pthread_self();
  on_main = false;
  const auto before = std::signal(SIGUSR1, [](int) { on_main = pthread_equal(pthread_self(), main_thread) != 0; });
  const auto client = Client::make({});
  kill(getpid(), SIGUSR1);
  for (int i = 0; i < 1000 && !on_main; ++i) std::this_thread::sleep_for(1ms);
  CHECK(on_main);
  std::signal(SIGUSR1, before);
}
