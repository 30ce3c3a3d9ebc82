#include "net/credentials_refresh.hpp"

#include <algorithm>

#include "net/time_text.hpp"
#include "platform/platform.hpp"

namespace weir::net {
namespace {

constexpr std::int64_t kSoonMs = 15 * 60 * 1000;
constexpr std::int64_t kNowMs = 10 * 60 * 1000;
constexpr std::int64_t kPauseMs = 30 * 1000;  ///< between tries that may fail

std::int64_t clock_ms() { return platform::platform().realtime_ns() / 1000000; }

}  // namespace

Refreshing::Need Refreshing::need() const {
  if (!have_) return Need::now;
  if (keys_.expires_ms == 0) return Need::none;
  const std::int64_t now = clock_ms();
  return now >= now_ms_ ? Need::now : now >= soon_ms_ ? Need::soon : Need::none;
}

void Refreshing::keep(TimedCredentials keys) {
  const std::int64_t life = keys.expires_ms - clock_ms();
  soon_ms_ = keys.expires_ms - std::min(kSoonMs, life / 2);
  now_ms_ = keys.expires_ms - std::min(kNowMs, life / 3);
  keys_ = std::move(keys);
  have_ = true;
}

Result<Credentials> Refreshing::get() {
  std::unique_lock lock(mutex_);
  const Need needed = need();
  if (needed == Need::none || (needed == Need::soon && fetching_)) return keys_.keys;
  if (fetching_) {
    over_.wait(lock, [this, seen = rounds_] { return rounds_ != seen; });
    if (!last_.ok()) return last_;
    return keys_.keys;
  }
  fetching_ = true;
  lock.unlock();
  auto fetched = source_->fetch();
  lock.lock();
  if (fetched && fetched->expires_ms != 0 && fetched->expires_ms <= clock_ms()) {
    fetched = Status(Kind::access_denied,
                     fmt::format("the credentials that were given expired at {}", iso_time(fetched->expires_ms / 1000)))
                  .advise("Check this machine's clock, and where the credentials come from.");
  }
  last_ = fetched.status();
  if (fetched) {
    keep(*std::move(fetched));
  } else if (needed == Need::soon) {
    soon_ms_ = clock_ms() + kPauseMs;
  }
  fetching_ = false;
  ++rounds_;
  over_.notify_all();
  if (!last_.ok() && needed == Need::now) return last_;
  return keys_.keys;
}

void Refreshing::refused(const Credentials& keys) {
  std::lock_guard lock(mutex_);
  if (keys.access_key_id == keys_.keys.access_key_id && keys.session_token == keys_.keys.session_token) have_ = false;
}

}  // namespace weir::net
