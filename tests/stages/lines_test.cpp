// Stages on lines against plain loops over the same text.
#include <catch2/catch.hpp>
#include <iterator>
#include <string>
#include <vector>

#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"
#include "weir/stages/grep.hpp"
#include "weir/stages/line_functions.hpp"
#include "weir/stages/lines.hpp"
#include "weir/stages/memory.hpp"

using namespace weir;

namespace {

/// Gives `text` in pieces of `piece` bytes, each in memory of its own.
std::unique_ptr<Source> in_pieces(std::string text, std::size_t piece) {
  return from_callback([text = std::move(text), piece, at = std::size_t{0}]() mutable -> Result<Chunk> {
    const std::string_view part = std::string_view(text).substr(at, piece);
    at += part.size();
    return Chunk::copy_of(part);
  });
}

Result<std::string> run(std::string text, std::size_t piece, Through through) {
  auto into = std::make_shared<std::string>();
  auto receipt = start(in_pieces(std::move(text), piece) | std::move(through) | to_memory(into)).wait();
  if (!receipt) return receipt.status();
  return *into;
}

/// Numbers without an end, each made when it is asked for.
struct Endless {
  struct Iterator {
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    std::string operator*() const { return fmt::format("{:01000}", number); }
    Iterator& operator++() { return ++number, *this; }
    void operator++(int) { ++number; }
    bool operator==(std::default_sentinel_t) const { return false; }
    int number = 0;
  };
  Iterator begin() const { return {}; }
  std::default_sentinel_t end() const { return {}; }
};

const std::string kText = "one ERROR\ntwo\r\n\nERROR at the front\r\nfour, a longer line without\nlast ERROR";

}  // namespace

TEST_CASE("lines change nothing, whatever the pieces") {
  for (const std::size_t piece : {1, 2, 3, 7, 64, 1000}) {
    CHECK(*run(kText, piece, lines()) == kText);
    CHECK(*run("", piece, lines()) == "");
    CHECK(*run("\n\n\n", piece, lines()) == "\n\n\n");
    CHECK(*run("no end", piece, lines()) == "no end");
  }
}

TEST_CASE("a filter sees each line once, without its end, and what it lets through keeps its end") {
  for (const std::size_t piece : {1, 5, 1000}) {
    std::vector<std::string> seen;
    const auto kept = run(kText, piece, lines() | filter([&](Slice line) {
                                          seen.emplace_back(line);
                                          return line.find("ERROR") != Slice::npos;
                                        }));
    CHECK(*kept == "one ERROR\nERROR at the front\r\nlast ERROR");
    CHECK(seen == std::vector<std::string>{"one ERROR", "two", "", "ERROR at the front", "four, a longer line without",
                                           "last ERROR"});
  }
}

TEST_CASE("grep gives the lines that a filter would, and the others where it is asked for them") {
  for (const std::size_t piece : {1, 5, 30, 1000}) {
    CHECK(*run(kText, piece, lines() | grep("ERROR")) == "one ERROR\nERROR at the front\r\nlast ERROR");
    CHECK(*run(kText, piece, lines() | grep("ERROR", {.invert = true})) == "two\r\n\nfour, a longer line without\n");
    CHECK(*run(kText, piece, lines() | grep("nowhere")) == "");
    CHECK(*run(kText, piece, lines() | grep("")) == kText);
    CHECK(*run(kText, piece, lines() | grep("ERROR") | count_lines()) == "3\n");
  }
}

TEST_CASE("items between functions may be of any type, and text that was made ends in a line end") {
  struct Record {
    std::string word;
    std::size_t length;
  };
  const auto out = run(kText, 4,
                       lines() | map([](Slice line) {
                         return Record{std::string(line.substr(0, line.find(' '))), line.size()};
                       }) | filter([](const Record& record) { return record.length > 3; }) |
                           map([](Record record) { return fmt::format("{}:{}", record.word, record.length); }));
  CHECK(*out == "one:9\nERROR:18\nfour,:27\nlast:10\n");
}

TEST_CASE("of each line flat_map makes as many as its range has, and asks a lazy one only while there is room") {
  const auto words = run("a b\n\nc\n", 2, lines() | flat_map([](Slice line) {
                                            std::vector<std::string> made;
                                            for (std::size_t i = 0; i < line.size(); i += 2)
                                              made.emplace_back(line.substr(i, 1));
                                            return made;
                                          }));
  CHECK(*words == "a\nb\nc\n");

  // A terabyte for a byte: bounded memory, and take_lines ends it.
  const auto endless =
      run("x\n", 1, lines() | flat_map([](Slice) { return Endless(); }) | take_lines(20'000) | count_lines());
  CHECK(*endless == "20000\n");
}

TEST_CASE("take and skip know lines and bytes, and nothing is read that take does not want") {
  for (const std::size_t piece : {1, 5, 1000}) {
    CHECK(*run(kText, piece, lines() | take_lines(2)) == "one ERROR\ntwo\r\n");
    CHECK(*run(kText, piece, lines() | take_lines(0)) == "");
    CHECK(*run(kText, piece, lines() | take_lines(100)) == kText);
    CHECK(*run(kText, piece, lines() | skip_lines(4)) == "four, a longer line without\nlast ERROR");
    CHECK(*run(kText, piece, lines() | skip_lines(1) | take_lines(1)) == "two\r\n");
    CHECK(*run(kText, piece, take_bytes(5)) == "one E");
    CHECK(*run(kText, piece, skip_bytes(kText.size() - 5)) == "ERROR");
    CHECK(*run(kText, piece, skip_bytes(1000)) == "");
  }
  std::size_t asked = 0;
  auto into = std::make_shared<std::string>();
  auto source = from_callback([&]() -> Result<Chunk> { return ++asked, Chunk::copy_of("line\n"); });
  const auto receipt = start(std::move(source) | lines() | take_lines(3) | to_memory(into)).wait();
  REQUIRE(receipt.ok());
  CHECK(*into == "line\nline\nline\n");
  CHECK(asked < 50);  // what a ring and the stages hold
}

TEST_CASE("a line that is too long is an error at its offset, however the chunks fall") {
  const std::string text = "short\n" + std::string(100, 'x') + "\nshort\n";
  for (const std::size_t piece : {1, 30, 1000}) {
    CHECK(run(text, piece, lines({.longest_bytes = 101})).ok());
    const auto refused = run(text, piece, lines({.longest_bytes = 100}));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == Kind::limit);
    CHECK(refused.error().stage == "lines");
    CHECK(refused.error().offset == 6);
  }
}

TEST_CASE("what works on lines is refused behind bytes before anything runs") {
  bool asked = false;
  auto into = std::make_shared<std::string>();
  auto source = from_callback([&]() -> Result<Chunk> { return asked = true, Chunk(); });
  const auto receipt = start(std::move(source) | grep("x") | to_memory(into)).wait();
  REQUIRE_FALSE(receipt.ok());
  CHECK(receipt.error().kind == Kind::invalid_argument);
  CHECK(receipt.error().stage == "grep");
  CHECK_FALSE(asked);
}

TEST_CASE("what a function throws or returns as an error names the line's offset") {
  const auto thrown = run("a\nbb\nccc\n", 2, lines() | map([](Slice line) {
                                               if (line == "ccc") throw std::runtime_error("no ccc");
                                               return std::string(line);
                                             }));
  REQUIRE_FALSE(thrown.ok());
  CHECK(thrown.error().stage == "map");
  CHECK(thrown.error().offset == 5);
  const auto returned = run("a\nbb\n", 2, lines() | filter([](Slice line) -> Result<bool> {
                                            if (line == "bb") return Status(Kind::corrupt, "bb is no number");
                                            return true;
                                          }));
  REQUIRE_FALSE(returned.ok());
  CHECK(returned.error().kind == Kind::corrupt);
  CHECK(returned.error().offset == 2);
}
