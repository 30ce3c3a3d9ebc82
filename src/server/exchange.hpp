// One request and its response, between the session that reads and writes a connection and whoever answers. All of it
// on the server's one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "platform/fd.hpp"
#include "server/http_chunked.hpp"
#include "server/http_head.hpp"
#include "server/http_response.hpp"
#include "weir/core/chunk.hpp"

namespace weir::server {

struct Request {
  RequestHead head;
  Framing framing;
  std::string peer;   ///< its address, without the port
  std::string owner;  ///< whose uploads it is about; empty: all
};

/// Of a file: sent without passing through this program.
struct FileRange {
  std::shared_ptr<platform::Fd> file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// A body that comes bit by bit. Destroyed when nobody reads it any more.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// Adds to `into` what is there now, perhaps nothing. False: that was the end.
  virtual bool next(std::string& into) = 0;
  /// After the end: it was not the whole, and the client must see that it was not.
  virtual bool broke() const { return false; }
  /// `wake` is called, outside next(), when there may be more after there was nothing.
  virtual void on_more(std::function<void()> wake) = 0;
};

struct Response {
  ResponseHead head;
  std::variant<std::string, FileRange, std::shared_ptr<BodyStream>> body = {};
};

/// A line for people.
inline Response text_response(int status, std::string text) {
  Response response{ResponseHead(status), std::move(text) + "\n"};
  response.head.add("Content-Type", "text/plain; charset=utf-8");
  response.head.add("X-Content-Type-Options", "nosniff");
  return response;
}

/// The session, as whoever answers sees it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// A response of 1xx before the one that counts; not to HTTP/1.0.
  virtual void interim(const ResponseHead& head) = 0;
  /// To the response that counts, whoever makes it.
  virtual void add_to_responses(std::string_view name, std::string_view value) = 0;
  /// Once. Content that has not been read by then is not the handler's any more.
  virtual void respond(Response response) = 0;
  /// ready() may have become true.
  virtual void go_on() = 0;
};

/// Whoever answers. Its destruction without a response means that the client has gone.
class Handler {
 public:
  virtual ~Handler() = default;
  /// Whether content may come: until then it stays in the client's socket.
  virtual bool ready() const = 0;
  virtual void content(Chunk bytes) = 0;
  /// Where there is no content at all, not before ready() either. With trailers, if the content came in chunks.
  virtual void content_end(const ChunkedReader& trailers) = 0;
};

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  /// May respond at once, and then give no handler. Both references outlive the handler.
  virtual std::unique_ptr<Handler> handle(Request& request, Exchange& exchange) = 0;
};

}  // namespace weir::server
