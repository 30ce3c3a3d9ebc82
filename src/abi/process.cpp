#include "abi/process.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <new>

namespace weir::abi {

namespace {

/// Not 0 in the process that made it. The kernel empties such a page in the child of any fork, so no call has to ask it
/// who we are. NULL: it cannot.
std::atomic<int>* make_page() noexcept {
  constexpr std::size_t kBytes = 4096;
  void* const memory = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  if (::madvise(memory, kBytes, MADV_WIPEONFORK) != 0) {
    ::munmap(memory, kBytes);
    return nullptr;
  }
  return new (memory) std::atomic<int>(1);
}

}  // namespace

bool forked() noexcept {
  static const std::atomic<int>* const kPage = make_page();
  static const pid_t kFirst = ::getpid();
  return kPage != nullptr ? kPage->load(std::memory_order_relaxed) == 0 : ::getpid() != kFirst;
}

}  // namespace weir::abi
