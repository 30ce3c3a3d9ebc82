// What the struct_size of a host's struct may be: the sizes that the struct has had in releases, oldest first, on a
// machine of 64 bits.
//
// Who adds fields to a struct that was released adds its new size here, behind the old ones, and begins them at the old
// size: never in padding that was there. Before the first release of a struct its one size is replaced.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "weir/weir.h"

namespace weir::abi {

/// More than any struct of any version has: a size above is no size.
inline constexpr std::uint32_t kMostStructBytes = 4096;

template <class T>
struct StructSizes;

#define WEIR_ABI_SIZES(type, ...)                                                                                      \
  template <>                                                                                                          \
  struct StructSizes<type> {                                                                                           \
    static constexpr std::uint32_t kReleased[] = {__VA_ARGS__};                                                        \
  };                                                                                                                   \
  static_assert(                                                                                                       \
      sizeof(void*) != 8 || StructSizes<type>::kReleased[std::size(StructSizes<type>::kReleased) - 1] == sizeof(type), \
      #type " has changed its size: say so in struct_sizes.hpp")

WEIR_ABI_SIZES(weir_error, 120);
WEIR_ABI_SIZES(weir_executor, 32);
WEIR_ABI_SIZES(weir_credentials_provider, 32);
WEIR_ABI_SIZES(weir_logger, 32);
WEIR_ABI_SIZES(weir_context_options, 96);
WEIR_ABI_SIZES(weir_progress, 208);
WEIR_ABI_SIZES(weir_receipt, 112);
WEIR_ABI_SIZES(weir_job_options, 144);
WEIR_ABI_SIZES(weir_copies_options, 64);
WEIR_ABI_SIZES(weir_copies_progress, 144);
WEIR_ABI_SIZES(weir_handle_options, 24);
WEIR_ABI_SIZES(weir_transform, 64);
WEIR_ABI_SIZES(weir_stage_type, 48);
WEIR_ABI_SIZES(weir_object_info, 104);
WEIR_ABI_SIZES(weir_list_options, 8);
WEIR_ABI_SIZES(weir_listed, 48);
WEIR_ABI_SIZES(weir_unfinished_job, 72);

/// Whether a T may have `size`: that of a release, or, as far as one can tell, of a later one.
template <class T>
constexpr bool may_be_size(std::uint32_t size) noexcept {
  if (size > sizeof(T)) return size <= kMostStructBytes && size % alignof(T) == 0;
  if (size == sizeof(T)) return true;
  const auto& released = StructSizes<T>::kReleased;
  return sizeof(void*) == 8 && std::find(std::begin(released), std::end(released), size) != std::end(released);
}

}  // namespace weir::abi
