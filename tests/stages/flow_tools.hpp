// Sources and sinks for tests of stages that wait.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "weir/core/job.hpp"
#include "weir/stages/callback.hpp"

namespace weir::test {

/// What a sink was given, chunk by chunk; from any thread.
class Taken {
 public:
  std::unique_ptr<Sink> sink() {
    return to_callback(
        [this](const Chunk& chunk) {
          const std::lock_guard lock(mutex_);
          chunks_.emplace_back(chunk.text());
          return Status();
        },
        {}, {.blocking = false});
  }
  std::vector<std::string> chunks() const {
    const std::lock_guard lock(mutex_);
    return chunks_;
  }
  std::string all() const {
    std::string text;
    for (const std::string& chunk : chunks()) text += chunk;
    return text;
  }
  std::size_t bytes() const { return all().size(); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> chunks_;
};

/// Waits, for a time that only a broken stage needs.
template <class Ready>
bool soon(Ready ready) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!ready()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Whether `count` comes to stay what it is for `time`, on however busy a machine.
template <class Count>
bool stands_still(Count count, std::chrono::milliseconds time) {
  return soon([&] {
    const auto before = count();
    std::this_thread::sleep_for(time);
    return count() == before;
  });
}

}  // namespace weir::test
