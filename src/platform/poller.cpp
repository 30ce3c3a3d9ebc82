#include "platform/poller.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "weir/core/thread_pool.hpp"

namespace weir::platform {
namespace {

static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT);
constexpr int kEventsPerCall = 64;

/// Thread-safe. One for the process, started with the first wait, never destroyed: what a host leaves running when it
/// exits still finds it.
class Poller {
 public:
  static Poller& shared() {
    static auto* const kPoller = new Poller;
    return *kPoller;
  }

  int add(const ReadyWait* owner, int fd, short events, std::function<void()> wake) {
    std::lock_guard lock(mutex_);
    if (const int failed = start_thread(); failed != 0) return failed;
    auto& waits = waits_[fd];
    if (std::any_of(waits.begin(), waits.end(), [&](const Wait& wait) { return wait.owner == owner; })) return 0;
    waits.push_back({owner, static_cast<std::uint32_t>(events), std::move(wake)});
    const int failed = arm(fd, waits);
    if (failed != 0) waits.pop_back();
    if (waits.empty()) waits_.erase(fd);
    return failed;
  }

  void remove(const ReadyWait* owner, int fd) {
    std::function<void()> dropped;  // goes last and unlocked: it may hold what cancels in turn
    std::lock_guard lock(mutex_);
    const auto found = waits_.find(fd);
    if (found == waits_.end()) return;
    const auto wait =
        std::find_if(found->second.begin(), found->second.end(), [&](const Wait& each) { return each.owner == owner; });
    if (wait == found->second.end()) return;
    dropped = std::move(wait->wake);
    found->second.erase(wait);
    rearm(found);
  }

 private:
  struct Wait {
    const ReadyWait* owner;
    std::uint32_t events;
    std::function<void()> wake;
  };
  using Waits = std::unordered_map<int, std::vector<Wait>>;

  int start_thread() {
    if (epoll_ < 0) epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) return errno;
    if (running_) return 0;
    try {
      detail::quiet_thread([this] { run(); }).detach();
    } catch (const std::system_error&) {
      return EAGAIN;
    }
    running_ = true;
    return 0;
  }

  /// Tells the system what `fd` is waited for: the sum, since it knows each descriptor once.
  int arm(int fd, const std::vector<Wait>& waits) const {
    epoll_event event{};
    event.events = EPOLLONESHOT;
    for (const Wait& wait : waits) event.events |= wait.events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
    if (errno == EEXIST && ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
    return errno;
  }

  /// After waits have gone.
  void rearm(Waits::iterator found) {
    if (found->second.empty()) {
      epoll_event unused{};
      ::epoll_ctl(epoll_, EPOLL_CTL_DEL, found->first, &unused);
      waits_.erase(found);
    } else {
      arm(found->first, found->second);
    }
  }

  void run() {
    detail::on_pool_thread() = true;  // a wake-up may let go of a whole pool, which is then not waited for here
    std::array<epoll_event, kEventsPerCall> events{};
    std::vector<std::function<void()>> due;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), kEventsPerCall, -1);
      {
        std::lock_guard lock(mutex_);
        for (int i = 0; i < count; ++i) take_due(events[static_cast<std::size_t>(i)], due);
      }
      for (auto& wake : due) wake();
      due.clear();
    }
  }

  void take_due(const epoll_event& event, std::vector<std::function<void()>>& due) {
    const auto found = waits_.find(event.data.fd);
    if (found == waits_.end()) return;  // cancelled meanwhile
    auto& waits = found->second;
    const bool failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    const auto kept = std::stable_partition(
        waits.begin(), waits.end(), [&](const Wait& wait) { return !failed && (wait.events & event.events) == 0; });
    for (auto wait = kept; wait != waits.end(); ++wait) due.push_back(std::move(wait->wake));
    waits.erase(kept, waits.end());
    rearm(found);
  }

  std::mutex mutex_;
  int epoll_ = -1;  // as the poller, for ever; written before the thread starts
  bool running_ = false;
  Waits waits_;
};

}  // namespace

int ReadyWait::start(int fd, short events, std::function<void()> wake) {
  if (fd_ >= 0 && fd_ != fd) cancel();
  const int failed = Poller::shared().add(this, fd, events, std::move(wake));
  fd_ = failed == 0 ? fd : -1;
  return failed;
}

void ReadyWait::cancel() noexcept {
  if (fd_ >= 0) Poller::shared().remove(this, std::exchange(fd_, -1));
}

}  // namespace weir::platform
