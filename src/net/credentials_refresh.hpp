// Keeps the keys of one source, and fetches new ones before they expire.
#pragma once

#include <condition_variable>
#include <mutex>

#include "net/credentials_source.hpp"

namespace weir::net {

/// Thread-safe. Keys are fetched by one caller at a time. From 15 minutes before they expire (half their life, where
/// that is less) one caller tries, the others go on with the old ones, and a failure is no error; from 10 minutes
/// before (a third of their life) everyone waits for new ones, and a failure is everyone's who waited.
class Refreshing {
 public:
  explicit Refreshing(std::shared_ptr<KeySource> source) : source_(std::move(source)) {}
  Result<Credentials> get();
  /// As CredentialsProvider::refused.
  void refused(const Credentials& keys);

 private:
  enum class Need { none, soon, now };
  Need need() const;
  void keep(TimedCredentials keys);

  const std::shared_ptr<KeySource> source_;
  std::mutex mutex_;
  std::condition_variable over_;
  TimedCredentials keys_;
  bool have_ = false;
  std::int64_t soon_ms_ = 0, now_ms_ = 0;  ///< when new keys may and when they must be fetched
  bool fetching_ = false;
  std::uint64_t rounds_ = 0;  ///< fetches that ended
  Status last_;               ///< of the last round
};

}  // namespace weir::net
