// The HTTP client: loops on curl_multi, each on a thread that never waits for a disk, a lock or a host. A request stays
// with one loop; requests at the same time may be with different ones.
//
// It sends one request and reports one answer. Retrying, signing and redirects are its callers' business: a redirect is
// an answer like any other, so no credential ever crosses an origin by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/chunk.hpp"
#include "weir/core/status.hpp"

namespace weir::net {

/// Of a body that ends where it ends.
inline constexpr std::uint64_t kUnknownSize = UINT64_MAX;

/// A request body. Called on its request's loop thread only, must not block.
class Body {
 public:
  virtual ~Body() = default;
  /// Exactly how many bytes read() will give in all, or kUnknownSize: then they are sent in chunks (RFC 9112
  /// section 7.1) until read() gives 0.
  virtual std::uint64_t size() const = 0;
  /// Starts again from the first byte. Called before each use.
  virtual Status rewind() = 0;
  /// Fills the front of `into`. 0 only at the end. pending: `wake` (set by attach) is called when there is more.
  virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
  /// `wake` may be called from any thread, also after the request ended.
  virtual void attach(std::function<void()> wake) { (void)wake; }
};

/// A body of chunks already in memory.
std::shared_ptr<Body> body_of(std::vector<Chunk> chunks);
std::shared_ptr<Body> body_of(std::string text);

using Headers = std::vector<std::pair<std::string, std::string>>;  ///< names in any case, values without CR/LF

struct Response {
  int status = 0;
  Headers headers;   ///< names in lower case
  std::string body;  ///< unless the request had on_data; at most max_body_bytes
  std::uint64_t bytes_sent = 0;
  /// The header's value, or empty. `name` in lower case.
  std::string_view header(std::string_view name) const;
};

/// The other end of a connection.
struct PeerInfo {
  std::string ip;  ///< the proxy's, where there is one
  /// It is a proxy that hands on what it cannot read (CONNECT): `ip` says nothing of the server.
  bool tunnel = false;
};

struct Request {
  std::string method = "GET";
  std::string url;  ///< percent-encoded, sent as it is; never shown with its query in errors
  Headers headers;
  std::shared_ptr<Body> body;                      ///< none: no body
  std::size_t max_body_bytes = 1024 * 1024;        ///< of a reply that is kept; more is an error
  std::chrono::milliseconds stall_timeout{30000};  ///< no byte either way for so long: Kind::timeout, transient
  std::chrono::milliseconds connect_timeout{10000};
  /// Streams a 2xx reply's body instead of keeping it (other replies are kept). Return ok, pending (was not taken: the
  /// transfer pauses until `Call::wake`), or an error, which ends the request with it. On the loop thread.
  std::function<Status(std::span<const std::byte>)> on_data;
  /// The reply's head, before the first on_data. On the loop thread.
  std::function<Status(const Response&)> on_head;
  /// Where it is about to go; an error ends it before a byte is sent. On the loop thread.
  std::function<Status(const PeerInfo&)> on_peer;
};

struct ClientOptions {
  std::string ca_bundle;           ///< file or directory; empty: the system's
  std::string client_certificate;  ///< PEM file; empty: none
  std::string client_key;
  std::string proxy;       ///< empty: from the environment, as curl does, NO_PROXY included
  bool direct = false;     ///< no proxy, whatever the environment says
  std::string user_agent;  ///< empty: "weir/VERSION"
  bool verify_tls = true;
  std::size_t max_connections_per_host = 64;  ///< of all loops together
  /// Of each upload under way, outside any budget; 16 KiB to 2 MiB. 1 MiB takes about 15 % less CPU than 256 KiB.
  std::size_t upload_buffer_bytes = 256 * 1024;
};

/// One request under way. Thread-safe. Dropping it does not cancel.
class Call {
 public:
  virtual ~Call() = default;
  /// Ends it soon with Kind::cancelled, unless it has ended. The answer still comes, once.
  virtual void cancel() = 0;
  /// Continues after on_data said pending.
  virtual void wake() = 0;
};

/// Thread-safe. The destructor cancels what is under way and waits for the loops to end.
class Client {
 public:
  using Done = std::function<void(Result<Response>)>;
  virtual ~Client() = default;
  /// Sends. `done` is called once, on its loop thread, never inside this call. Any HTTP status is a Response; a Status
  /// says that there was none: "PUT https://host/path: connection reset after 1234 bytes", with kind and retry class.
  /// A 2xx body whose end is not marked (neither Content-Length nor chunks) is an error: it cannot be proven whole.
  virtual std::shared_ptr<Call> send(Request request, Done done) = 0;
  /// send() and wait. Not on a loop thread.
  Result<Response> fetch(Request request);

  static std::shared_ptr<Client> make(const ClientOptions& options);
};

}  // namespace weir::net
