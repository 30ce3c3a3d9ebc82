// What the library knows of the process and thread that call it.
#pragma once

namespace weir::abi {

/// Whether this process is the child of one that had called the library: its threads are not here.
bool forked() noexcept;

/// How deep this thread is inside callbacks of the host's.
inline int& callback_depth() noexcept {
  thread_local int depth = 0;
  return depth;
}

/// Around every call of a host's function: what waits is refused inside.
class CallbackScope {
 public:
  CallbackScope() noexcept { ++callback_depth(); }
  ~CallbackScope() { --callback_depth(); }
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;
};

}  // namespace weir::abi
