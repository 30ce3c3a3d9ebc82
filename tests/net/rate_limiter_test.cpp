#include "weir/net/rate_limiter.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <random>
#include <string>

#include "net/paced_body.hpp"

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using weir::Flow;
using weir::RateLimiter;

namespace {

double in_seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

/// Reads a body to its end as the HTTP loop does, waiting for its wake where it says pending.
std::string drain(weir::net::Body& body, std::size_t buffer_bytes) {
  std::mutex mutex;
  std::condition_variable woken;
  bool awake = false;
  body.attach([&] {
    const std::lock_guard lock(mutex);
    awake = true;
    woken.notify_one();
  });
  REQUIRE(body.rewind().ok());
  std::string all;
  std::string buffer(buffer_bytes, '\0');
  while (all.size() < body.size()) {
    const auto got = body.read(std::as_writable_bytes(std::span(buffer)));
    if (got.ok()) {
      REQUIRE(*got > 0);
      all.append(buffer, 0, *got);
      continue;
    }
    REQUIRE(got.status().is_pending());
    std::unique_lock lock(mutex);
    REQUIRE(woken.wait_for(lock, seconds(5), [&] { return awake; }));
    awake = false;
  }
  return all;
}

}  // namespace

TEST_CASE("A limiter without a rate lets everything go at once") {
  RateLimiter limiter;
  CHECK(limiter.slice_bytes() == SIZE_MAX);
  for (int i = 0; i < 100; ++i) CHECK(limiter.reserve(RateLimiter::Way::out, 1 << 30, seconds(i)) == nanoseconds(0));
  CHECK(RateLimiter::of_process().rate() == 0);
}

TEST_CASE("The mean rate is exact, whoever asks and however late they come") {
  for (const std::uint64_t rate : {64ull << 10, 10ull << 20, 150ull << 20, 1ull << 30}) {
    RateLimiter limiter(rate);
    std::mt19937_64 random(rate);
    // Each asks for a slice, waits, comes a little late, and asks again.
    std::priority_queue<nanoseconds, std::vector<nanoseconds>, std::greater<>> asking;
    for (int i = 0; i < 8; ++i) asking.push(nanoseconds(0));
    std::uint64_t moved = 0;
    const nanoseconds end = seconds(20);
    while (asking.top() < end) {
      const nanoseconds now = asking.top();
      asking.pop();
      const nanoseconds wait = limiter.reserve(RateLimiter::Way::out, limiter.slice_bytes(), now);
      if (now + wait < end) moved += limiter.slice_bytes();
      asking.push(now + wait + nanoseconds(random() % 2'000'000));
    }
    CAPTURE(rate, moved);
    CHECK(static_cast<double>(moved) == Approx(static_cast<double>(rate) * 20).epsilon(0.02));
  }
}

TEST_CASE("Who was idle does not catch up with what it might have moved") {
  RateLimiter limiter(1'000'000);
  (void)limiter.reserve(RateLimiter::Way::out, 1000, seconds(0));
  nanoseconds wait{0};
  for (int i = 0; i < 10; ++i) wait = limiter.reserve(RateLimiter::Way::out, 100'000, seconds(100));
  CHECK(in_seconds(wait) > 0.8);
}

TEST_CASE("Both ways have the whole rate, and many who ask get turns in the order of asking") {
  RateLimiter limiter(1000);
  CHECK(limiter.reserve(RateLimiter::Way::out, 1000, seconds(1)) == nanoseconds(0));
  CHECK(limiter.reserve(RateLimiter::Way::in, 1000, seconds(1)) == nanoseconds(0));
  for (int i = 1; i <= 5; ++i) CHECK(in_seconds(limiter.reserve(RateLimiter::Way::out, 1000, seconds(1))) == Approx(i));
}

TEST_CASE("Slices are small at a low rate, so that many connections stay alive, and bounded at a high one") {
  CHECK(RateLimiter(64 << 10).slice_bytes() == 4096);
  CHECK(RateLimiter(1).slice_bytes() == 1024);
  CHECK(RateLimiter(1ull << 34).slice_bytes() == 256 * 1024);
}

TEST_CASE("A rate that is changed holds for what waits already") {
  const auto limiter = RateLimiter::make(1000);
  (void)limiter->reserve(RateLimiter::Way::out, 60'000);  // a minute
  limiter->set_rate(100'000);
  CHECK(in_seconds(limiter->reserve(RateLimiter::Way::out, 1)) < 1);
  limiter->set_rate(0);
  CHECK(limiter->reserve(RateLimiter::Way::out, 1 << 20) == nanoseconds(0));
}

TEST_CASE("A body is sent at the rate, whole and unchanged, and counted") {
  std::string text(512 << 10, '\0');
  std::mt19937 random(1);
  for (char& byte : text) byte = static_cast<char>(random());
  const auto flow = std::make_shared<Flow>(RateLimiter::make(1 << 20));
  const auto body = weir::net::paced(weir::net::body_of(text), flow);
  REQUIRE(body->size() == text.size());
  const auto begun = std::chrono::steady_clock::now();
  CHECK(drain(*body, 64 << 10) == text);
  const double took = in_seconds(std::chrono::steady_clock::now() - begun);
  CHECK(took > 0.40);  // the last slice leaves at once, and 50 ms may be caught up with
  CHECK(took < 0.60);
  CHECK(flow->total() == text.size());
  CHECK(flow->position() == text.size());
  REQUIRE(body->rewind().ok());
  CHECK(flow->position() == 0);
  CHECK(drain(*body, 7000) == text);
  CHECK(flow->total() == 2 * text.size());
}

TEST_CASE("The limit of the process holds beside a transfer's own") {
  RateLimiter::of_process().set_rate(256 << 10);
  const auto body = weir::net::paced(weir::net::body_of(std::string(128 << 10, 'x')),
                                     std::make_shared<Flow>(RateLimiter::make(1 << 30)));
  const auto begun = std::chrono::steady_clock::now();
  CHECK(drain(*body, 64 << 10).size() == 128 << 10);
  RateLimiter::of_process().set_rate(0);
  CHECK(in_seconds(std::chrono::steady_clock::now() - begun) > 0.38);
}

TEST_CASE("What was promised is told, each way for itself, so that others see whether the rate is what limits") {
  RateLimiter limiter(1000);
  using Way = RateLimiter::Way;
  CHECK(limiter.promised_bytes(Way::out) == 0);
  (void)limiter.reserve(Way::out, 700, std::chrono::nanoseconds(0));
  (void)limiter.reserve(Way::out, 800, std::chrono::nanoseconds(0));
  (void)limiter.reserve(Way::in, 5, std::chrono::nanoseconds(0));
  CHECK(limiter.promised_bytes(Way::out) == 1500);
  CHECK(limiter.promised_bytes(Way::in) == 5);
}
