#include "net/credentials_refresh.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "platform/platform.hpp"

namespace weir::net {
namespace {

std::atomic<std::int64_t> now_ms{1'000'000'000};

/// The clock of platform() is now_ms.
class Clock {
 public:
  Clock() {
    calls_ = platform::real_calls();
    calls_.realtime_ns = [] { return now_ms.load() * 1'000'000; };
    platform::set_platform(&calls_);
  }
  ~Clock() { platform::set_platform(nullptr); }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

 private:
  platform::Calls calls_;
};

/// Gives "1", "2", … for `life_ms` each (0: for ever), or an error; may be held up.
class Numbered : public KeySource {
 public:
  explicit Numbered(std::int64_t life_ms) : life_ms_(life_ms) {}
  std::string identity() const override { return "numbered"; }
  Result<TimedCredentials> fetch() override {
    ++asked;
    std::unique_lock lock(mutex);
    open.wait(lock, [this] { return !held; });
    if (broken) return Status(Kind::unavailable, "no keys today").with(Retry::transient);
    TimedCredentials timed;
    timed.keys.access_key_id = std::to_string(++given);
    timed.expires_ms = life_ms_ == 0 ? 0 : now_ms + life_ms_;
    return timed;
  }
  void let_go() {
    std::lock_guard lock(mutex);
    held = false;
    open.notify_all();
  }

  std::atomic<int> asked{0};
  int given = 0;
  bool broken = false;
  bool held = false;
  std::mutex mutex;
  std::condition_variable open;

 private:
  const std::int64_t life_ms_;
};

constexpr std::int64_t kMinute = 60'000;

}  // namespace

TEST_CASE("Keys of an hour are fetched once, then anew in their last quarter of an hour", "[credentials]") {
  Clock clock;
  const auto source = std::make_shared<Numbered>(60 * kMinute);
  Refreshing keys(source);
  CHECK(keys.get()->access_key_id == "1");
  now_ms += 44 * kMinute;
  CHECK(keys.get()->access_key_id == "1");
  now_ms += 2 * kMinute;
  CHECK(keys.get()->access_key_id == "2");
  CHECK(source->asked == 2);
}

TEST_CASE("While keys may be fetched anew but need not, a failure leaves the old ones in use", "[credentials]") {
  Clock clock;
  const auto source = std::make_shared<Numbered>(60 * kMinute);
  Refreshing keys(source);
  CHECK(keys.get().ok());
  source->broken = true;
  now_ms += 46 * kMinute;
  CHECK(keys.get()->access_key_id == "1");
  CHECK(keys.get()->access_key_id == "1");
  CHECK(source->asked == 2);  // not at every request
  now_ms += kMinute;
  CHECK(keys.get()->access_key_id == "1");
  CHECK(source->asked == 3);
  now_ms += 4 * kMinute;  // nine minutes are left
  CHECK(keys.get().error().cause == "no keys today");
  CHECK(keys.get().error().retry == Retry::transient);
  source->broken = false;
  CHECK(keys.get()->access_key_id == "2");
}

TEST_CASE("Many callers make one fetch, and share its failure", "[credentials]") {
  Clock clock;
  const auto source = std::make_shared<Numbered>(60 * kMinute);
  Refreshing keys(source);
  for (const bool broken : {true, false}) {
    source->broken = broken;
    source->held = true;
    source->asked = 0;
    std::atomic<int> good{0}, bad{0};
    std::vector<std::thread> callers;
    for (int i = 0; i < 8; ++i) callers.emplace_back([&] { keys.get() ? ++good : ++bad; });
    while (source->asked == 0) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    source->let_go();
    for (auto& caller : callers) caller.join();
    CHECK(source->asked == 1);
    CHECK((broken ? bad : good) == 8);
  }
}

TEST_CASE("While one caller fetches early, the others go on with the old keys", "[credentials]") {
  Clock clock;
  const auto source = std::make_shared<Numbered>(60 * kMinute);
  Refreshing keys(source);
  CHECK(keys.get().ok());
  now_ms += 46 * kMinute;
  source->held = true;
  std::thread early([&] { CHECK(keys.get()->access_key_id == "2"); });
  while (source->asked < 2) std::this_thread::yield();
  CHECK(keys.get()->access_key_id == "1");
  source->let_go();
  early.join();
  CHECK(keys.get()->access_key_id == "2");
}

TEST_CASE("Keys that live two seconds are used for most of them", "[credentials]") {
  Clock clock;
  const auto source = std::make_shared<Numbered>(2000);
  Refreshing keys(source);
  for (int i = 0; i < 5; ++i) CHECK(keys.get()->access_key_id == "1");
  now_ms += 900;
  CHECK(keys.get()->access_key_id == "1");
  now_ms += 200;
  CHECK(keys.get()->access_key_id == "2");
}

TEST_CASE("Keys that the store refuses are not given again, whatever the clock says", "[credentials]") {
  Clock clock;
  const auto source = std::make_shared<Numbered>(60 * kMinute);
  Refreshing keys(source);
  const Credentials first = *keys.get();
  keys.refused(first);
  CHECK(keys.get()->access_key_id == "2");
  keys.refused(first);  // said again by a request that was under way
  CHECK(keys.get()->access_key_id == "2");
}

TEST_CASE("Keys that never expire are fetched once; keys that come expired are an error", "[credentials]") {
  Clock clock;
  Refreshing for_ever(std::make_shared<Numbered>(0));
  now_ms += 24 * 60 * kMinute;
  CHECK(for_ever.get()->access_key_id == "1");
  CHECK(for_ever.get()->access_key_id == "1");
  Refreshing expired(std::make_shared<Numbered>(-1000));
  CHECK(expired.get().error().cause.find("expired at 19") != std::string::npos);
}

}  // namespace weir::net
