// Stopping what waits: watches are told once, sleeps end, and what was cancelled before it began does not begin.
#include "store/cancellation.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

namespace weir::store {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("A watch is told when the work is cancelled, at once where it was, and not after its end") {
  Cancellation cancellation;
  int told = 0;
  {
    const Cancellation::Watch over(&cancellation, [&] { told += 100; });
  }
  const Cancellation::Watch watch(&cancellation, [&] { ++told; });
  CHECK(cancellation.status().ok());
  cancellation.cancel();
  cancellation.cancel();
  CHECK(told == 1);
  const Cancellation::Watch late(&cancellation, [&] { told += 10; });
  CHECK(told == 11);
  CHECK(cancellation.status().kind() == Kind::cancelled);
  const Cancellation::Watch nobody(nullptr, [&] { told += 100; });
  CHECK(told == 11);
}

TEST_CASE("A sleep ends when the work is cancelled") {
  Cancellation cancellation;
  std::thread other([&] { cancellation.cancel(); });
  cancellation.sleep(1h);
  other.join();
  CHECK(cancellation.cancelled());
}

TEST_CASE("Work in the background gives its result once, or learns that it is cancelled") {
  const auto pool = Executor::make_pool(1);
  for (const bool cancels : {false, true}) {
    std::promise<Result<int>> result;
    std::promise<void> begun;
    const auto cancel = in_background<int>(
        *pool, [&](Result<int> got) { result.set_value(std::move(got)); },
        [&](Cancellation& stop) -> Result<int> {
          begun.set_value();
          if (!cancels) return 7;
          stop.sleep(1h);
          return stop.status();
        });
    begun.get_future().wait();
    if (cancels) cancel();
    const auto got = result.get_future().get();
    CHECK(got.status().kind() == (cancels ? Kind::cancelled : Kind::ok));
    cancel();
  }
}

}  // namespace weir::store
