#include <catch2/catch.hpp>

#include "weir/text/parse.hpp"

using weir::parse_through;

namespace {

std::vector<std::string> names(std::string_view text) {
  auto through = parse_through(text);
  REQUIRE(through.ok());
  std::vector<std::string> names;
  for (const auto& transform : through->transforms) names.push_back(transform->name());
  return names;
}

std::string all_names() {
  std::string names;
  for (const auto& [name, type] : weir::StageRegistry::builtin().types()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

std::string refusal(std::string_view text) {
  const auto through = parse_through(text);
  REQUIRE_FALSE(through.ok());
  CHECK(through.error().kind == weir::Kind::invalid_argument);
  return through.status().message();
}

}  // namespace

TEST_CASE("Stages are read in the order they are written, spaces or not") {
  CHECK(names("").empty());
  CHECK(names("  \t ").empty());
  CHECK(names("zstd") == std::vector<std::string>{"zstd"});
  CHECK(names("sha256|zstd level=19|xxh3_64") == std::vector<std::string>{"sha256", "zstd", "xxh3_64"});
  CHECK(names("gzip level=9 workers=2 | gunzip max-output=1GiB") == std::vector<std::string>{"gzip", "gunzip"});
  CHECK(names(" unzstd  max-output=1GiB max-window=8MiB | crc32c ") == std::vector<std::string>{"unzstd", "crc32c"});
}

TEST_CASE("An unknown stage is pointed at by its column, and the nearest is offered") {
  CHECK(refusal("sha256 | zstdd level=3") ==
        "cannot read the stages: column 10: there is no stage \"zstdd\"\n"
        "    sha256 | zstdd level=3\n"
        "             ^^^^^\n"
        "Stages are " +
            all_names() + ". Did you mean \"zstd\"?");
}

TEST_CASE("The caret stands under the word also behind wide characters") {
  CHECK_THAT(refusal("雪 | zstd"), Catch::Contains("    雪 | zstd\n    ^^\n"));
  CHECK_THAT(refusal("zstd 雪=1"), Catch::Contains("    zstd 雪=1\n         ^^^^\n"));
}

TEST_CASE("A parameter that a stage does not have is refused with those it has") {
  CHECK_THAT(refusal("zstd levl=3"), Catch::Contains("column 6: zstd has no parameter \"levl\"") &&
                                         Catch::Contains("zstd takes level, workers. Did you mean \"level\"?"));
  CHECK_THAT(refusal("sha256 level=3"), Catch::Contains("sha256 takes no parameters."));
}

TEST_CASE("Values out of range are refused before anything runs") {
  CHECK_THAT(refusal("zstd level=20"), Catch::Contains("column 12: \"20\" is no level from -7 to 19"));
  CHECK_THAT(refusal("zstd level=x"), Catch::Contains("\"x\" is no level"));
  CHECK_THAT(refusal("zstd level=99999999999999999999"), Catch::Contains("is no level"));
  CHECK_THAT(refusal("gzip level=0"), Catch::Contains("column 12: \"0\" is no level from 1 to 9"));
  CHECK_THAT(refusal("zstd workers=0"), Catch::Contains("\"0\" is no workers from 1 to 1024"));
  CHECK_THAT(refusal("unzstd max-output=8mb"), Catch::Contains("write 8MiB (of 1024) or 8MB (of 1000)"));
}

TEST_CASE("What is no list of stages is refused where it breaks off") {
  CHECK_THAT(refusal("|"), Catch::Contains("column 1: a stage is missing"));
  CHECK_THAT(refusal("zstd |"), Catch::Contains("column 7: a stage is missing"));
  CHECK_THAT(refusal("zstd || sha256"), Catch::Contains("column 7: a stage is missing"));
  CHECK_THAT(refusal("zstd level"), Catch::Contains("\"level\" is no parameter of zstd"));
  CHECK_THAT(refusal("zstd level="), Catch::Contains("\"\" is no level from -7 to 19"));
  CHECK_THAT(refusal("zstd =3"), Catch::Contains("\"=3\" is no parameter of zstd"));
  CHECK_THAT(refusal("zstd sha256"), Catch::Contains("\"sha256\" is no parameter of zstd"));
  CHECK_THAT(refusal("zstd level=1 level=2"), Catch::Contains("\"level\" is given twice"));
}
