#include <catch2/catch.hpp>
#include <cstdlib>

#include "simulation.hpp"

using weir::test::Simulation;

namespace {

// WEIR_SEED runs one seed; WEIR_SEEDS says how many.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever the store does, an upload ends with the right object, or with an error and nothing left behind") {
  const std::uint64_t only = from_environment("WEIR_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : from_environment("WEIR_SEEDS", 20'000);
  std::uint64_t succeeded = 0;
  std::uint64_t in_parts = 0;
  std::uint64_t retried_corrupt = 0;
  std::uint64_t restarted = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Simulation simulation(seed);
    const std::string wrong = simulation.run();
    if (!wrong.empty()) FAIL("WEIR_SEED=" << seed << ": " << wrong);
    succeeded += simulation.succeeded() ? 1 : 0;
    in_parts += simulation.succeeded() && simulation.in_parts() ? 1 : 0;
    retried_corrupt += simulation.succeeded() && simulation.progress().retried_corrupt > 0 ? 1 : 0;
    restarted += simulation.succeeded() && simulation.progress().restarts > 0 ? 1 : 0;
  }
  if (only != 0) return;
  // The simulation is worth something only if it comes through all the ways an upload can go.
  const std::uint64_t runs = last - first + 1;
  CAPTURE(runs, succeeded, in_parts, retried_corrupt, restarted);
  CHECK(succeeded > runs / 3);
  CHECK(succeeded < runs * 95 / 100);
  CHECK(in_parts > runs / 4);
  CHECK(retried_corrupt > runs / 200);
  CHECK(restarted > runs / 500);
}
