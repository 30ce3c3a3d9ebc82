// The whole server in this process, with weir's own client on the other side.
#include "weir/server/server.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/file.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"
#include "weir/transfer/endpoint.hpp"

using namespace weir;
using test::TempDir;

namespace {

std::unique_ptr<Server> start_in(const TempDir& directory, const std::string& listen = "127.0.0.1:0",
                                 ServerOptions options = {}) {
  options.to = directory.path("data");
  options.state_dir = directory.path("state");
  options.listen = listen;
  auto server = Server::start(options);
  INFO(server.status().message());
  REQUIRE(server.ok());
  return *std::move(server);
}

}  // namespace

TEST_CASE("a server begins and ends, and begins again where it was") {
  TempDir directory;
  for (int i = 0; i < 3; ++i) {
    auto server = start_in(directory);
    CHECK(server->url().starts_with("http://127.0.0.1:"));
    if (i == 1) server->stop();
    if (i == 1) server->stop();  // once more is nothing
  }
}

TEST_CASE("what cannot be served is said before anything is") {
  TempDir directory;
  const auto server = start_in(directory);
  ServerOptions options;
  options.listen = "127.0.0.1:0";
  CHECK(Server::start(options).status().kind() == Kind::invalid_argument);
  options.to = directory.path("data");
  options.state_dir = directory.path("state");
  CHECK(Server::start(options).status().kind() == Kind::unavailable);
  options.to = directory.path("other");
  options.listen = server->url().substr(7);
  CHECK_FALSE(Server::start(options).ok());
  options.listen = "nowhere";
  CHECK(Server::start(options).status().kind() == Kind::invalid_argument);
  options.to = directory.write("file", "no folder");
  CHECK_FALSE(Server::start(options).ok());
}

TEST_CASE("weir uploads to weir and reads what it has stored") {
  TempDir directory;
  const auto server = start_in(directory);
  const std::string bytes = test::sample_bytes(3'000'000);
  const std::string path = directory.write("source", bytes);
  const auto receipt = weir::start(file(path) | to(server->url() + "/files/source")).wait();
  INFO(receipt.status().message());
  REQUIRE(receipt.ok());
  CHECK(receipt->bytes_stored == bytes.size());
}

TEST_CASE("a host says who may, and is asked with what it is about") {
  TempDir directory;
  std::mutex mutex;
  std::vector<AccessRequest> asked;
  ServerOptions options;
  options.authorize = [&](const AccessRequest& request) {
    const std::lock_guard lock(mutex);
    asked.push_back(request);
    if (request.field("x-who") == "nobody") throw std::runtime_error("words for the host alone");
    return request.field("x-who").empty() ? Access::refuse(403, "say who you are")
                                          : Access::allow(std::string(request.field("x-who")));
  };
  auto server = start_in(directory, "127.0.0.1:0", std::move(options));
  const std::string bytes = test::sample_bytes(300'000);
  const std::string path = directory.write("source", bytes);
  const auto put = [&](const std::string& who) {
    EndpointOptions endpoint;
    if (!who.empty()) endpoint.http.headers = {{"X-Who", who}};
    return weir::start(file(path) | to(server->url() + "/files/source?a=b", endpoint)).wait().status();
  };
  const Status unknown = put("");
  CHECK(unknown.kind() == Kind::access_denied);
  CHECK_THAT(unknown.message(), Catch::Contains("say who you are"));
  const Status thrown = put("nobody");
  CHECK_FALSE(thrown.ok());
  CHECK_THAT(thrown.message(), !Catch::Contains("words for the host"));
  CHECK(put("alice").ok());
  server->stop();
  const auto last = std::find_if(asked.rbegin(), asked.rend(), [](auto& request) { return request.method == "PUT"; });
  REQUIRE(last != asked.rend());
  CHECK(last->target == "/files/source?a=b");
  CHECK(last->upload.empty());
  CHECK(last->peer == "127.0.0.1");
}

TEST_CASE("a server that stops waits for the host that is being asked, and then asks no more") {
  TempDir directory;
  std::atomic<int> inside{0}, calls{0};
  ServerOptions options;
  options.authorize = [&](const AccessRequest&) {
    ++inside, ++calls;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    --inside;
    return Access::allow();
  };
  auto server = start_in(directory, "127.0.0.1:0", std::move(options));
  auto job = weir::start(from(server->url() + "/files") | to("null:"));
  while (calls == 0) std::this_thread::yield();
  server->stop(std::chrono::milliseconds(0));
  CHECK(inside == 0);
  const int before = calls;
  server.reset();
  job.cancel();
  (void)job.wait();
  CHECK(calls == before);
}
