// The pieces of core, each for itself: status, chunk, budget, ring, pool, rate.
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "weir/core/budget.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/progress.hpp"
#include "weir/core/ring.hpp"
#include "weir/core/sampling.hpp"
#include "weir/core/status.hpp"

using namespace weir;

namespace weir::test {

/// One side of a ring, asleep until its wake-up comes.
class WakeUps {
 public:
  void come() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_one();
  }
  /// False: none came.
  bool awaited() {
    std::unique_lock lock(mutex_);
    const bool came = changed_.wait_for(lock, std::chrono::seconds(30), [&] { return count_ > 0; });
    count_ -= came ? 1 : 0;
    return came;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

}  // namespace weir::test

TEST_CASE("an error's message says what, where, why and what next") {
  Status status =
      Status(Kind::access_denied, "403 ExpiredToken from the store").during("store part 7 of s3://b/k").at(58720256);
  status.advise("6 parts are safe.");
  status.during("ignored: the one closest to the failure is heard");
  CHECK(status.message() ==
        "cannot store part 7 of s3://b/k (byte 58720256): 403 ExpiredToken from the store\n6 parts are safe.");
  CHECK(fmt::format("{}", status) == status.message());
  CHECK(Status().ok());
  CHECK_FALSE(Status::pending().failed());
}

TEST_CASE("copies of a Status share the error until one changes it") {
  const Status first(Kind::io, "disk");
  Status second = first;
  second.during("read");
  CHECK(first.error().operation.empty());
  CHECK(second.error().operation == "read");
}

TEST_CASE("chunks share memory, and the last one releases it") {
  int released = 0;
  const std::string text = "hello world";
  {
    Chunk whole = Chunk::foreign(std::as_bytes(std::span(text)), [&](const std::byte*) { ++released; });
    Chunk head = whole.slice(0, 5);
    Chunk tail = whole.slice(5);
    whole = Chunk();
    CHECK(head.text() == "hello");
    CHECK(head.join(tail));
    CHECK(head.text() == "hello world");
    CHECK_FALSE(head.join(tail));
    CHECK(tail.slice(100).empty());
    CHECK(released == 0);
  }
  CHECK(released == 1);
}

TEST_CASE("a budget never hands out more than its limit, and wakes who waited") {
  auto budget = Budget::make(kMinBudgetBytes);
  std::vector<Slab> slabs;
  int woken = 0;
  const auto wake = [&] { ++woken; };
  for (int i = 0; i < 2; ++i) slabs.push_back(std::move(*budget->acquire(kFrameBytes, wake)));
  CHECK(budget->acquire(1, wake).status().is_pending());
  CHECK(budget->used_bytes() == budget->limit_bytes());
  Chunk chunk = slabs[0].take(100);
  slabs.erase(slabs.begin());
  CHECK(woken == 0);  // the chunk still holds the slab
  chunk = Chunk();
  CHECK(woken == 1);
  CHECK(budget->acquire(kSliceBytes, wake).ok());  // another size: the pooled slab has to go
  CHECK(budget->acquire(kMinBudgetBytes + 1, wake).error().kind == Kind::budget_too_small);
  CHECK_FALSE(budget->set_aside(kMinBudgetBytes).ok());
  slabs.clear();
  CHECK(budget->used_bytes() == 0);
}

TEST_CASE("a ring keeps order between two threads and loses no wake-up") {
  constexpr int kCount = 200'000;
  for (const std::size_t depth : {2u, 8u, 64u}) {
    Ring<int> ring(depth);
    const std::size_t half = ring.depth() / 2;
    test::WakeUps consumer, producer;
    bool produced = true, consumed = true;
    std::thread pushing([&] {
      for (int i = 1; produced && i <= kCount; ++i) {
        int item = i;
        while (produced && !ring.push(item)) {
          if (ring.settle_pushed()) consumer.come();
          produced = producer.awaited();
        }
        if (ring.consumer_owed(half)) consumer.come();
      }
      ring.end();
      if (ring.settle_pushed()) consumer.come();
    });
    int expected = 1;
    for (auto pop = Ring<int>::Pop::empty; consumed && pop != Ring<int>::Pop::ended;) {
      int item = 0;
      pop = ring.pop(item);
      if (pop == Ring<int>::Pop::item) {
        consumed = item == expected++;
        if (ring.producer_owed(half)) producer.come();
      } else if (pop == Ring<int>::Pop::empty) {
        if (ring.settle_popped(half)) producer.come();
        consumed = consumer.awaited();
      }
    }
    pushing.join();
    CHECK(produced);
    CHECK(consumed);
    CHECK(expected == kCount + 1);
  }
}

TEST_CASE("who settles before it stops overlooks no wait that was announced a moment ago") {
  constexpr int kCount = 100'000;
  Ring<int> ring(8);
  test::WakeUps consumer;
  std::atomic<bool> lost{false};
  std::thread popping([&] {
    for (auto pop = Ring<int>::Pop::empty; !lost && pop != Ring<int>::Pop::ended;) {
      int item = 0;
      pop = ring.pop(item);
      if (pop == Ring<int>::Pop::empty) lost = !consumer.awaited();
    }
  });
  for (int i = 1; i <= kCount && !lost; ++i) {
    int item = i;
    CHECK(ring.push(item));
    if (ring.settle_pushed()) consumer.come();
    while (ring.size() > 0 && !lost) {  // the next one comes just when the consumer finds nothing
    }
  }
  ring.end();
  if (ring.settle_pushed()) consumer.come();
  popping.join();
  CHECK_FALSE(lost);
}

TEST_CASE("a full ring owes its producer a wake-up at half empty, an empty one its consumer at half full") {
  Ring<int> ring(4);
  int item = 1;
  CHECK(ring.pop(item) == Ring<int>::Pop::empty);
  CHECK(ring.push(item));
  CHECK_FALSE(ring.consumer_owed(2));
  CHECK(ring.push(item));
  CHECK(ring.consumer_owed(2));
  CHECK_FALSE(ring.settle_pushed());  // once
  while (ring.push(item)) {
  }
  CHECK(ring.size() == 4);
  CHECK(ring.pop(item) == Ring<int>::Pop::item);
  CHECK_FALSE(ring.producer_owed(2));
  CHECK(ring.pop(item) == Ring<int>::Pop::item);
  CHECK(ring.settle_popped(2));
  CHECK_FALSE(ring.producer_owed(2));  // once
}

TEST_CASE("short ways through a segment are timed now and then, and each stands for those since") {
  detail::Sampling sampling;
  const auto chunk = [&](auto work) {
    sampling.begin();
    const std::uint64_t weight = sampling.weight();
    work();
    sampling.end();
    return weight;
  };
  for (int i = 0; i < 5; ++i) CHECK(chunk([] { std::this_thread::sleep_for(std::chrono::microseconds(50)); }) == 1);
  // One during which the machine took the thread away looks long, and then the next is timed too.
  std::uint64_t timed = 0, stands_for = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t weight = chunk([] {});
    timed += weight != 0 ? 1 : 0;
    stands_for += weight;
  }
  CHECK(timed < 50'000);
  CHECK(stands_for <= 100'000);
  CHECK(stands_for > 98'000);
}

TEST_CASE("where each so many-th way takes long, long and short ones are met equally") {
  for (const std::uint64_t period : {2u, 3u, 4u, 12u}) {
    CAPTURE(period);
    detail::Sampling sampling;
    std::uint64_t long_ones = 0;
    constexpr std::uint64_t kChunks = 400'000;
    for (std::uint64_t i = 0; i < kChunks; ++i) {
      sampling.begin();
      if (i % period == 0) {
        long_ones += sampling.weight();
        for (const std::uint64_t end = detail::now_ns() + 6'000; sampling.weight() != 0 && detail::now_ns() < end;) {
        }
      }
      sampling.end();
    }
    CHECK(long_ones > kChunks / period / 2);
    CHECK(long_ones < kChunks / period * 2);
  }
}

TEST_CASE("a result that was moved from goes on having no value, and one made of nothing is an error") {
  Result<std::unique_ptr<int>> failed(Status(Kind::io, "broken"));
  Result<std::unique_ptr<int>> taken = std::move(failed);
  CHECK(taken.error().cause == "broken");
  CHECK_FALSE(failed.ok());  // NOLINT(bugprone-use-after-move)
  failed = std::make_unique<int>(7);
  taken = std::move(failed);
  CHECK(**taken == 7);
  CHECK(Result<int>(Status()).error().kind == Kind::internal);
}

TEST_CASE("a pool runs what is posted, timers at their time, and blocking tasks beside each other") {
  auto pool = Executor::make_pool(1);
  std::atomic<int> blocked{0}, ran{0};
  for (int i = 0; i < 8; ++i) {
    pool->post_blocking([&] {
      ++blocked;
      while (blocked < 8) std::this_thread::yield();  // ends only if all eight run at once
      ++ran;
    });
  }
  const auto before = std::chrono::steady_clock::now();
  std::atomic<bool> rang{false};
  pool->post_after(std::chrono::milliseconds(20), [&] { rang = true; });
  while (!rang || ran < 8) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(std::chrono::steady_clock::now() - before >= std::chrono::milliseconds(20));
}

TEST_CASE("a pool may lose its last owner on one of its own threads") {
  auto pool = Executor::make_pool(2);
  std::atomic<bool> ran{false};
  Executor* raw = pool.get();
  raw->post([owner = std::move(pool), &ran]() mutable {
    owner.reset();
    ran = true;
  });
  while (!ran) std::this_thread::yield();
}

TEST_CASE("a rate settles within seconds, and remaining time is given only when it can be known") {
  RateMeter meter;
  constexpr std::uint64_t kSecond = 1'000'000'000;
  for (std::uint64_t t = 0; t <= 10; ++t) meter.update(t * 1000, t * kSecond + 1);
  CHECK(meter.bytes_per_second() == Approx(1000).epsilon(0.01));
  REQUIRE(meter.eta_seconds(20'000));
  CHECK(*meter.eta_seconds(20'000) == Approx(10).epsilon(0.05));
  for (std::uint64_t t = 11; t <= 20; ++t) meter.update(10'000, t * kSecond);
  CHECK_FALSE(meter.eta_seconds(20'000));
  CHECK(meter.stalled_seconds() == Approx(10).epsilon(0.01));
}

TEST_CASE(
    "the rate of now follows a change within a second, the smoothed one within a few, and skipped time is no stall") {
  RateMeter meter;
  constexpr std::uint64_t kTenth = 100'000'000;
  std::uint64_t bytes = 0;
  std::uint64_t now = 0;
  const auto run = [&](int tenths, std::uint64_t each) {
    for (int i = 0; i < tenths; ++i) meter.update(bytes += each, now += kTenth);
  };
  run(50, 100);
  CHECK(meter.bytes_per_second_now() == Approx(1000).epsilon(0.05));
  run(12, 400);
  CHECK(meter.bytes_per_second_now() == Approx(4000).epsilon(0.05));
  CHECK(meter.bytes_per_second() < 3000);
  run(100, 400);
  CHECK(meter.bytes_per_second() == Approx(4000).epsilon(0.05));
  for (int i = 0; i < 50; ++i) meter.skip(now += kTenth);
  CHECK(meter.stalled_seconds() == 0);
  run(20, 0);
  CHECK(meter.bytes_per_second_now() == 0);
  CHECK(meter.stalled_seconds() == Approx(2).epsilon(0.05));
}

TEST_CASE("a retry is counted under what it was for") {
  RetryCounts counts;
  counts.count(Status(Kind::unavailable, "slow down").with(Retry::throttled));
  counts.count(Status(Kind::timeout, "silent").with(Retry::transient));
  counts.count(Status(Kind::network, "reset").with(Retry::transient));
  counts.count(Status(Kind::unavailable, "500").with(Retry::transient));
  counts.count(Status(Kind::access_denied, "expired").with(Retry::credentials));
  counts.count(Status(Kind::corrupt, "flipped"));
  CHECK(counts.throttled + counts.timeout * 10 + counts.network * 100 + counts.server * 1000 +
            counts.credentials * 10000 + counts.corrupt * 100000 ==
        111111);
  CHECK(counts.total() == 6);
}
