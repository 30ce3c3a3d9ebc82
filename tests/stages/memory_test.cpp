#include "weir/stages/memory.hpp"

#include <catch2/catch.hpp>

#include "support/drive.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/pipeline.hpp"
#include "weir/stages/null.hpp"

using namespace weir;
using test::Bench;

TEST_CASE("a memory source delivers its bytes in joinable slices without copying them") {
  const std::string text = test::sample_bytes(2 * kSliceBytes + 17);
  const Chunk whole = Chunk::copy_of(text);
  auto source = memory(whole);
  Bench bench;
  auto chunks = test::drain(*source, bench);
  REQUIRE(chunks.ok());
  REQUIRE(chunks->size() == 3);
  CHECK(bench.context.upstream.exact_bytes == text.size());
  Chunk joined = (*chunks)[0];
  CHECK(joined.data() == whole.data());
  CHECK(joined.join((*chunks)[1]));
  CHECK(joined.join((*chunks)[2]));
  CHECK(joined.text() == text);
  CHECK(bench.context.budget->used_bytes() == 0);
}

TEST_CASE("memory of every kind is a source") {
  Bench bench;
  CHECK(test::join(*test::drain(*memory("literal"), bench)) == "literal");
  CHECK(test::join(*test::drain(*memory(std::string("string")), bench)) == "string");
  CHECK(test::join(*test::drain(*memory(std::vector<std::byte>(3, std::byte{'x'})), bench)) == "xxx");
  CHECK(test::join(*test::drain(*memory(Chunk()), bench)).empty());
  CHECK(test::join(*test::drain(*memory(""), bench)).empty());
}

TEST_CASE("chunks outlive the memory source they came from") {
  Bench bench;
  auto source = memory(std::string(100, 'z'));
  auto chunks = test::drain(*source, bench);
  source.reset();
  bench.context.upstream.replay.reset();
  CHECK(test::join(*chunks) == std::string(100, 'z'));
}

TEST_CASE("a memory source can be read again from anywhere") {
  Bench bench;
  auto source = memory("0123456789");
  REQUIRE(source->describe(bench.context.upstream).ok());
  auto& replay = *bench.context.upstream.replay;
  std::string into(4, '-');
  CHECK(*replay.read_at(8, std::as_writable_bytes(std::span(into)), false) == 2);
  CHECK(into == "89--");
  CHECK(*replay.read_at(10, std::as_writable_bytes(std::span(into)), false) == 0);
  CHECK(*replay.read_at(UINT64_MAX, std::as_writable_bytes(std::span(into)), true) == 0);
  CHECK(replay.check_unchanged().ok());
}

TEST_CASE("a memory sink holds the stream after close and nothing after abort or a lost close") {
  auto text = std::make_shared<std::string>();
  {
    auto sink = to_memory(text);
    REQUIRE(sink->write(Chunk::copy_of("ab")).ok());
    REQUIRE(sink->write(Chunk::copy_of("cd")).ok());
    auto receipt = sink->close();
    REQUIRE(receipt.ok());
    CHECK(receipt->bytes_stored == 4);
    CHECK(sink->confirmed_bytes() == 4);
    sink->abort();  // too late
  }
  CHECK(*text == "abcd");
  auto bytes = std::make_shared<std::vector<std::byte>>();
  {
    auto sink = to_memory(bytes);
    REQUIRE(sink->write(Chunk::copy_of("ab")).ok());
    CHECK(bytes->size() == 2);
  }
  CHECK(bytes->empty());
  auto sink = to_memory(bytes);
  REQUIRE(sink->write(Chunk::copy_of("ab")).ok());
  sink->abort();
  CHECK(bytes->empty());
}

TEST_CASE("a null sink counts what it lets go") {
  auto sink = null();
  REQUIRE(sink->write(Chunk::copy_of("abc")).ok());
  REQUIRE(sink->write(Chunk::copy_of("de")).ok());
  CHECK(sink->confirmed_bytes() == 5);
  CHECK(sink->close()->bytes_stored == 5);
}

TEST_CASE("the stages compose with a bar") {
  Pipeline pipeline = memory("text") | null();
  CHECK(pipeline.source->name() == "memory");
  CHECK(pipeline.sink->name() == "null");
}
