// How many random histories a test plays: WEIR_SEEDS says how many of the simulators' (20,000), others play their
// share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace weir::test {

inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// WEIR_SEED, which begins the histories elsewhere; 1 otherwise.
inline std::uint64_t first_seed() { return std::max<std::uint64_t>(1, number_from_environment("WEIR_SEED", 1)); }

/// `one_in` of the simulators' histories, 1 at least.
inline std::uint64_t share_of_seeds(std::uint64_t one_in) {
  return std::max<std::uint64_t>(1, number_from_environment("WEIR_SEEDS", 20'000) / one_in);
}

/// A moment from 0 to `steps`: as many seeds in a row have each of them once, and few have them far apart.
inline std::size_t moment_of(std::uint64_t seed, std::size_t steps) { return seed * 7919 % (steps + 1); }

}  // namespace weir::test
