// The same hops by oneTBB: tbb_hops CHUNKS prints ns, and ns of CPU, for each chunk. Handles are shared_ptr.
#include <tbb/parallel_pipeline.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "../../support/cpu_seconds.hpp"

using weir::test::cpu_seconds;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::uint64_t chunks = std::stoull(argv[1]);
  using Handle = std::shared_ptr<const std::string>;
  std::array<Handle, 64> all;
  for (Handle& handle : all) handle = std::make_shared<const std::string>(64 * 1024, 'x');
  std::uint64_t left = chunks;
  std::uint64_t bytes = 0;
  constexpr auto kInOrder = tbb::filter_mode::serial_in_order;
  const auto begun = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  tbb::parallel_pipeline(
      16, tbb::make_filter<void, Handle>(kInOrder, [&](tbb::flow_control& control) -> Handle {
            if (left == 0) return control.stop(), nullptr;
            return all[left-- % all.size()];
          }) & tbb::make_filter<Handle, Handle>(kInOrder, [](Handle handle) {
            return handle;
          }) & tbb::make_filter<Handle, Handle>(kInOrder, [](Handle handle) {
            return handle;
          }) & tbb::make_filter<Handle, void>(kInOrder, [&](Handle handle) { bytes += handle->size(); }));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;
  if (bytes != chunks * 64 * 1024) return 1;
  const auto each = 1e9 / static_cast<double>(chunks);
  std::printf("%.1f %.1f\n", wall.count() * each, (cpu_seconds() - cpu) * each);
}
