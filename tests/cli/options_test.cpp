#include "cli/options.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "cli/exit_codes.hpp"
#include "cli/terminal.hpp"

using namespace weir::cli;  // NOLINT(google-build-using-namespace)

namespace {

CommandLine parsed(const std::vector<std::string>& arguments) {
  auto line = parse_command_line(arguments);
  INFO(line.status().message());
  REQUIRE(line.ok());
  return *line;
}

std::string refusal(const std::vector<std::string>& arguments) {
  const auto line = parse_command_line(arguments);
  REQUIRE_FALSE(line.ok());
  CHECK(line.error().kind == weir::Kind::invalid_argument);
  return line.status().message();
}

struct Variable {
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  const char* name_;
};

GetEnvironment environment(std::vector<std::pair<std::string, std::string>> set) {
  return [set = std::move(set)](const char* name) -> const char* {
    for (const auto& [known, value] : set) {
      if (known == name) return value.c_str();
    }
    return nullptr;
  };
}

}  // namespace

TEST_CASE("Options may stand before, between and behind names, and '-' is a name") {
  const CommandLine line = parsed({"cp", "--memory=16MiB", "-", "--through", "zstd level=3", "s3://b/k", "-q"});
  CHECK(line.command == "cp");
  CHECK(line.operands == std::vector<std::string>{"-", "s3://b/k"});
  CHECK(line.options.memory_bytes == 16u << 20);
  CHECK(line.options.through == "zstd level=3");
  CHECK(line.options.quiet);
}

TEST_CASE("Behind '--' everything is a name, also what looks like an option or a list") {
  CHECK(parsed({"cp", "--", "-file", "--json"}).operands == std::vector<std::string>{"-file", "--json"});
  CHECK(parsed({"cp", "[a,b]", "{}"}).operands == std::vector<std::string>{"[a,b]", "{}"});
  CHECK_FALSE(wants_json({"cp", "--", "--json"}));
  CHECK(wants_json({"cp", "--json", "--"}));
}

TEST_CASE("An unknown command, option or word is refused with the nearest") {
  CHECK_THAT(refusal({"co", "a", "b"}),
             Catch::Contains("there is no command \"co\"") && Catch::Contains("Did you mean"));
  CHECK_THAT(refusal({"cp", "a", "b", "--memroy", "8MiB"}),
             Catch::Contains("there is no option --memroy") && Catch::Contains("Did you mean \"--memory\"?"));
  CHECK_THAT(refusal({"cp", "a", "b", "--progress=barr"}),
             Catch::Contains("\"barr\" is none of auto, bar, plain, json, none") &&
                 Catch::Contains("\nDid you mean \"bar\"?"));
  CHECK_THAT(refusal({"cp", "-file", "b"}), Catch::Contains("./-name"));
  CHECK_THAT(refusal({"--json", "cp"}), Catch::Contains("Options go behind the command"));
  CHECK_THAT(refusal({}), Catch::Contains("no command is given"));
}

TEST_CASE("The number of names must be right") {
  CHECK_THAT(refusal({"cp"}), Catch::Contains("SRC... DST, and nothing is given"));
  CHECK_THAT(refusal({"cp", "a"}), Catch::Contains("only one name is given"));
  CHECK_THAT(refusal({"cat", "a", "b"}), Catch::Contains("\"b\" is one name too many"));
  CHECK_THAT(refusal({"cp", "", "b"}), Catch::Contains("a name is empty"));
  CHECK(parsed({"rm", "s3://b/1", "s3://b/2", "s3://b/3"}).operands.size() == 3);
}

TEST_CASE("Sizes that may mean two things, nothing, or too much are refused and name their option") {
  for (const char* const option : {"--memory", "--part-size"}) {
    CHECK_THAT(refusal({"cp", "a", "b", option, "8mb"}),
               Catch::Contains(std::string("read ") + option) && Catch::Contains("write 8MiB (of 1024) or 8MB"));
    for (const char* const size : {"0", "-1", "99999PiB", "abc", "1.2.3MiB", "8 MiB"}) {
      CHECK_THAT(refusal({"cp", "a", "b", option, size}), Catch::Contains(size));
    }
  }
  for (const char* const number : {"0", "-1", "1025", "4x", "99999999999999999999"}) {
    CHECK_THAT(refusal({"cp", "a", "b", "--concurrency", number}), Catch::Contains("is no number from 1 to 1024"));
  }
  CHECK_THAT(refusal({"cp", "a", "b", "--memory"}), Catch::Contains("--memory"));
}

TEST_CASE("The environment gives what the command line does not, and the command line wins") {
  const Variable memory("WEIR_MEMORY", "16MiB");
  const Variable part("WEIR_PART_SIZE", "32MiB");
  const Variable json("WEIR_JSON", "1");
  const CommandLine line = parsed({"cp", "a", "b", "--memory", "8MiB"});
  CHECK(line.options.memory_bytes == 8u << 20);
  CHECK(line.options.part_size_bytes == 32u << 20);
  CHECK(line.options.json);
}

TEST_CASE("Of an option given twice the last counts") {
  CHECK(parsed({"cp", "a", "b", "--memory", "8MiB", "--memory", "9MiB"}).options.memory_bytes == 9u << 20);
}

TEST_CASE("Help of every command tells its options and the exit codes") {
  for (const char* const name : {"cp", "cat", "ls", "head", "rm", "version"}) {
    const std::string text = parsed({name, "--help"}).help;
    CHECK(text == parsed({"help", name}).help);
    CHECK_THAT(text, Catch::Contains(std::string("Usage: weir ") + name) && Catch::Contains("--json") &&
                         Catch::Contains(kExitCodeHelp));
  }
  CHECK_THAT(parsed({"cp", "-h"}).help, Catch::Contains("WEIR_PART_SIZE") && Catch::Contains("unzstd"));
  CHECK_THAT(parsed({"--help"}).help, Catch::Contains("Commands:"));
  CHECK_THAT(refusal({"help", "cpp"}), Catch::Contains("there is no command \"cpp\""));
  CHECK(parsed({"--version", "--json"}).command == "version");
}

TEST_CASE("Every kind of error has an exit code other than success") {
  for (auto kind = weir::Kind::invalid_argument; kind <= weir::Kind::internal;
       kind = static_cast<weir::Kind>(static_cast<int>(kind) + 1)) {
    CHECK(exit_code(kind) > 0);
    CHECK_THAT(kExitCodeHelp, Catch::Contains(std::to_string(exit_code(kind)) + " "));
  }
  CHECK(exit_code(weir::Kind::ok) == 0);
}

TEST_CASE("Unicode is for UTF-8 locales, colour for those who did not say no") {
  CHECK(wants_unicode(environment({{"LANG", "de_DE.UTF-8"}})));
  CHECK(wants_unicode(environment({{"LC_ALL", "C.utf8"}, {"LANG", "C"}})));
  CHECK_FALSE(wants_unicode(environment({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}})));
  CHECK_FALSE(wants_unicode(environment({})));

  const auto xterm = environment({{"TERM", "xterm"}});
  CHECK(wants_colour(ColourMode::automatic, true, xterm));
  CHECK_FALSE(wants_colour(ColourMode::automatic, false, xterm));
  CHECK(wants_colour(ColourMode::always, false, environment({{"NO_COLOR", "1"}})));
  CHECK_FALSE(wants_colour(ColourMode::never, true, environment({{"CLICOLOR_FORCE", "1"}})));
  CHECK_FALSE(wants_colour(ColourMode::automatic, true, environment({{"TERM", "xterm"}, {"NO_COLOR", "1"}})));
  CHECK(wants_colour(ColourMode::automatic, true, environment({{"TERM", "xterm"}, {"NO_COLOR", ""}})));
  CHECK(wants_colour(ColourMode::automatic, false, environment({{"CLICOLOR_FORCE", "1"}})));
  CHECK_FALSE(wants_colour(ColourMode::automatic, true, environment({{"TERM", "dumb"}})));
}
