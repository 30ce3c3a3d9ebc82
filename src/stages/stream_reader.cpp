#include "stages/stream_reader.hpp"

#include <poll.h>

#include <cerrno>

namespace weir::stages {
namespace {

using platform::platform;

// Half of the 100 ms in which a cancelled job answers.
constexpr int kStopCheckMs = 50;
// How long a descriptor that was ready is waited for in place: a hand-over to the poller and back costs more than the
// next bytes of a busy pipe take to come.
constexpr int kFlowingMs = 2;
// How long a slice that has bytes may wait for more: a burst of small writes becomes one chunk, and nobody notices.
constexpr std::int64_t kLingerNs = 5'000'000;
constexpr int kLingerStepMs = 1;

}  // namespace

Status FdWait::ready(int fd, short events, const Context& context, const std::string& operation, std::uint64_t offset) {
  for (int patience_ms = flows_ ? kFlowingMs : 0;;) {
    if (context.stopping && context.stopping())
      return Status(Kind::cancelled, "the job was told to stop").during(operation).at(offset);
    pollfd ask{fd, events, 0};
    const int ready = platform().poll(&ask, 1, patience_ms);
    if (ready < 0 && errno != EINTR && errno != EAGAIN) return platform::errno_status(errno, operation).at(offset);
    if (ready > 0 && (ask.revents & POLLNVAL) != 0) return platform::errno_status(EBADF, operation).at(offset);
    // POLLHUP and POLLERR: the read or write itself tells what is the matter.
    flows_ = ready > 0;
    if (ready > 0) return {};
    if (ready < 0) continue;
    if (parked_.start(fd, events, context.wake) == 0) return Status::pending();
    patience_ms = kStopCheckMs;
  }
}

Result<std::size_t> StreamReader::read_ready(std::span<std::byte> into) {
  for (;;) {
    const ssize_t got = platform().read(fd_, into.data(), into.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Status::pending();
    if (errno != EINTR) return platform::errno_status(errno, "read " + name_).at(position_);
  }
}

bool StreamReader::more_soon(std::int64_t deadline_ns) const {
  if (platform().monotonic_ns() >= deadline_ns) return false;
  pollfd ask{fd_, POLLIN, 0};
  return platform().poll(&ask, 1, kLingerStepMs) > 0;
}

Result<Chunk> StreamReader::next(const Context& context) {
  if (ended_) return Chunk();
  WEIR_TRY(wait_.ready(fd_, POLLIN, context, "read " + name_, position_));
  WEIR_ASSIGN(const auto room, space_.room(context));
  std::size_t filled = 0;
  std::int64_t deadline_ns = 0;
  while (filled < room.size()) {
    if (filled > 0 && !more_soon(deadline_ns)) break;
    const auto got = read_ready(room.subspan(filled));
    // Ready and yet nothing there: another reader of a shared description was faster.
    if (!got && got.status().is_pending()) {
      if (filled > 0) break;
      WEIR_TRY(wait_.ready(fd_, POLLIN, context, "read " + name_, position_));
      continue;
    }
    if (!got) return got.status();
    if (*got == 0) {
      ended_ = true;
      break;
    }
    if (filled == 0) deadline_ns = platform().monotonic_ns() + kLingerNs;
    filled += *got;
    position_ += *got;
  }
  Chunk chunk = filled == 0 ? Chunk() : space_.take(filled);
  if (ended_) space_ = SliceSpace();
  return chunk;
}

}  // namespace weir::stages
