// Waits for what the last task of a thread pool holds a moment longer than whoever asked for it.
#pragma once

#include <memory>
#include <thread>

namespace weir::test {

/// Its files are closed then, and its locks let go.
template <class Held>
void is_gone(const std::weak_ptr<Held>& held) {
  while (!held.expired()) std::this_thread::yield();
}

}  // namespace weir::test
