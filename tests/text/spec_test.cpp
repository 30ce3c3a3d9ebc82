// The text form: taking apart, putting together again.
#include <catch2/catch.hpp>
#include <random>

#include "weir/text/spec.hpp"

using weir::parse_spec;
using weir::Spec;
using weir::SpecStage;
using weir::SpecWord;

namespace {

Spec parsed(std::string_view text) {
  auto spec = parse_spec(text);
  INFO(text);
  REQUIRE(spec.ok());
  return *spec;
}

std::string unreadable(std::string_view text) {
  const auto spec = parse_spec(text);
  REQUIRE_FALSE(spec.ok());
  CHECK(spec.error().kind == weir::Kind::invalid_argument);
  return spec.status().message();
}

SpecWord word(std::string name, std::string value) { return {std::move(name), std::move(value)}; }

}  // namespace

TEST_CASE("A pipeline is stages of a name and parameters") {
  const Spec spec = parsed("file:big.csv | zstd level=3|s3://bucket/a=b?c");
  REQUIRE(spec.stages.size() == 3);
  CHECK(spec.stages[0].name.value == "file:big.csv");
  CHECK(spec.stages[1].parameters == std::vector{word("level", "3")});
  CHECK(spec.stages[2].name.value == "s3://bucket/a=b?c");
  CHECK(parsed(" \t\n").stages.empty());
}

TEST_CASE("Quotes take the meaning from spaces, bars, equals signs and each other") {
  CHECK(parsed("grep 'a | b'").stages[0].parameters == std::vector{word("", "a | b")});
  CHECK(parsed("grep text='a b'c").stages[0].parameters == std::vector{word("text", "a bc")});
  CHECK(parsed("grep 'a=b'").stages[0].parameters == std::vector{word("", "a=b")});
  CHECK(parsed(R"(grep "say \"it\" \\ \n")").stages[0].parameters == std::vector{word("", R"(say "it" \ \n)")});
  CHECK(parsed(R"(grep 'no \ escape')").stages[0].parameters == std::vector{word("", R"(no \ escape)")});
  CHECK(parsed("grep ''").stages[0].parameters == std::vector{word("", "")});
  CHECK(parsed("'two words' | \"it's\"").stages[1].name.value == "it's");
}

TEST_CASE("What is no pipeline is pointed at") {
  CHECK_THAT(unreadable("a | | b"), Catch::Contains("column 5: a stage is missing"));
  CHECK_THAT(unreadable("grep 'x"), Catch::Contains("column 6: this quote has no end\n    grep 'x\n         ^"));
  CHECK_THAT(unreadable(std::string_view("a\0b", 3)), Catch::Contains("column 2: there is a NUL"));
  CHECK_THAT(unreadable(std::string_view("'\0'", 3)), Catch::Contains("column 2: there is a NUL"));
  CHECK_THAT(unreadable("a x=1 x=2"), Catch::Contains("column 7: \"x\" is given twice"));
}

TEST_CASE("The printed form of any pipeline parses back to the same") {
  std::mt19937 random(std::random_device{}());
  const std::string_view alphabet = "ab=|'\"\\ \t\n-_:/?雪";
  const auto text = [&](std::size_t least) {
    std::string made;
    for (std::size_t count = least + random() % 8; count > 0; --count) made += alphabet[random() % alphabet.size()];
    return made;
  };
  for (int round = 0; round < 20'000; ++round) {
    Spec spec;
    for (std::size_t count = 1 + random() % 4; count > 0; --count) {
      SpecStage stage{word("", text(1)), {}};
      for (std::size_t given = random() % 3; given > 0; --given)
        stage.parameters.push_back(word(random() % 2 == 0 ? "" : "name" + std::to_string(given), text(0)));
      spec.stages.push_back(std::move(stage));
    }
    INFO(spec.text());
    const auto again = parse_spec(spec.text());
    REQUIRE(again.ok());
    REQUIRE(*again == spec);
  }
}

TEST_CASE("A megabyte of text is read or refused in time, and shown in part") {
  std::string many = "a";
  while (many.size() < 1'000'000) many += "|a x=1";
  CHECK(parsed(many).stages.size() > 100'000);
  const std::string message = unreadable(many + "|");
  CHECK_THAT(message, Catch::Contains("a stage is missing"));
  CHECK(message.size() < 1000);
  CHECK(unreadable(std::string(1'000'000, '\'') + "'").size() < 1000);
}
