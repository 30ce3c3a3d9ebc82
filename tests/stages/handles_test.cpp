// Hosts that push and pull.
#include <catch2/catch.hpp>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "weir/core/job.hpp"
#include "weir/stages/handles.hpp"
#include "weir/stages/map.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("What a host pushes arrives in order, and the end is the host's word") {
  PushHandle in;
  auto into = std::make_shared<std::string>();
  Job job = start(in.source() | to_memory(into));
  std::string sent;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    sent += piece;
    REQUIRE(in.write(Chunk::copy_of(piece)).ok());
  }
  CHECK_FALSE(job.wait_for(20ms));
  in.close();
  REQUIRE(job.wait().ok());
  CHECK(*into == sent);
  CHECK(in.try_write(Chunk::copy_of("more")).failed());
}

TEST_CASE("A handle that is dropped is half a stream, and no job takes it for a whole one") {
  auto into = std::make_shared<std::string>();
  auto in = std::make_unique<PushHandle>();
  Job job = start(in->source() | to_memory(into));
  REQUIRE(in->write(Chunk::copy_of("half")).ok());
  in.reset();
  const auto receipt = job.wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::cancelled);
  CHECK(into->empty());
}

TEST_CASE("Trying never waits, and notify tells when it is worth trying again") {
  PushHandle in({.most_bytes = 1000});
  PullHandle out({.most_bytes = 1000});
  std::atomic<int> room{0};
  in.notify([&] { ++room; });
  Job job = start(in.source() | out.sink());
  std::size_t sent = 0;
  while (in.try_write(Chunk::copy_of(std::string(400, 'x'))).ok()) sent += 400;
  CHECK(sent > 0);
  CHECK(sent < 100'000);  // what waits at both ends and in between is bounded
  std::size_t came = 0;
  while (came < sent) {
    auto chunk = out.try_read();
    if (chunk.ok()) came += chunk->size();
    if (chunk.status().is_pending()) std::this_thread::sleep_for(1ms);
  }
  CHECK(room > 0);
  CHECK(in.room());
  in.close();
  auto end = out.read();
  REQUIRE(end.ok());
  CHECK(end->empty());
  CHECK(job.wait()->bytes_acked == sent);
}

TEST_CASE("A host pulls at its own pace, and sees the end once") {
  const std::string text(3'000'000, 'a');
  PullHandle out;
  Job job = start(memory(text) | out.sink());
  std::string came;
  for (;;) {
    auto chunk = out.read();
    REQUIRE(chunk.ok());
    if (chunk->empty()) break;
    came += chunk->text();
  }
  CHECK(came == text);
  CHECK(job.wait().ok());
}

TEST_CASE("A host that stops pulling ends the job; a job that fails ends the pulling") {
  auto out = std::make_unique<PullHandle>();
  Job job = start(memory(std::string(10'000'000, 'a')) | out->sink());
  REQUIRE(out->read().ok());
  out.reset();
  CHECK_FALSE(job.wait().ok());

  PullHandle other;
  Job failing =
      start(memory("x") | map([](Chunk) -> Result<Chunk> { return Status(Kind::corrupt, "no"); }) | other.sink());
  auto chunk = other.read();
  REQUIRE_FALSE(chunk.ok());
  CHECK(chunk.error().kind == Kind::broken_pipe);
  CHECK(failing.wait().error().kind == Kind::corrupt);
}

TEST_CASE("A host that stops pulling is no reader of the rest, also when nothing more comes or all has come") {
  auto out = std::make_unique<PullHandle>();
  Job whole = start(memory("unread") | out->sink());
  std::this_thread::sleep_for(20ms);  // the sink closes, and waits for that to be read
  out.reset();
  CHECK(whole.wait().error().kind == Kind::cancelled);

  PushHandle in;
  out = std::make_unique<PullHandle>();
  Job idle = start(in.source() | out->sink());
  std::this_thread::sleep_for(20ms);
  out.reset();
  const auto ended = idle.wait_for(30s);
  REQUIRE(ended);
  CHECK(ended->error().kind == Kind::cancelled);
}

TEST_CASE("Leased memory is the job's own and is not copied") {
  PushHandle in;
  CHECK(in.lease().status().is_pending());  // no job yet
  auto seen = std::make_shared<std::vector<const std::byte*>>();
  auto into = std::make_shared<std::string>();
  Job job =
      start(in.source() | map([seen](Chunk chunk) { return seen->push_back(chunk.data()), chunk; }) | to_memory(into));
  std::vector<const std::byte*> leased;
  for (int i = 0; i < 10; ++i) {
    auto room = in.lease();
    while (room.status().is_pending()) room = in.lease();
    REQUIRE(room.ok());
    REQUIRE(room->size() >= 5);
    leased.push_back(room->data());
    std::memcpy(room->data(), "hello", 5);
    while (in.commit(5).is_pending()) std::this_thread::yield();
  }
  in.close();
  REQUIRE(job.wait().ok());
  CHECK(into->size() == 50);
  CHECK(*seen == leased);
}

TEST_CASE("Cancelling a job frees a host that waits in write or read") {
  PushHandle in({.most_bytes = 10});
  Job job = start(in.source() | map([](Chunk chunk) { return chunk; }) | null());
  job.pause();
  std::thread host([&] {
    while (in.write(Chunk::copy_of("0123456789")).ok()) {
    }
  });
  std::this_thread::sleep_for(20ms);
  job.cancel();
  host.join();
  CHECK(job.wait().error().kind == Kind::cancelled);
}
