// Server: takes uploads over HTTP that go on where they were cut, and gives what is stored back.
//
//   weir::ServerOptions options;
//   options.to = "incoming";
//   auto server = weir::Server::start(options);          // uploads at (*server)->url() + "/files"
//
// Uploads speak tus 1.0 and the IETF's resumable uploads for HTTP; a plain PUT or POST is one too. An offset that a
// client was told survives a kill and a loss of power.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weir/core/status.hpp"
#include "weir/core/units.hpp"
#include "weir/server/access.hpp"
#include "weir/transfer/endpoint.hpp"

namespace weir {

struct ServerOptions {
  /// "127.0.0.1:8080"; port 0: any that is free; ":8080": all addresses of this machine.
  std::string listen = "127.0.0.1:8080";
  /// Where finished uploads come to lie, each under its id. A folder, which is made if it is missing; or one in
  /// a store: "s3://bucket/incoming/".
  std::string to = {};
  /// What they pass on their way there, as `weir cp --through`: "zstd level=3".
  std::string through = {};
  /// Of a store. Its ledger is the server's.
  EndpointOptions endpoint = {};
  /// The folder that uploads to a store lie in until they are there: they can be as large as what is being uploaded.
  /// Empty: one below `state_dir`. Those to a folder are in ".weir" there.
  std::string spool = {};
  /// So many are on their way into the store at once, with store_budget_bytes of memory each.
  std::size_t stores_at_once = 8;
  std::size_t store_budget_bytes = 16 * kMiB;
  /// Of the ledger, as LedgerOptions::state_dir.
  std::string state_dir = {};
  /// Who may ask for what; none: everybody who reaches this server.
  Authorize authorize = nullptr;
  /// Of web pages elsewhere that may ask, as "https://app.example.com"; "*": all. None: browsers let no page of
  /// elsewhere read an answer, and requests of such pages that would change anything are refused.
  std::vector<std::string> origins = {};
  std::uint64_t max_upload_bytes = 5ull << 40;
  /// An unfinished upload that nothing is added to for so long is removed; 0: never.
  std::chrono::seconds lifetime = std::chrono::hours(24 * 7);
  /// Clients of resumable uploads for HTTP that ask for it are told of a new upload's place while its body still comes
  /// (104). Only where clients reach this server directly: nginx takes such a response for the last one.
  bool interim_responses = false;
  std::size_t max_unfinished = 100'000;
  std::size_t max_unfinished_of_one = 10'000;  ///< owner, as `authorize` tells them
  std::size_t max_connections = 20'000;
};

/// Thread-safe. Has one thread of its own, and uses those of Executor::default_pool() for what waits for the disk.
class Server {
 public:
  /// Listens once it returns. Errors: invalid_argument, unavailable (the address or the folder is another server's),
  /// access_denied, and those of the file system and the ledger.
  static Result<std::unique_ptr<Server>> start(ServerOptions options);
  /// As stop() without grace.
  virtual ~Server() = default;

  /// "http://127.0.0.1:8080".
  virtual std::string url() const = 0;
  /// Takes no more connections and requests; those under way have `grace` to end. What is on its way into a store stops
  /// at once, and the next server on the same state directory goes on with it. Returns once all has ended, and what was
  /// told lasts anyway.
  virtual void stop(std::chrono::milliseconds grace = std::chrono::seconds(10)) = 0;
};

}  // namespace weir
