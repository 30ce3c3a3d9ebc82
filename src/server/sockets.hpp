// The sockets of a server, and its one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "server/session.hpp"
#include "weir/core/executor.hpp"
#include "weir/core/status.hpp"

namespace weir::server {

struct SocketLimits {
  SessionLimits session;
  std::size_t connections = 20'000;
};

/// Calls are thread-safe but for run().
class Sockets {
 public:
  /// "127.0.0.1:8080", "[::1]:0", ":8080" (all addresses). Errors: invalid_argument, unavailable (it is taken),
  /// access_denied.
  static Result<std::unique_ptr<Sockets>> listen(const std::string& address, SocketLimits limits);
  virtual ~Sockets() = default;

  /// "127.0.0.1:41234", as it is bound.
  virtual std::string address() const = 0;
  /// Its tasks run on the server's thread.
  virtual std::shared_ptr<Executor> executor() = 0;
  /// This thread becomes the server's, until all has ended after stop(): connections, and what they have left to do,
  /// which `quiet` tells. `endpoint` outlives that.
  virtual void run(Endpoint& endpoint, std::function<bool()> quiet) = 0;
  /// No new connection and no new request; what is under way has `grace`.
  virtual void stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace weir::server
