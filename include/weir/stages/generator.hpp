// generator(): any amount of bytes that nobody has to store, for tests and benchmarks.
#pragma once

#include <cstdint>
#include <memory>

#include "weir/core/stage.hpp"

namespace weir {

struct GeneratorOptions {
  std::uint64_t bytes = 0;
  std::uint64_t seed = 0;
  /// About how many times smaller zstd level 3 makes it: 1 is incompressible, 3 is like text. From 1 to 12.
  double ratio = 1.0;
};

/// The byte at an offset depends on seed, ratio and offset alone, on every machine. Can be read again from anywhere.
/// Does not block. A ratio out of range is an error when the pipeline is composed.
std::unique_ptr<Source> generator(GeneratorOptions options);

/// Fills `into` with what generator(options) has at `offset`, whatever `options.bytes` says. Thread-safe.
void generate(const GeneratorOptions& options, std::uint64_t offset, std::span<std::byte> into) noexcept;

}  // namespace weir
