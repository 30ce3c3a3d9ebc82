// Streams that fall silent.
#include "weir/stages/timeout.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "stages/flow_tools.hpp"
#include "weir/stages/handles.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("Silence of a source that is pending ends the job, and says where") {
  PushHandle in;
  Taken taken;
  Job job = start(in.source() | timeout(30ms) | taken.sink());
  REQUIRE(in.write(Chunk::copy_of("12345")).ok());
  const auto receipt = job.wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::timeout);
  CHECK(receipt.error().stage == "timeout");
  CHECK(receipt.error().offset == 5);
  CHECK_THAT(receipt.status().message(), Catch::Contains("no data came for 30ms"));
  CHECK(in.write(Chunk::copy_of("late")).kind() == Kind::broken_pipe);
}

TEST_CASE("So does silence of a source that waits in a call, and the sink is stopped meanwhile") {
  std::atomic<bool> aborted{false};
  std::atomic<bool> go{false};
  auto source = from_callback([&]() -> Result<Chunk> {
    while (!go) std::this_thread::sleep_for(1ms);
    return Chunk();
  });
  auto sink =
      to_callback([](const Chunk&) { return Status(); }, [&](bool complete) { return aborted = !complete, Status(); });
  Job job = start(std::move(source) | timeout(20ms) | std::move(sink));
  CHECK(soon([&] { return aborted.load(); }));
  go = true;
  CHECK(job.wait().error().kind == Kind::timeout);
}

TEST_CASE("What comes in time goes by, and the end of a stream is no silence") {
  PushHandle in;
  const auto into = std::make_shared<std::string>();
  Job job = start(in.source() | timeout(10s) | to_memory(into));
  for (int i = 0; i < 20; ++i) {
    REQUIRE(in.write(Chunk::copy_of("x")).ok());
    std::this_thread::sleep_for(1ms);
  }
  in.close();
  REQUIRE(job.wait().ok());
  CHECK(*into == std::string(20, 'x'));
}

TEST_CASE("What is behind may take its time") {
  PushHandle in;
  std::atomic<int> written{0};
  auto slow = to_callback(
      [&](const Chunk&) {
        if (written == 0) std::this_thread::sleep_for(1200ms);
        return ++written, Status();
      },
      {}, {.blocking = false});
  Job job = start(in.source() | timeout(1s) | std::move(slow));
  REQUIRE(in.write(Chunk::copy_of("x")).ok());
  CHECK(soon([&] { return written == 1; }));
  std::this_thread::sleep_for(50ms);  // asked again, and waiting
  REQUIRE(in.write(Chunk::copy_of("y")).ok());
  in.close();
  CHECK(job.wait().ok());
}

TEST_CASE("A pause is no silence") {
  PushHandle in;
  const auto into = std::make_shared<std::string>();
  Job job = start(in.source() | timeout(1s) | to_memory(into));
  job.pause();
  std::this_thread::sleep_for(1200ms);
  CHECK_FALSE(job.wait_for(0ns));
  job.resume();
  std::this_thread::sleep_for(50ms);
  REQUIRE(in.write(Chunk::copy_of("x")).ok());
  in.close();
  CHECK(job.wait().ok());
}

TEST_CASE("Time before a pause and after it add up") {
  PushHandle in;
  Taken taken;
  Job job = start(in.source() | timeout(50ms) | taken.sink());
  job.pause();
  std::this_thread::sleep_for(100ms);
  job.resume();
  CHECK(job.wait().error().kind == Kind::timeout);
}

TEST_CASE("No time at all is refused") {
  Taken taken;
  CHECK(start(memory("x") | timeout(0s) | taken.sink()).wait().error().kind == Kind::invalid_argument);
}
