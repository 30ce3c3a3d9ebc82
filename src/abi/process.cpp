#include "abi/process.hpp"

#include <unistd.h>

#include <atomic>

namespace weir::abi {

bool forked() noexcept {
  static std::atomic<pid_t> first{0};
  const pid_t now = ::getpid();
  pid_t known = first.load(std::memory_order_relaxed);
  if (known == 0 && first.compare_exchange_strong(known, now)) return false;
  return known != now;
}

}  // namespace weir::abi
