// The host's side of a table of callbacks: released once, when nothing can call it any more.
#pragma once

#include <memory>

#include "abi/process.hpp"

namespace weir::abi {

class Host {
 public:
  Host(void* host, void (*release)(void*)) noexcept : host_(host), release_(release) {}
  ~Host() {
    if (release_ == nullptr) return;
    const CallbackScope inside;
    release_(host_);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  void* get() const noexcept { return host_; }

 private:
  void* const host_;
  void (*const release_)(void*);
};

/// Of any table that has `host` and `release`.
template <class Table>
std::shared_ptr<Host> take_host(const Table& table) {
  try {
    return std::make_shared<Host>(table.host, table.release);
  } catch (...) {
    const Host taken(table.host, table.release);  // there was no memory to keep it
    throw;
  }
}

}  // namespace weir::abi
