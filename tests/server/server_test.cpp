// The whole server in this process, with weir's own client on the other side.
#include "weir/server/server.hpp"

#include <catch2/catch.hpp>

#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/file.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"
#include "weir/transfer/endpoint.hpp"

using namespace weir;
using test::TempDir;

namespace {

std::unique_ptr<Server> start_in(const TempDir& directory, const std::string& listen = "127.0.0.1:0") {
  ServerOptions options;
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
