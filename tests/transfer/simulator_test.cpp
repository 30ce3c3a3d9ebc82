#include <catch2/catch.hpp>
#include <cstdlib>

#include "download_simulation.hpp"
#include "simulation.hpp"

using weir::test::DownloadSimulation;
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
  std::uint64_t grew = 0;
  std::uint64_t shrank = 0;
  std::uint64_t killed = 0;
  std::uint64_t resumed = 0;
  std::uint64_t changed = 0;
  std::uint64_t went_on = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Simulation simulation(seed);
    const std::string wrong = simulation.run();
    if (!wrong.empty()) FAIL("WEIR_SEED=" << seed << ": " << wrong);
    succeeded += simulation.succeeded() ? 1 : 0;
    in_parts += simulation.succeeded() && simulation.in_parts() ? 1 : 0;
    retried_corrupt += simulation.succeeded() && simulation.progress().retries.corrupt > 0 ? 1 : 0;
    restarted += simulation.succeeded() && simulation.progress().restarts > 0 ? 1 : 0;
    grew += simulation.grew() ? 1 : 0;
    shrank += simulation.shrank() ? 1 : 0;
    killed += simulation.kills() != 0 ? 1 : 0;
    resumed += simulation.succeeded() && simulation.progress().parts_resumed > 0 ? 1 : 0;
    changed += simulation.kills() != 0 && simulation.source_changed() ? 1 : 0;
    went_on += simulation.succeeded() && simulation.went_on() ? 1 : 0;
  }
  if (only != 0) return;
  // The simulation is worth something only if it comes through all the ways an upload can go.
  const std::uint64_t runs = last - first + 1;
  CAPTURE(runs, succeeded, in_parts, retried_corrupt, restarted, grew, shrank, killed, resumed, changed, went_on);
  CHECK(succeeded > runs / 3);
  CHECK(succeeded < runs * 95 / 100);
  CHECK(in_parts > runs / 4);
  CHECK(retried_corrupt > runs / 200);
  CHECK(restarted > runs / 500);
  CHECK(grew > runs / 50);
  CHECK(shrank > runs / 50);
  CHECK(killed > runs / 20);
  CHECK(resumed > runs / 100);
  CHECK(changed > runs / 1000);
  CHECK(went_on > runs / 500);
}

TEST_CASE("whatever the origin does, a download ends with the right bytes or an error, within its window") {
  const std::uint64_t only = from_environment("WEIR_SEED", 0);
  const std::uint64_t first = only != 0 ? only : 1;
  const std::uint64_t last = only != 0 ? only : from_environment("WEIR_SEEDS", 20'000);
  std::uint64_t succeeded = 0;
  std::uint64_t in_lanes = 0;
  std::uint64_t retried = 0;
  std::uint64_t fell_back = 0;
  std::uint64_t changed = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t grew = 0;
  std::uint64_t shrank = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    DownloadSimulation simulation(seed);
    const std::string wrong = simulation.run();
    if (!wrong.empty()) FAIL("WEIR_SEED=" << seed << ": " << wrong);
    succeeded += simulation.succeeded() ? 1 : 0;
    in_lanes += simulation.succeeded() && simulation.in_lanes() ? 1 : 0;
    retried += simulation.succeeded() && simulation.retries() > 3 ? 1 : 0;
    fell_back += simulation.succeeded() && simulation.fell_back() ? 1 : 0;
    changed += simulation.source_changed() ? 1 : 0;
    corrupt += simulation.corrupt() ? 1 : 0;
    grew += simulation.grew() ? 1 : 0;
    shrank += simulation.shrank() ? 1 : 0;
  }
  if (only != 0) return;
  const std::uint64_t runs = last - first + 1;
  CAPTURE(runs, succeeded, in_lanes, retried, fell_back, changed, corrupt, grew, shrank);
  CHECK(succeeded > runs / 3);
  CHECK(succeeded < runs * 95 / 100);
  CHECK(in_lanes > runs / 4);
  CHECK(retried > runs / 10);
  CHECK(fell_back > runs / 200);
  CHECK(changed > runs / 100);
  CHECK(corrupt > runs / 200);
  CHECK(grew > runs / 50);
  CHECK(shrank > runs / 50);
}
