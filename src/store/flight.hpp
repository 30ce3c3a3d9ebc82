// One attempt of one request: prepared on a thread that may block, sent, judged; cancelled and resumed from any thread.
// What the wires of all HTTP stores share.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "net/http.hpp"
#include "platform/platform.hpp"
#include "store/cancellation.hpp"
#include "weir/core/retry.hpp"

namespace weir::store {

/// A request under way. Both may be called at any time, from any thread.
struct Running {
  std::function<void()> cancel;
  std::function<void()> resume;  ///< continues after on_data said pending
};

/// Ends with exactly one call of `done`. Thread-safe.
class Flight : public std::enable_shared_from_this<Flight> {
 public:
  using Done = std::function<void(Result<net::Response>)>;
  /// Prepares the request and ends with send() or end(), on the calling thread.
  using Launch = std::function<void(const std::shared_ptr<Flight>&)>;

  explicit Flight(Done done) : done_(std::move(done)) {}

  void cancel();
  void resume();
  bool is_cancelled();
  void end(Result<net::Response> answer);
  /// Goes on with `work` on a thread that may block, after `delay`; a cancel meanwhile ends it. `work` holds the
  /// flight.
  void wait(std::chrono::nanoseconds delay, std::function<void()> work);
  /// `judge` makes what is no success a Status; on the HTTP loop's thread.
  void send(net::Client& http, net::Request request, std::function<Result<net::Response>(Result<net::Response>)> judge);
  /// As send(), but `then` decides: it ends the flight, or sends once more.
  void send_then(net::Client& http, net::Request request, std::function<void(Result<net::Response>)> then);

 private:
  void go_on();
  void set_call(std::shared_ptr<net::Call> running);

  Done done_;
  std::mutex mutex_;
  bool cancelled_ = false;
  bool ended_ = false;
  bool resumed_early_ = false;
  std::shared_ptr<net::Call> call_;
  std::function<void()> waiting_;  ///< what to go on with
};

/// Returns at once; `launch` runs on a thread that may block, `done` is called once, never inside this call.
Running take_off(Flight::Launch launch, Flight::Done done);

/// Launches and waits, up to `attempts` times while the error may pass. `launch` gets the attempt's number, from 1.
/// `stop`: cancels it; null: nobody does.
Result<net::Response> call(int attempts, const std::function<void(const std::shared_ptr<Flight>&, int)>& launch,
                           Cancellation* stop = nullptr);

/// How long to wait after `failures` attempts of one request failed, the last one with `error`.
inline std::chrono::nanoseconds backoff(const Error& error, int failures) {
  return RetryPolicy().delay(error, static_cast<std::uint32_t>(failures), platform::random_below);
}

}  // namespace weir::store
