// Handles: what a host holds of the library's objects. They are numbers that stand in a table, not addresses, so one
// that was freed, or is another's, is found out and never dereferenced.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "abi/answer.hpp"

namespace weir::abi {

/// What stands behind a handle. A call keeps it alive until it returns, also where another thread frees it.
class Object {
 public:
  virtual ~Object() = default;
  /// The word for it, also what tells types apart: "job".
  virtual const char* type() const noexcept = 0;
};

/// Thread-safe. Lives as long as the process.
class HandleTable {
 public:
  static HandleTable& of_process();

  /// A number that no other object has, or ever had.
  void* add(std::shared_ptr<Object> object);
  std::shared_ptr<Object> find(const void* handle) const;
  /// No longer to be found. Null where it was not.
  template <class T>
  std::shared_ptr<T> remove(const void* handle) {
    std::shared_ptr<T> object = std::dynamic_pointer_cast<T>(find(handle));
    return object && erase(handle) ? object : nullptr;
  }

 private:
  bool erase(const void* handle);

  mutable std::mutex mutex_;
  std::uintptr_t next_ = 1;
  std::unordered_map<std::uintptr_t, std::shared_ptr<Object>> objects_;
};

/// WEIR_E_HANDLE, with what is wrong with it.
Answer no_such_handle(const void* handle, const char* wanted);

/// The object of a handle, which the host says is a T.
template <class T>
Answer find_handle(const void* handle, std::shared_ptr<T>& into) {
  into = std::dynamic_pointer_cast<T>(HandleTable::of_process().find(handle));
  if (!into) return no_such_handle(handle, T::kType);
  return {};
}

}  // namespace weir::abi
