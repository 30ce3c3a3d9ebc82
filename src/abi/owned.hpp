// What a result of the C interface keeps alive: its texts and pairs.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "abi/struct_sizes.hpp"
#include "weir/weir.h"

namespace weir::abi {

class Owned {
 public:
  /// Its address does not change. "" for an empty one: never NULL.
  const char* keep(std::string text) { return texts_.emplace_back(std::move(text)).c_str(); }
  /// The last call's array alone is valid.
  const weir_pair* keep(const std::map<std::string, std::string>& pairs) {
    pairs_.clear();
    for (const auto& [name, value] : pairs) pairs_.push_back({keep(name), keep(value)});
    return pairs_.data();
  }

 private:
  std::deque<std::string> texts_;
  std::vector<weir_pair> pairs_;
};

/// Frees what a result of a host's holds; `owned` is a field of its first release. One that is no result of ours, or
/// NULL, stays as it is.
template <class T>
void clear_result(T* result) noexcept {
  if (result == nullptr || !may_be_size<T>(result->struct_size)) return;
  delete static_cast<Owned*>(result->owned);
  weir_init(result, result->struct_size);
}

}  // namespace weir::abi
