// Random pipelines against plain functions. Each failure prints "WEIR_SEED=N"; with that in the environment only that
// pipeline runs, twenty times. Without it, new ones each time, for a few seconds.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "stages/random_pipeline.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
constexpr bool kSlow = true;
#elif defined(__has_feature)
constexpr bool kSlow = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool kSlow = false;
#endif
constexpr auto kStuck = 60s;  // no pipeline here takes that long

/// Calls `run` with seeds for `time`, or twenty times with the one that was asked for.
template <class Run>
void with_seeds(Clock::duration time, Run run) {
  if (const char* asked = std::getenv("WEIR_SEED"); asked != nullptr) {
    for (int i = 0; i < 20; ++i) run(static_cast<unsigned>(std::strtoul(asked, nullptr, 10)));
    return;
  }
  std::random_device device;
  constexpr std::size_t kLeast = 3;  // on a machine so busy that time is up at once
  const auto end = Clock::now() + property_time(time);
  for (std::size_t count = 0; count < kLeast || Clock::now() < end; ++count) run(device() % 1'000'000'000u);
}

struct Running {
  std::shared_ptr<std::string> into = std::make_shared<std::string>();
  std::shared_ptr<std::shared_ptr<Budget>> budget = std::make_shared<std::shared_ptr<Budget>>();
  Job job;

  explicit Running(const Recipe& recipe) : job(begin(recipe)) {}
  Job begin(const Recipe& recipe) const {
    JobOptions options;
    options.budget_bytes = recipe.budget_bytes;
    options.executor = Executor::make_pool(recipe.workers);
    return start(build(recipe, into, budget), std::move(options));
  }
  /// All memory that was taken comes back; a worker may be at a frame that nobody waits for any more.
  bool memory_comes_back() const {
    const auto end = Clock::now() + kStuck;
    while (*budget && (*budget)->used_bytes() != 0 && Clock::now() < end) std::this_thread::sleep_for(100us);
    return !*budget || (*budget)->used_bytes() == 0;
  }
};

/// A budget that is too small is refused with the number that fits: give that.
Running started(Recipe& recipe) {
  Running running(recipe);
  const auto early = running.job.wait_for(0s);
  if (!early || early->ok() || early->error().kind != Kind::budget_too_small) return running;
  INFO(early->status().message());
  REQUIRE(early->error().needed_bytes > recipe.budget_bytes);
  REQUIRE(early->error().needed_bytes <= 128 * kMiB);
  recipe.budget_bytes = early->error().needed_bytes;
  return Running(recipe);
}

constexpr std::size_t kNowhere = std::string::npos;

/// The offset from which on two strings differ (megabytes of bytes tell nobody anything).
std::size_t difference(const std::string& a, const std::string& b) {
  const auto where = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return where.first == a.end() && where.second == b.end() ? kNowhere
                                                           : static_cast<std::size_t>(where.first - a.begin());
}

void pause_now_and_then(Job& job, std::mt19937& random) {
  for (std::size_t pauses = random() % 4; pauses-- > 0;) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    job.pause();
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 1000));
    job.resume();
  }
}

}  // namespace

TEST_CASE("any composition of stages gives the bytes and digests that plain functions give", "[property]") {
  with_seeds(9s, [](unsigned seed) {
    Recipe recipe = Recipe::random(seed);
    bool plain = false;
    const Expected expected = run_plainly(recipe, plain);
    INFO(recipe.describe());
    REQUIRE(plain);
    Running running = started(recipe);
    INFO("as run: " << recipe.describe());
    std::mt19937 random(seed);
    pause_now_and_then(running.job, random);
    const auto receipt = running.job.wait_for(kStuck);
    REQUIRE(receipt);
    INFO(receipt->status().message());
    REQUIRE(receipt->ok());
    CHECK((*receipt)->bytes_read == recipe.input.bytes);
    CHECK((*receipt)->bytes_stored == expected.bytes.size());
    REQUIRE(difference(*running.into, expected.bytes) == kNowhere);
    for (const auto& [name, value] : expected.facts) {
      INFO(name);
      REQUIRE((*receipt)->facts.at(name) == value);
    }
    REQUIRE((*running.budget)->peak_bytes() <= recipe.budget_bytes);
    REQUIRE(running.memory_comes_back());
  });
}

TEST_CASE("codecs write the same bytes for every piece size, budget and number of workers, and read them back",
          "[property]") {
  with_seeds(4s, [](unsigned seed) {
    Recipe recipe;
    recipe.seed = seed;
    recipe.input = {9'000'000, seed, 3.0};
    recipe.from = Recipe::From::pieces;
    recipe.steps.resize(1);
    recipe.steps[0].kind = Recipe::Kind::compress;
    recipe.steps[0].level = static_cast<int>(seed % 3) + 1;
    recipe.steps[0].gzip = seed / 3 % 2 == 0;
    bool plain = false;
    const std::string expected = run_plainly(recipe, plain).bytes;
    REQUIRE(plain);
    for (const std::size_t workers : {1, 2, 7}) {
      recipe.workers = workers;
      recipe.piece = std::size_t{3000} << (seed + workers) % 9;
      recipe.budget_bytes = (seed + workers) % 2 == 0 ? 20 * kMiB : 100 * kMiB;
      Running running = started(recipe);
      INFO(recipe.describe());
      REQUIRE(running.job.wait().ok());
      REQUIRE(difference(*running.into, expected) == kNowhere);
    }
    auto back = std::make_shared<std::string>();
    Recipe::Step unpack = recipe.steps[0];
    unpack.kind = Recipe::Kind::decompress;
    REQUIRE(start(memory(expected) | Through(build_step(unpack)) | to_memory(back)).wait().ok());
    REQUIRE(difference(*back, input_of(recipe)) == kNowhere);
  });
}

TEST_CASE("cancelling any composition at any moment is answered within 100 ms and leaves nothing behind",
          "[property]") {
  int late = 0;
  int cancelled = 0;
  int all = 0;
  with_seeds(5s, [&](unsigned seed) {
    Recipe recipe = Recipe::random(seed);
    recipe.input.bytes = std::min<std::uint64_t>(recipe.input.bytes * 4, recipe.piece * 3000);
    Running running = started(recipe);
    INFO(recipe.describe());
    std::mt19937 random(seed);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (1u << random() % 16)));
    if (random() % 4 == 0) running.job.pause();
    ++all;
    const auto before = Clock::now();
    running.job.cancel();
    const auto result = running.job.wait_for(kStuck);
    REQUIRE(result);
    if (Clock::now() - before > (kSlow ? 1000ms : 100ms)) ++late;
    if (!result->ok()) {
      ++cancelled;
      REQUIRE(result->error().kind == Kind::cancelled);
      REQUIRE(running.into->empty());
    }
    REQUIRE(running.memory_comes_back());
  });
  CHECK(cancelled > 0);
  CHECK(late <= 2 + all / 500);  // a busy machine may keep a thread from running for that long
}

TEST_CASE("a job whose handle is dropped winds up by itself and gives its memory back", "[property]") {
  with_seeds(2s, [](unsigned seed) {
    Recipe recipe = Recipe::random(seed);
    INFO(recipe.describe());
    Running running = started(recipe);
    std::mt19937 random(seed);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    const auto into = running.into;
    { const Job dropped = std::move(running.job); }
    // The stages hold the other references to where the bytes go.
    const auto end = Clock::now() + kStuck;
    while (into.use_count() > 2 && Clock::now() < end) std::this_thread::sleep_for(100us);
    REQUIRE(into.use_count() == 2);
    REQUIRE(running.memory_comes_back());
  });
}
