// Signals, handled on one thread of the command's own: the library installs no handlers.
//
// SIGINT, SIGTERM, SIGHUP: the first cancels the transfer under way, the second ends the process at once. Without a
// transfer the first ends the process. SIGUSR1 asks for a line of status. SIGPIPE is ignored: writes report it.
#pragma once

#include <chrono>
#include <functional>

#include "weir/core/job.hpp"

namespace weir::cli {

/// How often who waits for a transfer looks whether a signal has come.
inline constexpr std::chrono::milliseconds kTick{100};
/// How long a transfer that was cancelled may take to clean up.
inline constexpr std::chrono::seconds kPatience{5};

/// Blocks the signals. Before any thread is started, so that all of them inherit it.
void block_signals() noexcept;
/// Starts the thread. Once, after block_signals().
void start_signal_thread();

/// While it lives, signals are about this transfer. One at a time; the job outlives it.
class SignalScope {
 public:
  /// From now on a transfer is being started; a signal is kept for it, but no longer than a second.
  SignalScope();
  ~SignalScope();
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;
  /// Cancels `job` at the first signal, also one that has already come.
  void attach(Job& job);
  /// As above for what `cancel` stops; called once at most, until the scope ends.
  void attach(std::function<void()> cancel);
  /// The signal that cancelled the transfer; 0 if none did.
  int received() const;
  /// True once for each SIGUSR1.
  bool take_status_request();
};

}  // namespace weir::cli
