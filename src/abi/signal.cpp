#include "abi/signal.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace weir::abi {

namespace {

/// One wait at most: longer ones begin again.
constexpr std::int64_t kLongestWaitMs = 3'600'000;

}  // namespace

Signal::~Signal() {
  if (descriptor_ >= 0) (void)::close(descriptor_);
}

void Signal::raise() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ++changes_;
    if (!up_ && descriptor_ >= 0) (void)::eventfd_write(descriptor_, 1);
    up_ = true;
  }
  changed_.notify_all();
}

void Signal::lower() noexcept {
  const std::lock_guard lock(mutex_);
  eventfd_t value = 0;
  if (up_ && descriptor_ >= 0) (void)::eventfd_read(descriptor_, &value);
  up_ = false;
}

std::uint64_t Signal::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

bool Signal::wait_beyond(std::uint64_t seen, std::int64_t timeout_ms) const {
  std::unique_lock lock(mutex_);
  const auto beyond = [&] { return changes_ != seen; };
  if (timeout_ms >= 0)
    return changed_.wait_for(lock, std::chrono::milliseconds(std::min(timeout_ms, kLongestWaitMs)), beyond);
  changed_.wait(lock, beyond);
  return true;
}

Result<int> Signal::descriptor() {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) {
    descriptor_ = ::eventfd(up_ ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor_ < 0) {
      return Status(Kind::limit, std::system_category().message(errno)).during("make a file descriptor");
    }
  }
  return descriptor_;
}

}  // namespace weir::abi
