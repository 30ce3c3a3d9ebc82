#include "weir/core/parallel.hpp"

#include <thread>

#include "codec/drive.hpp"

using namespace weir;

namespace {
struct Square {
  int input = 0;
  int output = 0;
};
}  // namespace

TEST_CASE("an ordered map hands results out in the order of the input however long each takes") {
  auto waker = std::make_shared<test::Waker>();
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  OrderedMap<Square> map(
      Executor::make_pool(4), [waker] { waker->wake(); },
      [&](Square& lane) {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
        std::this_thread::sleep_for(std::chrono::microseconds((lane.input * 7919) % 300));
        lane.output = lane.input * lane.input;
        --running;
      });
  int given = 0;
  int taken = 0;
  while (taken < 500) {
    if (map.idle() == nullptr && map.lanes() < 5) map.add(std::make_unique<Square>());
    while (map.idle() != nullptr && given < 500) {
      map.idle()->input = given++;
      map.start();
    }
    REQUIRE(map.under_way() <= map.lanes());
    bool any = false;
    while (Square* lane = map.done()) {
      REQUIRE(lane->output == taken * taken);
      ++taken;
      any = true;
      map.recycle();
      if (taken % 3 == 0) break;  // so that new lanes also come in mid-round
    }
    if (!any) REQUIRE(waker->wait());
  }
  CHECK(most > 1);
  CHECK(map.done() == nullptr);
}

TEST_CASE("an ordered map can be destroyed while work is under way and queued") {
  auto pool = Executor::make_pool(2);
  auto alive = std::make_shared<int>(0);
  struct Lane {
    std::shared_ptr<int> alive;
  };
  std::atomic<int> worked{0};
  {
    OrderedMap<Lane> map(
        pool, [] {},
        [&worked](Lane&) {
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          ++worked;
        });
    for (int i = 0; i < 8; ++i) {
      map.add(std::make_unique<Lane>(Lane{alive}));
      map.start();
    }
  }
  for (int i = 0; i < 1000 && alive.use_count() > 1; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(alive.use_count() == 1);
  CHECK(worked < 8);  // what had not begun was dropped
}
