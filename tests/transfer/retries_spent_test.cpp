// A whole transfer into a store that fails all the time.
#include <catch2/catch.hpp>

#include "memory_target.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/generator.hpp"
#include "weir/transfer/upload.hpp"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("a transfer whose retries are spent ends at once, says so, and leaves no upload behind") {
  for (const bool read_again : {true, false}) {
    CAPTURE(read_again);
    test::MemoryTargetOptions failing;
    failing.refuses_parts = true;
    auto target = std::make_shared<test::MemoryTarget>(failing);
    target->profile_.replay_needs_memory = !read_again;
    UploadOptions options;
    options.concurrency = 16;  // more requests than the tokens pay for attempts of
    options.retry.base_transient = 1ms;
    Job job = start(generator({.bytes = 8'000'000, .seed = 1}) | upload_to(target, options));
    const auto result = job.wait_for(30s);
    REQUIRE(result);
    REQUIRE_FALSE(result->ok());
    CHECK(result->error().kind == Kind::unavailable);
    CHECK(result->status().message().find("cannot store part ") == 0);
    CHECK(result->error().cause == "503 from the store (given up after 35 retries of the whole upload)");
    CHECK(result->error().advice == "The store fails too often. Try again when it has recovered.");
    CHECK(job.progress().retries == 35);
    CHECK(job.progress().last_retry.error().cause == "503 from the store");
    target->settle();
    CHECK_FALSE(target->object());
    CHECK(target->open_uploads() == 0);
  }
}
