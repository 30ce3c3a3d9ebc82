// StreamReader: reads a descriptor that has no positions: a pipe, a terminal, a socket, a device.
#pragma once

#include <cstdint>
#include <string>

#include "platform/platform.hpp"
#include "weir/core/stage.hpp"
#include "weir/stages/slices.hpp"

namespace weir::stages {

/// Waits until `fd` is ready for `events` (POLLIN or POLLOUT), or fails with cancelled within 100 ms of the job being
/// told to stop. `operation` completes "cannot …".
Status wait_ready(int fd, short events, const Context& context, const std::string& operation, std::uint64_t offset);

/// Thread-compatible; blocks.
class StreamReader {
 public:
  StreamReader(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  /// What has arrived, at least one byte; empty at the end. Waits a few milliseconds for a slice to fill.
  Result<Chunk> next(const Context& context);

 private:
  Result<std::size_t> read_ready(std::span<std::byte> into);
  bool more_soon(std::int64_t deadline_ns) const;

  int fd_;
  std::string name_;
  SliceSpace space_;
  std::uint64_t position_ = 0;
  bool ended_ = false;
};

}  // namespace weir::stages
