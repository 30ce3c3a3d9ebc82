#include "signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace weir::cli {

namespace {

/// Never destroyed: the signal thread uses it until the process is gone.
struct State {
  std::mutex mutex;
  std::condition_variable changed;
  bool in_scope = false;
  std::function<void()> cancel;
  std::atomic<int> received{0};
  std::chrono::steady_clock::time_point received_at;
  std::atomic<bool> status_wanted{false};
};

State& state() {
  static State* const kState = new State;
  return *kState;
}

/// But for those that whoever started us wants ignored (nohup): a blocked signal would reach us all the same.
sigset_t handled_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) ::sigaddset(&set, signal);
  }
  return set;
}

void on_stop_signal(int signal) {
  State& s = state();
  std::unique_lock lock(s.mutex);
  // timeout(1) signals us and then our group: that is one request to stop, not two.
  const auto now = std::chrono::steady_clock::now();
  if (signal == SIGTERM && s.received.load() == SIGTERM && now - s.received_at < std::chrono::seconds(1)) return;
  if (!s.in_scope || s.received.load() != 0) ::_exit(128 + signal);
  s.received = signal;
  s.received_at = now;
  const auto settled = [&] { return s.cancel || !s.in_scope; };
  if (!s.changed.wait_for(lock, std::chrono::seconds(1), settled)) ::_exit(128 + signal);
  if (s.cancel) s.cancel();
}

void run() {
  const sigset_t set = handled_signals();
  for (;;) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0) continue;
    if (signal == SIGUSR1) {
      state().status_wanted = true;
    } else {
      on_stop_signal(signal);
    }
  }
}

}  // namespace

void block_signals() noexcept {
  const sigset_t set = handled_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

void start_signal_thread() { std::thread(run).detach(); }

SignalScope::SignalScope() {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.in_scope = true;
}

SignalScope::~SignalScope() {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.in_scope = false;
  s.cancel = nullptr;
  s.changed.notify_all();
}

void SignalScope::attach(Job& job) {
  attach([&job] { job.cancel(); });
}

void SignalScope::attach(std::function<void()> cancel) {
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.cancel = std::move(cancel);
  s.changed.notify_all();
}

int SignalScope::received() const { return state().received; }

bool SignalScope::take_status_request() { return state().status_wanted.exchange(false); }

}  // namespace weir::cli
