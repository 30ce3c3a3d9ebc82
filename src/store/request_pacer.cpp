#include "store/request_pacer.hpp"

#include <algorithm>
#include <cmath>

#include "platform/platform.hpp"
#include "store/flight.hpp"

namespace weir::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = RequestPacer::Time;

constexpr double kLeastRate = 0.5;
constexpr double kBelowServed = 0.9;
constexpr double kMostAtOnce = 0.5;  // no refusal costs more than half of the rate
constexpr double kRisePerSecond = 0.02;
constexpr double kGuessRisePerSecond = 0.5;
constexpr Time kSteady = seconds(8);    // without a refusal: then the rise doubles,
constexpr double kDoublingSeconds = 4;  // each time so long
constexpr double kFastestPerSecond = 1.0;
constexpr Time kForgotten = seconds(60);  // without a refusal: no limit any more
constexpr Time kLongestHold = seconds(5);
constexpr Time kInARow = seconds(1);
constexpr double kCameUp = 1.1;

double in_seconds(Time time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void RequestPacer::Counts::add(Time now) {
  const auto units = static_cast<std::int64_t>(buckets.size());
  const std::int64_t unit = now / kBucket;
  if (unit - newest >= units) {
    buckets.fill(0);
    newest = unit;
  }
  for (; newest < unit; ++newest) buckets[static_cast<std::size_t>((newest + 1) % units)] = 0;
  ++buckets[static_cast<std::size_t>(unit % units)];
}

double RequestPacer::Counts::rate(Time now) const {
  const auto units = static_cast<std::int64_t>(buckets.size());
  std::uint32_t count = 0;
  for (std::int64_t unit = std::max<std::int64_t>(now / kBucket - units + 1, 0); unit <= newest; ++unit) {
    count += buckets[static_cast<std::size_t>(unit % units)];
  }
  return static_cast<double>(count) / in_seconds(kBucket * units);
}

double RequestPacer::take_place(Time now) {
  if (rate_ > 0 && now - slowed_at_ > kForgotten) {
    rate_ = 0;
    found_ = false;
  }
  pass(now);
  asked_.add(now);
  // Who comes after a quiet time does not get what was not used of it.
  const double place = std::max(issued_, reached_);
  issued_ = place + 1;
  return place;
}

Time RequestPacer::wait(double place, Time now) {
  pass(now);
  if (rate_ <= 0) return Time(0);
  const double turns = std::max(place - reached_, 0.0);
  const Time hold = std::max(held_until_ - now, Time(0));
  return hold + Time(static_cast<std::int64_t>(turns / rate_ * 1e9));
}

void RequestPacer::pass(Time now) {
  rise(now);
  const Time from = std::max(passed_at_, held_until_);
  if (rate_ <= 0) {
    reached_ = issued_;
  } else if (now > from) {
    reached_ += rate_ * in_seconds(now - from);
  }
  passed_at_ = now;
}

void RequestPacer::rise(Time now) {
  if (rate_ <= 0) return;
  const Time since = now - std::max(risen_at_, now - seconds(1));
  risen_at_ = now;
  double speed = kGuessRisePerSecond;
  if (found_) {
    const double calm = in_seconds(now - slowed_at_ - kSteady);
    speed = std::min(kRisePerSecond * std::exp2(std::max(calm, 0.0) / kDoublingSeconds), kFastestPerSecond);
  }
  // What is not used says nothing of what would be served.
  if (served_.rate(now) * 2 >= rate_) rate_ *= 1 + speed * in_seconds(since);
}

void RequestPacer::served(Time now) { served_.add(now); }

void RequestPacer::refused(Time asked, Time now, Time retry_after) {
  const bool limited = rate_ > 0;
  // Slower was not slow enough: the service means the time it says.
  if (limited && asked > slowed_at_ && now - slowed_at_ < kInARow) {
    pass(now);
    held_until_ = std::max(held_until_, now + std::min(retry_after, kLongestHold));
  }
  if (limited && asked <= slowed_at_) return;
  const bool came_up = limited && rate_ > slowed_rate_ * kCameUp;
  pass(now);
  // At first the rate is what was asked for; others may have been served that have not told yet.
  const double before = limited ? rate_ : std::max(asked_.rate(now), 1.0);
  rate_ = std::clamp(served_.rate(now) * (limited ? 1 : kBelowServed), before * kMostAtOnce, before * kBelowServed);
  rate_ = std::max(rate_, kLeastRate);
  found_ = found_ || came_up;
  slowed_rate_ = rate_;
  slowed_at_ = risen_at_ = now;
}

// --- the pacers of a client ---

namespace {

constexpr Time kLookAgain = milliseconds(250);
constexpr Time kNoWait = std::chrono::microseconds(100);

Time monotonic_now() { return Time(platform::platform().monotonic_ns()); }

}  // namespace

Pacing::Turn Pacing::next(std::string origin) {
  const Time now = monotonic_now();
  const std::lock_guard lock(mutex_);
  RequestPacer& pacer = pacers_[origin];
  const double place = pacer.take_place(now);
  const Time wait = pacer.wait(place, now);
  return {std::move(origin), now, place, wait};
}

void Pacing::when_due(const std::shared_ptr<Flight>& flight, const Turn& turn, std::function<void()> go) {
  if (turn.wait < kNoWait) return go();
  // It looks again now and then: the rate may have changed.
  flight->wait(std::min(turn.wait, kLookAgain), [this, flight, turn, go = std::move(go)]() mutable {
    Turn now = turn;
    {
      const std::lock_guard lock(mutex_);
      now.wait = pacers_[turn.origin].wait(turn.place, monotonic_now());
    }
    when_due(flight, now, std::move(go));
  });
}

void Pacing::learn(const Turn& turn, bool answered, const Status& status) {
  const Time now = monotonic_now();
  const std::lock_guard lock(mutex_);
  if (status.retry() == Retry::throttled) {
    const auto asked_ms = std::min<std::uint64_t>(status.error().retry_after_ms, 3'600'000);
    pacers_[turn.origin].refused(turn.asked, now, milliseconds(asked_ms));
  } else if (answered) {
    pacers_[turn.origin].served(now);
  }
}

}  // namespace weir::store
