#include "weir/stages/callback.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "support/drive.hpp"
#include "weir/stages/map.hpp"

using namespace weir;
using test::Bench;

TEST_CASE("a callback source delivers what the function gives until it gives nothing") {
  int calls = 0;
  auto source = from_callback([&]() -> Result<Chunk> { return ++calls <= 3 ? Chunk::copy_of("x") : Chunk(); },
                              {.name = "rows", .exact_bytes = 3});
  Bench bench;
  CHECK(test::join(*test::drain(*source, bench)) == "xxx");
  CHECK(bench.context.upstream.source == "rows");
  CHECK(bench.context.upstream.exact_bytes == 3u);
  CHECK(source->blocking());
}

TEST_CASE("a pending callback source is asked again after the host's wake") {
  std::function<void()> wake;
  bool ready = false;
  auto source = from_callback(
      [&]() -> Result<Chunk> {
        if (std::exchange(ready, true)) return Chunk();
        std::thread([&] { wake(); }).detach();
        return Status::pending();
      },
      {.blocking = false, .opened = [&](std::function<void()> waker) { wake = std::move(waker); }});
  Bench bench;
  CHECK(test::drain(*source, bench)->empty());
  CHECK_FALSE(source->blocking());
}

TEST_CASE("what a function gave is handed on, also while it waits for what becomes of it") {
  std::atomic<int> arrived{0};
  std::atomic<bool> late{false};
  const auto wait_for = [&](int count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (arrived < count && !late) {
      if (std::chrono::steady_clock::now() > end) late = true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  int given = 0;
  auto asks = from_callback([&]() -> Result<Chunk> {
    wait_for(given);
    return ++given <= 5 ? Chunk::copy_of("x") : Chunk();
  });
  auto passes = through_callback([&, passed = 0](Chunk chunk, Emit& out) mutable {
    wait_for(passed++);
    out(std::move(chunk));
    return Status();
  });
  auto hears = to_callback([&](const Chunk&) { return ++arrived, Status(); });
  CHECK(start(std::move(asks) | std::move(passes) | std::move(hears)).wait().ok());
  CHECK_FALSE(late);
}

TEST_CASE("a reader fills the job's own memory") {
  int calls = 0;
  auto source = from_reader([&](std::span<std::byte> into) -> Result<std::size_t> {
    if (++calls > 4) return std::size_t{0};
    std::memset(into.data(), '0' + calls, 1000);
    return std::size_t{1000};
  });
  Bench bench(16 * kMiB, 4 * kMiB);
  auto chunks = test::drain(*source, bench);
  REQUIRE(chunks.ok());
  CHECK(test::join(*chunks).size() == 4000);
  CHECK(test::join(*chunks).substr(999, 2) == "12");
  CHECK(bench.context.budget->used_bytes() == 4 * kMiB);
  Chunk joined = (*chunks)[0];
  CHECK(joined.join((*chunks)[1]));
}

TEST_CASE("a reader that claims more than it was given is refused") {
  auto source = from_reader([](std::span<std::byte> into) -> Result<std::size_t> { return into.size() + 1; });
  Bench bench;
  CHECK(test::drain(*source, bench).status().kind() == Kind::invalid_argument);
}

TEST_CASE("what the host's functions throw becomes an error with its text") {
  Bench bench;
  test::Collect out;
  const auto expect = [](const Status& status) {
    CHECK(status.kind() == Kind::io);
    CHECK(status.error().cause == "the host's function threw: boom");
  };
  const auto boom = [](auto&&...) -> Status { throw std::runtime_error("boom"); };
  auto source = from_callback([]() -> Result<Chunk> { throw std::runtime_error("boom"); });
  expect(test::drain(*source, bench).status());
  auto transform = through_callback(boom, boom);
  expect(transform->process(Chunk::copy_of("x"), out));
  expect(transform->finish(out));
  auto sink = to_callback(boom, boom);
  expect(sink->write(Chunk::copy_of("x")));
  expect(sink->close().status());
  auto mapped = map([](Chunk) -> Chunk { throw std::runtime_error("boom"); });
  expect(mapped->process(Chunk::copy_of("x"), out));
  auto odd = map([](Chunk) -> Chunk { throw 7; });
  CHECK(odd->process(Chunk::copy_of("x"), out).kind() == Kind::io);
  auto opening = from_callback([]() -> Result<Chunk> { return Chunk(); },
                               {.opened = [](auto) { throw std::runtime_error("boom"); }});
  expect(opening->open(bench.context));
}

TEST_CASE("a callback sink hears once whether the stream was complete") {
  std::string text;
  std::vector<bool> ends;
  const auto make = [&] {
    return to_callback(
        [&](Chunk chunk) {
          text += chunk.text();
          return Status();
        },
        [&](bool complete) {
          ends.push_back(complete);
          return Status();
        });
  };
  {
    auto sink = make();
    REQUIRE(sink->write(Chunk::copy_of("abc")).ok());
    CHECK(sink->close()->bytes_stored == 3);
  }
  CHECK(text == "abc");
  CHECK(ends == std::vector<bool>{true});
  { auto sink = make(); }
  CHECK(ends == std::vector<bool>{true, false});
  {
    auto sink = make();
    sink->abort();
  }
  CHECK(ends == std::vector<bool>{true, false, false});
}

TEST_CASE("a callback transform emits as many chunks as it likes") {
  auto transform = through_callback(
      [](Chunk chunk, Emit& out) {
        out(chunk);
        out(std::move(chunk));
        return Status();
      },
      [](Emit& out) {
        out(Chunk::copy_of("."));
        return Status();
      });
  test::Collect out;
  REQUIRE(transform->process(Chunk::copy_of("ab"), out).ok());
  REQUIRE(transform->finish(out).ok());
  CHECK(test::join(out.chunks) == "abab.");
}

TEST_CASE("map turns each chunk into another and drops empty ones") {
  auto transform = map([](Chunk chunk) { return chunk.slice(1); });
  test::Collect out;
  REQUIRE(transform->process(Chunk::copy_of("abc"), out).ok());
  REQUIRE(transform->process(Chunk::copy_of("x"), out).ok());
  CHECK(test::join(out.chunks) == "bc");
  CHECK(out.chunks.size() == 1);
  auto failing = map([](Chunk) -> Result<Chunk> { return Status(Kind::corrupt, "bad row"); });
  CHECK(failing->process(Chunk::copy_of("x"), out).kind() == Kind::corrupt);
}

TEST_CASE("a callback source passes on the bound of an unknown length") {
  CallbackOptions options;
  options.max_bytes = 1000;
  auto source = from_callback([]() -> Result<Chunk> { return Chunk(); }, options);
  Upstream upstream;
  REQUIRE(source->describe(upstream).ok());
  CHECK_FALSE(upstream.exact_bytes);
  CHECK(upstream.max_bytes == 1000u);
}

TEST_CASE("a producer that goes on from an offset is not opened where nobody keeps its bytes") {
  CallbackOptions options;
  options.stream = "rows of today";
  options.go_on_from = [](std::uint64_t) -> Status { return Status(Kind::internal, "it was asked"); };
  auto source = from_callback([]() -> Result<Chunk> { return Chunk(); }, options);
  Bench bench;
  CHECK(test::drain(*source, bench).status().kind() == Kind::unsupported);
}
