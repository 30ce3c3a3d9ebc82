// A session in a test's hands: bytes go in by hand, time passes by hand, and an endpoint does what the test says.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "server/session.hpp"

namespace weir::test {

/// A handler that gathers content and is told what to do at the end.
struct Gathering final : server::Handler {
  std::string* into = nullptr;
  std::function<void()> at_end = [] {};
  const bool* is_ready = nullptr;
  bool* destroyed = nullptr;
  ~Gathering() override {
    if (destroyed != nullptr) *destroyed = true;
  }
  bool ready() const override { return is_ready == nullptr || *is_ready; }
  void content(Chunk bytes) override { *into += bytes.text(); }
  void content_end(const server::ChunkedReader&) override { at_end(); }
};

inline server::Response text_response(int status, std::string text) {
  return {server::ResponseHead(status), std::move(text)};
}

struct SessionWorld final : server::Endpoint {
  server::Session::Time now{1'000'000'000};
  server::Exchange* exchange = nullptr;
  std::string method, target, content;
  int requests = 0;
  int changes = 0;
  bool ready = true;
  bool gone = false;
  /// What is done with a request; by default it is gathered and answered with what came.
  std::function<std::unique_ptr<server::Handler>()> answer = [this] { return gather(); };
  server::Session session{*this, "peer", {}, [this] { return now; }, [this] { ++changes; }};

  std::unique_ptr<server::Handler> gather() {
    auto handler = std::make_unique<Gathering>();
    content.clear();
    handler->into = &content;
    handler->is_ready = &ready;
    handler->destroyed = &gone;
    handler->at_end = [this] { exchange->respond(text_response(200, method + " " + target + " " + content)); };
    return handler;
  }
  std::unique_ptr<server::Handler> handle(server::Request& request, server::Exchange& to) override {
    ++requests;
    exchange = &to;
    method = request.head.method;
    target = request.head.target;
    return answer();
  }

  /// All of it, as the session wants it; false: it does not want all.
  bool send(std::string_view bytes, std::size_t at_once = 1000) {
    while (!bytes.empty() && session.wants_bytes()) {
      const std::string_view piece = bytes.substr(0, at_once);
      session.received(Chunk::copy_of(piece));
      bytes.remove_prefix(piece.size());
    }
    return bytes.empty();
  }
  /// What it sends now, in pieces of so many bytes, without dates.
  std::string sent(std::size_t at_once = 1000) {
    std::string all;
    for (auto output = session.output(); !output.text.empty(); output = session.output()) {
      const std::string_view piece = output.text.substr(0, at_once);
      all += piece;
      session.sent(piece.size());
    }
    if (const auto at = all.find("Date: "); at != std::string::npos) all.erase(at, all.find("\r\n", at) + 2 - at);
    return all;
  }
  void passes(std::chrono::seconds time) {
    now += time;
    session.time_passed();
  }
};

}  // namespace weir::test
