// Lines and bytes put together.
#include "weir/stages/batch.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "stages/flow_tools.hpp"
#include "stages/random_stages.hpp"
#include "weir/stages/handles.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/memory.hpp"
#include "weir/stages/null.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

/// The batches of `text`, however it is cut on its way.
Texts batches(const std::string& text, bool of_lines, BatchOptions options, unsigned seed = 1) {
  Taken taken;
  From from(std::make_unique<PieceSource>(text, 7, false, Stutter(seed, 5)));
  if (of_lines) from = std::move(from) | Through(lines());
  REQUIRE(start(std::move(from) | batch(options) | taken.sink()).wait().ok());
  return taken.chunks();
}

}  // namespace

TEST_CASE("So many lines are one chunk, and the rest another") {
  CHECK(batches("a\nbb\r\nc\nd\ne", true, {.lines = 2}) == Texts{"a\nbb\r\n", "c\nd\n", "e"});
  CHECK(batches("a\nb\n", true, {.lines = 2}) == Texts{"a\nb\n"});
  CHECK(batches("", true, {.lines = 2}).empty());
  Taken whole;  // out of one chunk
  REQUIRE(start(memory("a\nb\nc\nd\ne\n") | lines() | batch({.lines = 2}) | whole.sink()).wait().ok());
  CHECK(whole.chunks() == Texts{"a\nb\n", "c\nd\n", "e\n"});
}

TEST_CASE("So many bytes at most, of whole lines where lines come") {
  CHECK(batches("0123456789abcdefghi", false, {.bytes = 8}) == Texts{"01234567", "89abcdef", "ghi"});
  CHECK(batches("aaa\nbb\nc\ndddddd\n\n\n", true, {.bytes = 8}) == Texts{"aaa\nbb\n", "c\n", "dddddd\n\n", "\n"});
  CHECK(batches("aaa\nbb\nc\ndddddd\n\n\n", true, {.lines = 3, .bytes = 8}) ==
        Texts{"aaa\nbb\n", "c\n", "dddddd\n\n", "\n"});
}

TEST_CASE("Batches do not depend on how the bytes came") {
  std::string text;
  for (int i = 0; i < 400; ++i) text += std::string(static_cast<std::size_t>(i * 7919 % 53), 'x') + "\n";
  for (const BatchOptions options : {BatchOptions{.lines = 10}, {.bytes = 100}, {.lines = 3, .bytes = 90}}) {
    const Texts once = batches(text, true, options, 1);
    CHECK(batches(text, true, options, 2) == once);
    Taken whole;
    REQUIRE(start(memory(text) | lines() | batch(options) | whole.sink()).wait().ok());
    CHECK(whole.chunks() == once);
    CHECK(whole.all() == text);
  }
}

TEST_CASE("What came within a time goes, though it is not full") {
  PushHandle in;
  Taken taken;
  Job job = start(in.source() | lines() | batch({.lines = 1000, .within = 20ms}) | taken.sink());
  REQUIRE(in.write(Chunk::copy_of("a\nb\n")).ok());
  CHECK(soon([&] { return taken.all() == "a\nb\n"; }));
  REQUIRE(in.write(Chunk::copy_of("c\n")).ok());
  CHECK(soon([&] { return taken.all() == "a\nb\nc\n"; }));
  in.close();
  CHECK(job.wait().ok());

  Taken from_waiting;  // also where the source waits in a call
  std::atomic<bool> go{false};
  bool first = true;
  auto waits = from_callback([&]() -> Result<Chunk> {
    if (std::exchange(first, false)) return Chunk::copy_of("a");
    while (!go) std::this_thread::sleep_for(1ms);
    return Chunk();
  });
  Job waiting = start(std::move(waits) | batch({.within = 20ms}) | from_waiting.sink());
  CHECK(soon([&] { return from_waiting.all() == "a"; }));
  go = true;
  CHECK(waiting.wait().ok());
  CHECK_FALSE(batch({.within = 1ms})->recipe());  // it depends on timing, and says so
  CHECK(batch({.lines = 5})->recipe());
}

TEST_CASE("While a batch is not full a cancel is heard, and a pause loses nothing") {
  PushHandle in;
  Taken taken;
  Job job = start(in.source() | lines() | batch({.lines = 3}) | taken.sink());
  REQUIRE(in.write(Chunk::copy_of("a\nb\n")).ok());
  job.pause();
  job.resume();
  REQUIRE(in.write(Chunk::copy_of("c\n")).ok());
  CHECK(soon([&] { return taken.all() == "a\nb\nc\n"; }));
  REQUIRE(in.write(Chunk::copy_of("d\n")).ok());
  job.cancel();
  CHECK(job.wait().error().kind == Kind::cancelled);
}

TEST_CASE("What fits no batch, no stream or no budget is refused") {
  const auto refused = [](Pipeline pipeline) { return start(std::move(pipeline)).wait().status(); };
  const Status long_line = refused(memory("a\nbb\nccccccccc\n") | lines() | batch({.bytes = 8}) | null());
  CHECK(long_line.kind() == Kind::limit);
  CHECK(long_line.error().offset == 5);
  CHECK(refused(memory("x") | batch({.lines = 1}) | null()).kind() == Kind::invalid_argument);
  CHECK(refused(memory("x") | batch({.bytes = 0}) | null()).kind() == Kind::invalid_argument);
  CHECK(refused(memory("x") | batch({.bytes = 200 * kMiB}) | null()).kind() == Kind::budget_too_small);
}
