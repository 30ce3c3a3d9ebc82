// What the ledger is told of how a job was started holds no secrets.
#include "abi/hint.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace weir::abi {
namespace {

TEST_CASE("nothing is told of a call whose names may hold a secret") {
  const JobSettings settings;
  for (const std::string secret :
       {"https://user:pw@host/file", "https://token@host/file", "http://host/file?X-Amz-Signature=abc",
        "https://account.blob.core.windows.net/c/file?sv=2022&sig=abc", "https://host/file?key", "ftp://user:pw@host/f",
        "azure://container/file?sig=abc", "HTTPS://host/file?sig=abc", "a-b+c.d://host/file?sig=abc"}) {
    CAPTURE(secret);
    CHECK(hint_of_copy(secret, "out", settings).empty());
    CHECK(hint_of_copy("in", secret, settings).empty());
    CHECK(hint_of_pipeline("in | zstd | '" + secret + "'", settings).empty());
    CHECK(hint_of_pipeline("s3://bucket/key | tee " + secret + " null:", settings).empty());
    JobSettings through;
    through.through = "tee '" + secret + "'";
    CHECK(hint_of_copy("in", "out", through).empty());
  }
}

TEST_CASE("names without secrets are told as they are, and read again") {
  const JobSettings settings;
  for (const std::string name : {"s3://bucket/what?", "s3://bucket/key", "vercel://store/a?b", "https://host/file",
                                 "a file?", "me@home", "file:///tmp/x?y", "gen:1KiB?seed=1"}) {
    CAPTURE(name);
    const auto known = read_hint(hint_of_copy(name, "out", settings));
    REQUIRE(known.ok());
    CHECK(known->source == name);
    CHECK(known->destination == "out");
  }
}

}  // namespace
}  // namespace weir::abi
