#include "transfer/concurrency.hpp"

#include <algorithm>

namespace weir::transfer {
namespace {

using std::chrono::milliseconds;

constexpr Time kSettling = milliseconds(100);
constexpr Time kShortest = milliseconds(200);  // of a measurement
constexpr Time kLongest = milliseconds(2000);  // after that it counts however few requests have ended
/// What half as many again must bring, and one eighth: a fraction of what they could, above what is noise.
constexpr double kRiseGain = 1.06;
constexpr double kProbeGain = 1.03;
constexpr double kWeightOfNew = 0.3;

std::uint32_t scaled(std::uint32_t limit, Trouble what) {
  const std::uint32_t kept = what == Trouble::timeout ? limit / 2 : limit * 7 / 10;
  return std::max<std::uint32_t>(kept, 1);
}

}  // namespace

void ConcurrencyController::observe(Time now, std::uint64_t good_bytes, std::uint32_t under_way) {
  if (!options_.adapts) return;
  if (now < settled_at_ || under_way > limit_) {  // after a shrinking the surplus ends first
    measuring_ = false;
    return;
  }
  if (!measuring_ || good_bytes < bytes_since_) begin_measuring(now, good_bytes);
  if (was_full_) full_for_ += now - seen_at_;
  seen_at_ = now;
  was_full_ = under_way == limit_;
  const Time length = now - since_;
  if (length < kShortest || (completed_ < limit_ && length < kLongest)) return;
  const bool in_use = full_for_ * 2 >= length;
  const double rate = static_cast<double>(good_bytes - bytes_since_) / std::chrono::duration<double>(length).count();
  if (in_use) judge(rate, now);
  begin_measuring(now, good_bytes);
  was_full_ = under_way == limit_;
}

void ConcurrencyController::begin_measuring(Time now, std::uint64_t good_bytes) {
  measuring_ = true;
  since_ = seen_at_ = now;
  bytes_since_ = good_bytes;
  completed_ = 0;
  was_full_ = false;
  full_for_ = Time(0);
}

void ConcurrencyController::judge(double rate, Time now) {
  const auto prove = [&] {
    proven_rate_ = rate;
    proven_limit_ = limit_;
  };
  switch (mode_) {
    case Mode::rising:
      if (proven_limit_ != 0 && rate < proven_rate_ * kRiseGain) return step_back(now);
      prove();
      if (limit_ == options_.most) return step_back(now);
      return set_limit(limit_ + std::max<std::uint32_t>(limit_ / 2, 1), now);
    case Mode::holding:
      if (proven_limit_ == limit_) {
        proven_rate_ += (rate - proven_rate_) * kWeightOfNew;
      } else {
        prove();
      }
      if (now >= next_probe_ && limit_ < options_.most) probe(now);
      return;
    case Mode::probing:
      if (rate < proven_rate_ * kProbeGain) {
        probe_gap_ = std::min(probe_gap_ * 2, kLongestGap);
        return step_back(now);
      }
      prove();
      probe_gap_ = kFirstGap;
      if (limit_ == options_.most) return step_back(now);
      return probe(now);
  }
}

void ConcurrencyController::set_limit(std::uint32_t limit, Time now) {
  limit_ = std::clamp<std::uint32_t>(limit, 1, options_.most);
  settled_at_ = now + kSettling;
  measuring_ = false;
}

/// To what is known to be worth it, for a while.
void ConcurrencyController::step_back(Time now) {
  mode_ = Mode::holding;
  next_probe_ = now + probe_gap_;
  if (limit_ != proven_limit_) set_limit(proven_limit_, now);
}

void ConcurrencyController::probe(Time now) {
  mode_ = Mode::probing;
  set_limit(limit_ + std::max<std::uint32_t>(limit_ / 8, 1), now);
}

void ConcurrencyController::trouble(Trouble what, Time begun, Time now) {
  if (!options_.adapts || (shrunk_ && begun <= shrunk_at_)) return;
  shrunk_ = true;
  shrunk_at_ = now;
  mode_ = Mode::holding;
  proven_limit_ = 0;
  probe_gap_ = kFirstGap;
  next_probe_ = now + probe_gap_;
  set_limit(scaled(limit_, what), now);
}

void ConcurrencyController::failed(const Status& status, Time begun, Time now) {
  if (status.retry() == Retry::throttled) return trouble(Trouble::throttled, begun, now);
  if (status.kind() == Kind::timeout) trouble(Trouble::timeout, begun, now);
}

}  // namespace weir::transfer
