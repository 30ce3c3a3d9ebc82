// RequestPacer: holds the requests of one client to one origin at the rate that this origin lets through.
//
// Without a refusal there is no limit. A refusal (503 SlowDown, 429) sets the rate a little below what was served
// lately; from there it rises slowly, and faster the longer nothing is refused, until the next one. So a service with a
// fixed rate is used almost whole and refuses about one request every few seconds.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "weir/core/status.hpp"

namespace weir::store {

class Flight;

/// Pure: monotonic times since any beginning are passed in. Thread-compatible.
class RequestPacer {
 public:
  using Time = std::chrono::nanoseconds;

  /// One more request: its place in the order.
  double take_place(Time now);
  /// How long the one in that place has to wait yet. Shorter or longer later, when the rate has changed.
  Time wait(double place, Time now);
  void served(Time now);
  /// `asked`: when the request that was refused had asked for its turn. `retry_after`: as the answer says; 0: nothing.
  void refused(Time asked, Time now, Time retry_after);

  /// Requests a second; 0: no limit.
  double rate() const noexcept { return rate_; }

 private:
  static constexpr Time kBucket = std::chrono::milliseconds(125);
  /// How often something happened in the last second.
  struct Counts {
    std::array<std::uint32_t, 8> buckets{};  ///< by time in units of kBucket
    std::int64_t newest = 0;                 ///< unit of the newest
    void add(Time now);
    double rate(Time now) const;
  };

  void pass(Time now);
  void rise(Time now);

  double rate_ = 0;
  bool found_ = false;  ///< it came up to a refusal by rising: the first guess may be far too low
  double slowed_rate_ = 0;
  double issued_ = 0;   ///< behind the last place that was given
  double reached_ = 0;  ///< places below this may go; rises with the rate
  Time passed_at_{0};   ///< when it had risen so far
  Time held_until_{0};  ///< it stands still until then
  Time slowed_at_{0};
  Time risen_at_{0};
  Counts asked_;
  Counts served_;
};

/// The pacers of one client. Thread-safe.
class Pacing {
 public:
  using Time = RequestPacer::Time;

  /// A request's place in the order.
  struct Turn {
    std::string origin;
    Time asked{0};
    double place = 0;
    Time wait{0};
  };

  /// `origin`: scheme and authority, or what else tells services apart.
  Turn next(std::string origin);
  /// Goes on with `go` when it is the turn's time, on this thread or one that may block; a cancel of the flight ends
  /// it. `go` keeps whoever owns this, and the flight.
  void when_due(const std::shared_ptr<Flight>& flight, const Turn& turn, std::function<void()> go);
  /// What became of it: whether there was an answer at all, and how it was judged.
  void learn(const Turn& turn, bool answered, const Status& status);

 private:
  std::mutex mutex_;
  std::map<std::string, RequestPacer> pacers_;
};

}  // namespace weir::store
