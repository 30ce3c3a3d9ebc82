// The controller against links and stores of known capacity, in virtual time.
#include "transfer/concurrency.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "transfer/start_within_rate.hpp"

using std::chrono::milliseconds;
using std::chrono::seconds;
using weir::transfer::ConcurrencyController;
using weir::transfer::ConcurrencyOptions;
using weir::transfer::Time;
using weir::transfer::Trouble;

namespace {

constexpr double kMebibyte = 1024 * 1024;

/// A link: each request has up to `each` bytes a second, all together up to `all`, with some noise.
struct Link {
  double each = 80 * kMebibyte;
  double all = 1000 * kMebibyte;
  double noise = 0.02;
};

struct Network {
  Network(ConcurrencyOptions options, std::uint64_t seed) : controller(options), random(seed) {}

  /// Moves bytes for `length`, in steps of ten milliseconds; parts have 8 MiB. `used`: how many are there to send.
  void run(Time length, std::uint32_t used = 1000) {
    for (const Time end = now + length; now < end; now += milliseconds(10)) {
      const std::uint32_t under_way = std::min(used, controller.limit());
      const double draw = static_cast<double>(random() % 2001) / 1000 - 1;
      const double rate = std::min(link.all, link.each * under_way) * (1 + link.noise * draw);
      bytes += rate * 0.01;
      while (bytes - counted >= 8 * kMebibyte) {
        counted += 8 * kMebibyte;
        controller.completed();
      }
      controller.observe(now, static_cast<std::uint64_t>(bytes), under_way);
      highest = std::max(highest, controller.limit());
      REQUIRE(controller.limit() >= 1);
      REQUIRE(controller.limit() <= controller.most());
    }
  }

  Link link;
  ConcurrencyController controller;
  std::mt19937_64 random;
  Time now{0};
  double bytes = 0;
  double counted = 0;
  std::uint32_t highest = 0;
};

}  // namespace

TEST_CASE("Where every request brings its share, concurrency comes to the most within seconds") {
  Network world(ConcurrencyOptions::adaptive(4, 32), 1);
  world.link.all = 1e12;
  world.run(seconds(3));
  CHECK(world.controller.limit() == 32);
}

TEST_CASE("Where throughput no longer rises, concurrency stays near what it takes") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Network world(ConcurrencyOptions::adaptive(4, 32), seed);
    world.link = {80 * kMebibyte, 800 * kMebibyte, 0.02};  // ten requests fill it
    world.run(seconds(120));
    CAPTURE(seed, world.controller.limit(), world.highest);
    CHECK(world.controller.limit() >= 8);
    CHECK(world.controller.limit() <= 16);
  }
}

TEST_CASE("Where four requests fill the link, there are hardly more") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Network world(ConcurrencyOptions::adaptive(4, 32), seed);
    world.link = {80 * kMebibyte, 300 * kMebibyte, 0.02};
    world.run(seconds(120));
    CAPTURE(seed, world.controller.limit());
    CHECK(world.controller.limit() <= 6);
    CHECK(world.highest <= 9);
  }
}

TEST_CASE("A link that becomes wider is noticed, by probing now and then") {
  Network world(ConcurrencyOptions::adaptive(4, 32), 3);
  world.link = {20 * kMebibyte, 80 * kMebibyte, 0.01};
  world.run(seconds(60));
  CHECK(world.controller.limit() <= 6);
  world.link.all = 400 * kMebibyte;
  world.run(seconds(120));
  CHECK(world.controller.limit() >= 16);
}

TEST_CASE("Concurrency that is not used does not grow") {
  Network world(ConcurrencyOptions::adaptive(4, 32), 4);
  world.run(seconds(60), 3);  // the source gives no more than three parts at a time
  CHECK(world.controller.limit() == 4);
}

TEST_CASE("Throttling, timeouts and want of memory shrink it, once for what was sent before, and never below one") {
  for (const Trouble trouble : {Trouble::throttled, Trouble::timeout, Trouble::memory}) {
    Network world(ConcurrencyOptions::adaptive(4, 32), 5);
    world.link.all = 1e12;
    world.run(seconds(5));
    REQUIRE(world.controller.limit() == 32);
    const Time sent = world.now - seconds(1);
    world.controller.trouble(trouble, sent, world.now);
    const std::uint32_t once = world.controller.limit();
    CHECK(once == (trouble == Trouble::timeout ? 16 : 22));
    for (int i = 0; i < 10; ++i) world.controller.trouble(trouble, sent, world.now + milliseconds(i));
    CHECK(world.controller.limit() == once);
    for (int i = 1; i < 40; ++i) {
      world.controller.trouble(trouble, world.now + milliseconds(10 * i), world.now + milliseconds(10 * i + 5));
      CHECK(world.controller.limit() >= 1);
    }
    CHECK(world.controller.limit() == 1);
    world.now += seconds(1);
    world.run(seconds(60));  // and it comes back
    CHECK(world.controller.limit() >= 8);
  }
}

TEST_CASE("Where the rate is limited it begins with as many requests as end in a second") {
  using weir::RateLimiter;
  using weir::transfer::start_within_rate;
  constexpr std::uint64_t kMany = 8 * 1024 * 1024;
  CHECK(start_within_rate(4, nullptr, kMany) == 4);
  CHECK(start_within_rate(4, RateLimiter::make(0), kMany) == 4);
  CHECK(start_within_rate(4, RateLimiter::make(1000), kMany) == 1);
  CHECK(start_within_rate(4, RateLimiter::make(3 * kMany), kMany) == 3);
  CHECK(start_within_rate(4, RateLimiter::make(30 * kMany), kMany) == 4);
  CHECK(start_within_rate(4, RateLimiter::make(3), 0) == 3);
}

TEST_CASE("A fixed concurrency stays what it is") {
  Network world(ConcurrencyOptions::fixed(7), 6);
  world.run(seconds(20));
  world.controller.trouble(Trouble::throttled, world.now, world.now + milliseconds(1));
  CHECK(world.controller.limit() == 7);
}

TEST_CASE("Whatever happens, it stays between one and the most") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    const auto most = static_cast<std::uint32_t>(2 + random() % 40);
    ConcurrencyController controller(
        ConcurrencyOptions::adaptive(1 + static_cast<std::uint32_t>(random() % most), most));
    Time now{0};
    std::uint64_t bytes = 0;
    for (int step = 0; step < 200; ++step) {
      now += milliseconds(random() % 500);
      bytes = random() % 50 == 0 ? 0 : bytes + random() % 100'000'000;
      if (random() % 20 == 0)
        controller.trouble(static_cast<Trouble>(random() % 3), now - milliseconds(random() % 900), now);
      if (random() % 2 == 0) controller.completed();
      controller.observe(now, bytes, static_cast<std::uint32_t>(random() % (most + 3)));
      REQUIRE(controller.limit() >= 1);
      REQUIRE(controller.limit() <= most);
    }
  }
}
