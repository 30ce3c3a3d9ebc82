// Waits for descriptors (pipes, sockets, terminals) without a thread of their own: one thread waits for all of the
// process, and wakes whoever asked.
#pragma once

#include <functional>
#include <utility>

namespace weir::platform {

/// A wait for one descriptor. Thread-compatible. The descriptor stays open until the wait was cancelled or has ended.
class ReadyWait {
 public:
  ReadyWait() noexcept = default;
  ReadyWait(const ReadyWait&) = delete;
  ReadyWait& operator=(const ReadyWait&) = delete;
  ~ReadyWait() { cancel(); }

  /// Calls `wake` once, on the poller's thread, as soon as `fd` is ready for `events` (POLLIN, POLLOUT) or has failed.
  /// A wait that is under way goes on, with the `wake` it has. 0 or an errno: EPERM for what is always ready (a regular
  /// file, /dev/null), others where the system has no room for another wait.
  int start(int fd, short events, std::function<void()> wake);
  /// A call of `wake` that has begun may end later.
  void cancel() noexcept;

 private:
  int fd_ = -1;
};

}  // namespace weir::platform
