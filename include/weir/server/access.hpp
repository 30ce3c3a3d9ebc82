// Access: who may ask a server for what.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/core/status.hpp"

namespace weir {

/// A request, before anything is done about it.
struct AccessRequest {
  std::string method;  ///< what will be done: of X-HTTP-Method-Override, where tus has it
  std::string target;  ///< path and query, as they were sent
  std::string upload;  ///< the id of the upload that it is about; empty: none, as where one is made
  std::string peer;    ///< the client's address; behind a proxy, the proxy's
  std::vector<std::pair<std::string, std::string>> fields;  ///< of its head: names in lower case

  /// The value of the one field of that name; empty where there is none, or several.
  std::string_view field(std::string_view name) const noexcept;
};

struct Access {
  /// Uploads are `owner`'s alone: of those of others nothing is told or given, and limits for one client are counted by
  /// it. Empty: this client sees all, and what it makes is nobody's.
  static Access allow(std::string owner = {}) { return {0, std::move(owner), {}}; }
  /// A status of 400 to 599, and words for the client.
  static Access refuse(int status, std::string why) { return {status, {}, std::move(why)}; }

  int refused = 0;  ///< 0: it is allowed
  std::string owner;
  std::string why;
};

/// Called for each request but those of /health and of a browser that asks whether it may (CORS), before any of its
/// body is read, on threads that may wait, several at once; not any more once the server has stopped, which waits for
/// it. An exception refuses with 500.
using Authorize = std::function<Access(const AccessRequest&)>;

/// Allows who sends "Authorization: Bearer TOKEN" (RFC 6750) with a token of `file`, which has one on each line, and
/// perhaps behind a blank whose it is; lines that begin with # are not read. Errors: those of reading the file, and
/// invalid_argument for a token that no client can send or a file without any.
Result<Authorize> bearer_tokens(const std::string& file);

}  // namespace weir
