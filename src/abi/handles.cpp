#include "abi/handles.hpp"

#include <cstring>

namespace weir::abi {

namespace {

/// Steps between handles: they look like addresses to those who check alignment.
constexpr std::uintptr_t kStep = 16;

std::uintptr_t number_of(const void* handle) noexcept { return reinterpret_cast<std::uintptr_t>(handle); }

}  // namespace

HandleTable& HandleTable::of_process() {
  // Never destroyed: what a host frees while it exits still finds it.
  static auto* const kTable = new HandleTable;
  return *kTable;
}

void* HandleTable::add(std::shared_ptr<Object> object) {
  const std::lock_guard lock(mutex_);
  const std::uintptr_t number = next_ * kStep;
  objects_.emplace(number, std::move(object));
  ++next_;
  return reinterpret_cast<void*>(number);  // NOLINT(performance-no-int-to-ptr): never dereferenced
}

std::shared_ptr<Object> HandleTable::find(const void* handle) const {
  if (handle == nullptr) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(number_of(handle));
  return found == objects_.end() ? nullptr : found->second;
}

bool HandleTable::erase(const void* handle) {
  std::shared_ptr<Object> last;  // goes unlocked: what it was may call back
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(number_of(handle));
  if (found == objects_.end()) return false;
  last = std::move(found->second);
  objects_.erase(found);
  return true;
}

Answer no_such_handle(const void* handle, const char* wanted) {
  if (handle == nullptr) return Answer(WEIR_E_HANDLE, fmt::format("the handle of the {} is NULL", wanted));
  const std::shared_ptr<Object> other = HandleTable::of_process().find(handle);
  if (other) return Answer(WEIR_E_HANDLE, fmt::format("the handle is of a {}, not of a {}", other->type(), wanted));
  return Answer(WEIR_E_HANDLE, fmt::format("there is no {} with this handle: it was freed, or never was", wanted));
}

}  // namespace weir::abi
