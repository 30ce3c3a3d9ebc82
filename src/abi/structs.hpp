// Structs of the host's, which begin with their size: options that are read, results that are written.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "abi/answer.hpp"
#include "abi/struct_sizes.hpp"

namespace weir::abi {

/// The longest text that is taken.
inline constexpr std::size_t kMostTextBytes = std::size_t{1} << 20;

/// Whether [from, size) of a struct is all zero.
bool zero_tail(const void* given, std::size_t from, std::size_t size) noexcept;
Answer wrong_size(const char* type, std::uint32_t size);
Answer unknown_fields(const char* type, std::uint32_t size, std::size_t known);
Answer reserved_set(const char* type);

/// What a host gave, in the shape that this version knows; defaults for NULL and for what is missing.
template <class T>
Answer read_struct(const T* given, const char* type, T& into) {
  std::memset(&into, 0, sizeof into);
  into.struct_size = sizeof into;
  if (given == nullptr) return {};
  std::uint32_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (!may_be_size<T>(size)) return wrong_size(type, size);
  if (size > sizeof into && !zero_tail(given, sizeof into, size)) return unknown_fields(type, size, sizeof into);
  std::memcpy(&into, given, std::min<std::size_t>(size, sizeof into));
  into.struct_size = sizeof into;
  if constexpr (requires { into.reserved; }) {
    if (into.reserved != 0) return reserved_set(type);  // a later version may give it a meaning
  }
  return {};
}

/// Whether a result can be written to `out`.
template <class T>
Answer check_result(const T* out, const char* type) {
  if (out == nullptr) return Answer(WEIR_E_INVALID_ARGUMENT, std::string("the ") + type + " to be filled is NULL");
  std::uint32_t size = 0;
  std::memcpy(&size, out, sizeof size);
  if (!may_be_size<T>(size)) return wrong_size(type, size);
  return {};
}

/// Fills what the host's version has of it; what only a newer one has becomes zero.
template <class T>
void write_result(T* out, const T& full) {
  std::uint32_t size = 0;
  std::memcpy(&size, out, sizeof size);
  std::memcpy(out, &full, std::min<std::size_t>(size, sizeof full));
  std::memcpy(out, &size, sizeof size);
  if (size > sizeof full) std::memset(reinterpret_cast<char*>(out) + sizeof full, 0, size - sizeof full);
}

/// A text that must be there.
Answer read_text(const char* given, const char* what, std::string& into);
/// One that may be NULL, and then stays as it is.
Answer read_optional_text(const char* given, const char* what, std::string& into);

}  // namespace weir::abi
