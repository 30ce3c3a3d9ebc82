// The pacer against services of a fixed rate, in virtual time.
#include "store/request_pacer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "store/flight.hpp"

using weir::store::RequestPacer;
using Time = RequestPacer::Time;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Serves `rate` requests a second, `burst` of them at once, and refuses the others.
struct Service {
  double rate = 50;
  double burst = 5;
  Time retry_after{0};
  double tokens = 5;
  Time seen{0};

  bool serves(Time now) {
    if (rate <= 0) return true;
    tokens = std::min(burst, tokens + rate * std::chrono::duration<double>(now - seen).count());
    seen = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  }
};

/// Workers that ask again as soon as they were answered; who is refused waits for the Retry-After, or a little.
struct World {
  explicit World(std::uint64_t seed) : random(seed) {}

  void run(Time until, unsigned count) {
    for (; workers < count; ++workers) next(now);
    while (!events.empty() && events.begin()->first <= until) {
      now = events.begin()->first;
      const auto event = std::move(events.begin()->second);
      events.erase(events.begin());
      event();
    }
  }
  void next(Time when) {
    events.emplace(when, [this] {
      const double place = pacer.take_place(now);
      leave(place, now);
    });
  }
  /// As Pacing does it: it looks again now and then.
  void leave(double place, Time asked) {
    const Time wait = pacer.wait(place, now);
    if (wait > std::chrono::microseconds(100)) {
      events.emplace(now + std::min<Time>(wait, milliseconds(250)), [this, place, asked] { leave(place, asked); });
      return;
    }
    const bool serves = service.serves(now);
    const unsigned late = serves ? serve_ms : 0;
    events.emplace(now + milliseconds(latency_ms + late + random() % (6 * latency_ms)),
                   [this, asked, serves] { answer(asked, serves); });
  }
  void answer(Time asked, bool serves) {
    if (serves) {
      ++served;
      pacer.served(now);
      return next(now);
    }
    ++refused;
    pacer.refused(asked, now, service.retry_after);
    next(now + std::max<Time>(service.retry_after, milliseconds(random() % 1000)));
  }

  std::mt19937_64 random;
  Service service;
  RequestPacer pacer;
  Time now{0};
  unsigned workers = 0;
  unsigned latency_ms = 5;
  unsigned serve_ms = 0;  ///< what is served is answered so much later than what is refused
  std::uint64_t served = 0;
  std::uint64_t refused = 0;
  std::multimap<Time, std::function<void()>> events;
};

}  // namespace

TEST_CASE("Without a refusal nothing waits") {
  RequestPacer pacer;
  for (int i = 0; i < 1000; ++i) {
    const Time now = milliseconds(i / 10);
    REQUIRE(pacer.wait(pacer.take_place(now), now) == Time(0));
  }
  CHECK(pacer.rate() == 0);
}

TEST_CASE("At a service of a fixed rate requests settle near it, and few are refused") {
  for (const double rate : {5.0, 20.0, 50.0, 300.0, 3500.0}) {
    for (const Time retry_after : {Time(0), Time(seconds(1))}) {
      World world(1);
      world.service.rate = rate;
      world.service.burst = std::max(5.0, rate / 20);
      world.service.retry_after = retry_after;
      const unsigned workers = rate > 1000 ? 128 : 16;
      world.run(seconds(30), workers);
      world.served = world.refused = 0;
      world.run(seconds(90), workers);
      const double got = static_cast<double>(world.served) / 60;
      CAPTURE(rate, retry_after.count(), got, world.refused);
      CHECK(got > 0.85 * rate);
      CHECK(static_cast<double>(world.refused) < 0.03 * static_cast<double>(world.served) + 20);
    }
  }
}

TEST_CASE("A first guess that was far too low is given up within seconds") {
  World world(4);
  world.service.rate = 25;
  world.latency_ms = 1;
  world.serve_ms = 30;  // the first answer is a refusal
  world.run(seconds(6), 8);
  world.served = world.refused = 0;
  world.run(seconds(16), 8);
  CAPTURE(world.served, world.refused);
  CHECK(world.served > 0.8 * 25 * 10);
  CHECK(world.refused < 20);
}

TEST_CASE("The first seconds at a slow service cost few refusals too") {
  World world(2);
  world.service.rate = 10;
  world.run(seconds(10), 32);
  CAPTURE(world.served, world.refused);
  CHECK(world.refused < 60);
  CHECK(world.served > 50);
}

TEST_CASE("A service that becomes slower, and well again, is followed both ways") {
  World world(3);
  world.service.rate = 200;
  world.run(seconds(20), 16);
  world.service.rate = 20;
  world.run(seconds(30), 16);
  world.served = world.refused = 0;
  world.run(seconds(50), 16);
  CHECK(world.served > 0.8 * 20 * 20);
  CHECK(world.refused < 40);
  world.service.rate = 0;  // no limit any more
  world.run(seconds(110), 16);
  world.served = 0;
  world.run(seconds(120), 16);
  CHECK(world.served > 5000);
}

TEST_CASE("A service that means its Retry-After is left alone for so long, but no longer than five seconds") {
  RequestPacer pacer;
  (void)pacer.take_place(seconds(1));
  pacer.served(seconds(1));
  pacer.refused(seconds(1), seconds(1), seconds(60));
  const Time asked = seconds(1) + milliseconds(500);
  (void)pacer.take_place(asked);
  pacer.refused(asked, asked, seconds(60));  // slower was not slow enough
  const Time wait = pacer.wait(pacer.take_place(asked), asked);
  CHECK(wait >= seconds(5));
  CHECK(wait < seconds(9));
}

TEST_CASE("A request that waits for its turn is cancelled at once, and its answer comes once") {
  int answers = 0;
  std::mutex mutex;
  std::condition_variable came;
  const auto flight = std::make_shared<weir::store::Flight>([&](const weir::Result<weir::net::Response>& answer) {
    const std::lock_guard lock(mutex);
    CHECK(answer.status().kind() == weir::Kind::cancelled);
    ++answers;
    came.notify_one();
  });
  flight->wait(milliseconds(300), [flight] { FAIL("it went on"); });
  const auto before = std::chrono::steady_clock::now();
  flight->cancel();
  std::unique_lock lock(mutex);
  REQUIRE(came.wait_for(lock, seconds(2), [&] { return answers == 1; }));
  CHECK(std::chrono::steady_clock::now() - before < milliseconds(100));
  lock.unlock();
  std::this_thread::sleep_for(milliseconds(400));
  CHECK(answers == 1);
}
