// Fields of a line of CSV.
#include "text/csv_field.hpp"

#include <catch2/catch.hpp>

using namespace weir;

TEST_CASE("A field is taken out of its line as RFC 4180 has it") {
  const auto field = [](std::string_view line, std::size_t number, char separator = ',') {
    return csv_field(line, number, separator).value();
  };
  CHECK(field("a,b,c", 1) == "a");
  CHECK(field("a,b,c", 3) == "c");
  CHECK(field("a,,c", 2).empty());
  CHECK(field("", 1).empty());
  CHECK(field("a,", 2).empty());
  CHECK(field("\"a,b\",c", 1) == "a,b");
  CHECK(field("\"a\"\"b\",c", 1) == "a\"b");
  CHECK(field("\"\",c", 2) == "c");
  CHECK(field("x\ty", 2, '\t') == "y");
  CHECK(field("a\"b,c", 1) == "a\"b");
}

TEST_CASE("What is no field is told") {
  const auto refused = [](std::string_view line, std::size_t number) { return csv_field(line, number, ',').status(); };
  CHECK(refused("a,b", 3).kind() == Kind::invalid_argument);
  CHECK_THAT(refused("a,b", 3).message(), Catch::Contains("2 fields"));
  CHECK_THAT(refused("\"a,b", 1).message(), Catch::Contains("no end"));
  CHECK_THAT(refused("\"a\"b,c", 2).message(), Catch::Contains("something follows"));
}
