// Several sources as one.
#include <catch2/catch.hpp>
#include <string>

#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/concat.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;

namespace {

template <class... Sources>
std::unique_ptr<Source> joined(Sources... sources) {
  std::vector<std::unique_ptr<Source>> list;
  (list.push_back(std::move(sources)), ...);
  return concat(std::move(list));
}

Result<std::string> read_all(std::unique_ptr<Source> source) {
  auto into = std::make_shared<std::string>();
  auto receipt = start(std::move(source) | to_memory(into)).wait();
  if (!receipt) return receipt.status();
  return *into;
}

}  // namespace

TEST_CASE("Sources stand one behind the other, empty ones too") {
  CHECK(*read_all(joined(memory("one "), memory(""), memory("two "), memory("three"))) == "one two three");
  CHECK(*read_all(concat({})) == "");
  CHECK(*read_all(joined(memory(std::string(600'000, 'a')), memory("b"))) == std::string(600'000, 'a') + "b");
}

TEST_CASE("The length is known where each one's is") {
  Upstream known;
  auto both = joined(memory("abc"), memory("de"));
  REQUIRE(both->describe(known).ok());
  CHECK(known.exact_bytes == 5u);
  Upstream unknown;
  auto one = joined(memory("abc"), from_callback([] { return Chunk(); }));
  REQUIRE(one->describe(unknown).ok());
  CHECK_FALSE(unknown.exact_bytes);
}

TEST_CASE("What one fails with says which it was, and a later one is not opened") {
  bool opened = false;
  CallbackOptions tells;
  tells.opened = [&](auto) { opened = true; };
  auto bad = from_callback([]() -> Result<Chunk> { return Status(Kind::io, "the disk is gone"); });
  const auto result = read_all(joined(memory("x"), std::move(bad), from_callback([] { return Chunk(); }, tells)));
  REQUIRE_FALSE(result.ok());
  CHECK_THAT(result.status().message(), Catch::Contains("read source 2 of 3") && Catch::Contains("the disk is gone"));
  CHECK_FALSE(opened);
}
