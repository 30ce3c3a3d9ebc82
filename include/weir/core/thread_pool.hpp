// The executor that weir brings itself: fixed pools for short and for heavy computing, a growing
// one for blocking, one timer thread.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "weir/core/executor.hpp"

namespace weir {

namespace detail {

/// Starts a thread that takes none of the host's signals (those of a crash stay). May throw std::system_error.
template <class Run>
std::thread quiet_thread(Run run) {
  struct Masked {
    Masked() noexcept {
      sigset_t blocked;
      ::sigfillset(&blocked);
      for (const int crash : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGPROF})
        ::sigdelset(&blocked, crash);
      ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    }
    ~Masked() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }
    sigset_t before;
  } const masked;
  return std::thread(std::move(run));
}

/// True on threads of any ThreadPool.
inline bool& on_pool_thread() noexcept {
  thread_local bool on = false;
  return on;
}

/// Threads over one queue, started as they are needed up to a limit; above `keep` they end when idle.
class Threads {
 public:
  Threads(std::size_t keep, std::size_t most, std::chrono::seconds idle)
      : keep_(keep), most_(most), idle_limit_(idle) {}
  ~Threads() {
    std::deque<Executor::Task> dropped;  // goes last and unlocked: what a task held may post to this very queue
    std::vector<std::thread> ending;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      dropped.swap(queue_);
      ending.swap(threads_);
      ready_.notify_all();
    }
    for (std::thread& thread : ending) thread.join();
  }

  /// std::bad_alloc: it was not taken.
  void post(Executor::Task task) {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back(std::move(task));
    if (waiting_ < queue_.size() && threads_.size() < most_) {
      try {
        if (threads_.size() == threads_.capacity()) threads_.reserve(2 * threads_.size() + 1);
        threads_.push_back(quiet_thread([this] { run(); }));
      } catch (const std::exception&) {
        ready_.notify_one();  // the system gives no more threads, or memory: the task waits for one that is there, or
                              // for the next post
      }
    } else {
      ready_.notify_one();
    }
  }

 private:
  void run() {
    on_pool_thread() = true;
    std::unique_lock lock(mutex_);
    for (;;) {
      if (queue_.empty()) {
        ++waiting_;
        const bool woken = ready_.wait_for(lock, idle_limit_, [&] { return stopping_ || !queue_.empty(); });
        --waiting_;
        if (!stopping_ && !woken && threads_.size() > keep_) return let_go();
        if (!stopping_ && !woken) continue;
      }
      if (stopping_) return;
      Executor::Task task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      task();
      task = nullptr;  // what it held goes before the lock is taken again
      lock.lock();
    }
  }
  /// Nobody joins the calling thread any more; it touches nothing of the pool once the lock is gone.
  void let_go() {
    const auto self = std::find_if(threads_.begin(), threads_.end(),
                                   [](const std::thread& t) { return t.get_id() == std::this_thread::get_id(); });
    self->detach();
    threads_.erase(self);
  }

  const std::size_t keep_;
  const std::size_t most_;
  const std::chrono::seconds idle_limit_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Executor::Task> queue_;
  std::vector<std::thread> threads_;
  std::size_t waiting_ = 0;
  bool stopping_ = false;
};

/// One thread that runs each task at its time; started with the first.
class Timer {
 public:
  ~Timer() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }
  void post(std::chrono::nanoseconds delay, Executor::Task task) {
    std::lock_guard lock(mutex_);
    tasks_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
    try {
      if (!thread_.joinable()) thread_ = quiet_thread([this] { run(); });
    } catch (const std::exception&) {
      // The system gives no more threads, or memory: the task waits for the next post.
    }
    changed_.notify_all();
  }

 private:
  void run() {
    on_pool_thread() = true;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (tasks_.empty()) {
        changed_.wait(lock);
      } else if (const auto first = tasks_.begin(); first->first <= std::chrono::steady_clock::now()) {
        Executor::Task task = std::move(first->second);
        tasks_.erase(first);
        lock.unlock();
        task();
        task = nullptr;
        lock.lock();
      } else {
        const auto when = first->first;
        changed_.wait_until(lock, when);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, Executor::Task> tasks_;
  std::thread thread_;
  bool stopping_ = false;
};

class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(std::size_t threads)
      : concurrency_(std::max<std::size_t>(threads, 1)),
        compute_(concurrency_, concurrency_, std::chrono::seconds(60)),
        heavy_(concurrency_, concurrency_, std::chrono::seconds(60)),
        blocking_(0, 512, std::chrono::seconds(5)) {}
  void post(Task task) override { compute_.post(std::move(task)); }
  void post_heavy(Task task) override { heavy_.post(std::move(task)); }
  void post_blocking(Task task) override { blocking_.post(std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override {
    timer_.post(delay, [this, task = std::move(task)] {
      for (;;) {
        try {
          return compute_.post(task);
        } catch (const std::bad_alloc&) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));  // what is timed is not lost
        }
      }
    });
  }
  std::size_t concurrency() const noexcept override { return concurrency_; }

 private:
  const std::size_t concurrency_;
  Threads compute_;
  Threads heavy_;  // of its own: segments that wait behind whole frames in one queue starve the very threads they feed
  Threads blocking_;
  Timer timer_;  // last: ends first, since it posts to the pools
};

inline std::size_t usable_cpus() noexcept {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
    return static_cast<std::size_t>(CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace detail

inline std::shared_ptr<Executor> Executor::make_pool(std::size_t threads) {
  // The last reference may go on one of the pool's own threads, which cannot wait for itself.
  return {new detail::ThreadPool(threads), [](detail::ThreadPool* pool) {
            if (!detail::on_pool_thread()) {
              delete pool;
            } else {
              std::thread([pool] { delete pool; }).detach();
            }
          }};
}

inline std::shared_ptr<Executor> Executor::default_pool() {
  // Never destroyed: what a host leaves running when it exits still finds it.
  static const auto* const kPool = new std::shared_ptr<Executor>(make_pool(detail::usable_cpus()));
  return *kPool;
}

}  // namespace weir
