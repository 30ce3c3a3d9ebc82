// The command speaks of its own options, and of sizes as people read them.
#include "cli/command_words.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cli/json_events.hpp"

using weir::Error;
using weir::Kind;
using weir::cli::error_text;
using weir::cli::in_command_words;

namespace {

Error failure(Kind kind, const char* advice = "Set some_member, or call some_function().") {
  Error error;
  error.kind = kind;
  error.operation = "do it";
  error.cause = "why";
  error.advice = advice;
  return error;
}

}  // namespace

TEST_CASE("Advice of the library that is about its own members becomes that of the command's options") {
  Error memory = failure(Kind::budget_too_small);
  memory.needed_bytes = (9 << 20) - 1;
  CHECK(in_command_words(memory).advice == "Allow at least 9 MiB: --memory 9MiB.");
  Error output = failure(Kind::limit);
  output.stage = "unzstd";
  CHECK_THAT(in_command_words(output).advice, Catch::Contains("--through 'unzstd max-output=SIZE'"));
  Error changed = failure(Kind::source_changed);
  changed.operation = "go on with the upload of s3://b/k";
  changed.kept_bytes = 7;
  CHECK_THAT(in_command_words(changed).advice, Catch::Contains("--no-resume") && Catch::Contains("weir jobs"));
  Error mixed = failure(Kind::source_changed, "As it was.");
  CHECK(in_command_words(mixed).advice == "As it was.");
  mixed.kept_bytes = 7;
  CHECK_THAT(in_command_words(mixed).advice, Catch::Contains("--no-resume"));
  Error other = failure(Kind::corrupt, "Run this again; if it says the same, begin anew, without resuming.");
  CHECK_THAT(in_command_words(other).advice, Catch::Contains("without resuming"));
  other.kept_bytes = 7;
  CHECK_THAT(in_command_words(other).advice, Catch::Contains("--no-resume") && Catch::Contains("safe at the store"));
  Error authority = failure(Kind::access_denied);
  authority.service_code = "Unreachable";
  CHECK_THAT(in_command_words(authority).advice, Catch::Contains("--ca-bundle FILE"));
  Error presign = failure(Kind::unsupported);
  presign.operation = "presign vercel://s/x";
  CHECK(in_command_words(presign).advice.find("()") == std::string::npos);
}

TEST_CASE("Other advice stays as it is, and what may pass has some") {
  CHECK(in_command_words(failure(Kind::limit, "As it was.")).advice == "As it was.");
  CHECK(in_command_words(failure(Kind::invalid_argument, "")).advice.empty());
  for (const Kind kind : {Kind::network, Kind::timeout, Kind::unavailable}) {
    CHECK_THAT(in_command_words(failure(kind, "")).advice, Catch::Contains("run the same command again"));
    CHECK(in_command_words(failure(kind, "As it was.")).advice == "As it was.");
  }
}

TEST_CASE("What replaces an advice does not hide what is safe") {
  Error memory = failure(Kind::budget_too_small);
  memory.kept_bytes = 48 << 20;
  CHECK_THAT(in_command_words(memory).advice, Catch::Contains("48.0 MiB are safe at the store."));
}

TEST_CASE("Text tells places in sizes that people read, JSON exactly; advice is the same in both") {
  Error error = failure(Kind::corrupt, "");
  error.offset = 56 << 20;
  CHECK(error_text(error, false) == "weir: cannot do it (at 56.0 MiB): why\n");
  error.offset = 17;
  CHECK(error_text(error, false) == "weir: cannot do it (byte 17): why\n");
  error.offset = 56 << 20;
  error.kind = Kind::budget_too_small;
  error.needed_bytes = 8 << 20;
  const auto json = nlohmann::json::parse(weir::cli::error_event(error, 8));
  CHECK(json["offset"] == 56 << 20);
  CHECK(json["needed_bytes"] == 8 << 20);
  CHECK(json["advice"] == "Allow at least 8 MiB: --memory 8MiB.");
}
