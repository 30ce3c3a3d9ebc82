// What a Target answers, waited for.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "platform/platform.hpp"
#include "weir/core/retry.hpp"
#include "weir/store/target.hpp"

namespace weir::ledger {

/// Makes the call again while that may help, `attempts` times at most. Sleeps between them: for threads that may wait.
template <class T>
Result<T> wait_for(std::uint32_t attempts, const std::function<void(Target::Done<T>)>& call) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable came;
    std::optional<Result<T>> result;
  };
  const RetryPolicy retry;
  for (std::uint32_t attempt = 1;; ++attempt) {
    const auto answer = std::make_shared<Answer>();
    call([answer](Result<T> result) {
      const std::lock_guard lock(answer->mutex);
      answer->result = std::move(result);
      answer->came.notify_all();
    });
    std::unique_lock lock(answer->mutex);
    answer->came.wait(lock, [&] { return answer->result.has_value(); });
    const Status status = answer->result->status();
    if (status.ok() || !status.retryable() || attempt == attempts) return std::move(*answer->result);
    lock.unlock();
    std::this_thread::sleep_for(retry.delay(status.error(), attempt, platform::random_below));
  }
}

}  // namespace weir::ledger
