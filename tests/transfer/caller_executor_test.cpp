#include "transfer/caller_executor.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

namespace weir::transfer {
namespace {

using namespace std::chrono_literals;

TEST_CASE("whoever waits runs what is posted, from whichever thread, in order") {
  const auto executor = std::make_shared<CallerExecutor>();
  std::vector<int> ran;
  std::vector<std::thread::id> threads;
  const auto task = [&](int number) {
    return [&, number] {
      ran.push_back(number);
      threads.push_back(std::this_thread::get_id());
    };
  };
  executor->post(task(1));
  std::thread other([&] {
    std::this_thread::sleep_for(5ms);
    executor->post_blocking(task(2));
    executor->post_after(5ms, task(3));
  });
  executor->run_until([&] { return ran.size() == 3; });
  other.join();
  CHECK(ran == std::vector{1, 2, 3});
  for (const auto& thread : threads) CHECK(thread == std::this_thread::get_id());
}

TEST_CASE("what a task goes on with stays on its thread, and only there") {
  const auto executor = std::make_shared<CallerExecutor>();
  CHECK(detail::nearby_executor() == Executor::default_pool());
  std::shared_ptr<Executor> nearby;
  executor->post([&] { nearby = detail::nearby_executor(); });
  executor->run_until([&] { return nearby != nullptr; });
  CHECK(nearby == executor);
  CHECK(detail::nearby_executor() == Executor::default_pool());
}

TEST_CASE("what is left when the caller goes is done by others") {
  const auto executor = std::make_shared<CallerExecutor>();
  std::atomic<int> ran{0};
  executor->post([&] { ++ran; });
  executor->post_after(1ms, [&] { ++ran; });
  executor->retire();
  executor->post([&] { ++ran; });
  for (int i = 0; i < 1000 && ran < 3; ++i) std::this_thread::sleep_for(1ms);
  CHECK(ran == 3);
}

}  // namespace
}  // namespace weir::transfer
