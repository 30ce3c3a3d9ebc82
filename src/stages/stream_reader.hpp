// StreamReader: reads a descriptor that has no positions: a pipe, a terminal, a socket, a device.
#pragma once

#include <cstdint>
#include <string>

#include "platform/platform.hpp"
#include "platform/poller.hpp"
#include "weir/core/stage.hpp"
#include "weir/stages/slices.hpp"

namespace weir::stages {

/// Waits for a descriptor: a moment on the calling thread while data flows, which costs least, then without one.
/// Thread-compatible.
class FdWait {
 public:
  /// ok: `fd` is ready for `events` (POLLIN or POLLOUT). pending: it is not, and the context's wake comes when it is.
  /// cancelled where the job was told to stop. Blocks for milliseconds, or, where the system has no room for another
  /// wait, until ready, noticing a stop within 100 ms. `operation` completes "cannot …".
  Status ready(int fd, short events, const Context& context, const std::string& operation, std::uint64_t offset);
  /// To be called before the descriptor is closed, unless the wait goes first.
  void cancel() noexcept { parked_.cancel(); }

 private:
  platform::ReadyWait parked_;
  bool flows_ = false;  ///< it was ready when last asked
};

/// Thread-compatible; blocks for milliseconds.
class StreamReader {
 public:
  StreamReader(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  /// What has arrived, at least one byte; empty at the end. Waits a few milliseconds for a slice to fill. Pending, with
  /// no memory taken that was not held before, while nothing comes.
  Result<Chunk> next(const Context& context);

 private:
  Result<std::size_t> read_ready(std::span<std::byte> into);
  bool more_soon(std::int64_t deadline_ns) const;

  int fd_;
  std::string name_;
  FdWait wait_;
  SliceSpace space_;
  std::uint64_t position_ = 0;
  bool ended_ = false;
};

}  // namespace weir::stages
