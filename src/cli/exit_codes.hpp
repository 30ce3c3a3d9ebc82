// What the process's exit code says. The same table stands in docs/cli.md and behind `weir help`; tests compare them.
#pragma once

#include "weir/core/status.hpp"

namespace weir::cli {

enum ExitCode : int {
  kExitOk = 0,             ///< everything is at its destination, and proven, but what was skipped
  kExitFailed = 1,         ///< failed for a reason that has no code of its own, or of many some, each for its own
  kExitUsage = 2,          ///< what was asked for cannot be meant
  kExitNotFound = 3,       ///< the source, bucket or object is not there
  kExitAccess = 4,         ///< keys or permissions
  kExitTemporary = 5,      ///< network, timeout, a service in trouble: run it again
  kExitIntegrity = 6,      ///< bytes are not what their checksum or format says
  kExitSourceChanged = 7,  ///< the source changed while it was read, or since an earlier run
  kExitLimit = 8,          ///< memory, disk, or a limit of the store or the format
  kExitHangup = 129,
  kExitInterrupted = 130,
  kExitBrokenPipe = 141,  ///< the reader of our output has gone
  kExitTerminated = 143,
};

constexpr int exit_code(Kind kind) noexcept {
  switch (kind) {
    case Kind::ok:
      return kExitOk;
    case Kind::invalid_argument:
      return kExitUsage;
    case Kind::not_found:
      return kExitNotFound;
    case Kind::access_denied:
      return kExitAccess;
    case Kind::network:
    case Kind::timeout:
    case Kind::unavailable:
      return kExitTemporary;
    case Kind::corrupt:
      return kExitIntegrity;
    case Kind::source_changed:
      return kExitSourceChanged;
    case Kind::limit:
    case Kind::budget_too_small:
    case Kind::no_space:
    case Kind::no_memory:
      return kExitLimit;
    case Kind::broken_pipe:
      return kExitBrokenPipe;
    case Kind::cancelled:
      return kExitInterrupted;
    default:
      return kExitFailed;
  }
}

inline constexpr const char* kExitCodeHelp =
    "Exit codes:\n"
    "  0    everything is at its destination, and proven, but what the last line counts as skipped\n"
    "  1    failed for a reason that has no code of its own\n"
    "  2    usage: what was asked for cannot be meant\n"
    "  3    not found: source, bucket or object\n"
    "  4    access: keys or permissions\n"
    "  5    temporary: network, timeout, a service in trouble; run it again\n"
    "  6    integrity: bytes are not what their checksum or format says\n"
    "  7    the source changed while it was read, or since an earlier run\n"
    "  8    limit: memory, disk, or a limit of the store or the format\n"
    "  129  hung up (SIGHUP)    130  interrupted (SIGINT)\n"
    "  141  the reader of the output has gone (SIGPIPE)    143  terminated (SIGTERM)\n";

}  // namespace weir::cli
