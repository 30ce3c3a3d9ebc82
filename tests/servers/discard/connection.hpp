// Connection: one HTTP/1.1 connection on a blocking socket: request heads, and bodies that are mostly thrown away.
//
// Not thread-safe: one thread serves one connection. Bodies that nobody looks at are discarded in the kernel
// (MSG_TRUNC), so that the server costs next to nothing beside the client it measures.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "discard/throttle.hpp"

namespace discard {

struct Request {
  std::string method;
  std::string path;                           ///< as sent, without the query
  std::map<std::string, std::string> query;   ///< decoded; a name without "=" has an empty value
  std::map<std::string, std::string> header;  ///< names in lower case; trailers join here once the body is read

  bool asks(const std::string& name) const { return query.count(name) != 0; }
  std::string get(const std::string& name) const {
    const auto found = header.find(name);
    return found == header.end() ? "" : found->second;
  }
};

struct Reply {
  int status = 200;
  std::string reason = "OK";
  std::map<std::string, std::string> header;
  std::string body;
  bool head_only = false;  ///< HEAD: Content-Length is in `header` or that of `body`, and no body follows
  bool close = false;
  /// Behind the head instead of `body`: where the bytes of the whole from `offset` on are, kMadeAtOnce of them.
  std::function<const char*(std::uint64_t offset)> make;
  static constexpr std::size_t kMadeAtOnce = 1024 * 1024 - 1;
  std::uint64_t make_from = 0;
  std::uint64_t make_bytes = 0;
};

class Connection {
 public:
  /// Sees body bytes; an empty one throws them away unseen.
  using Look = std::function<void(const char*, std::size_t)>;

  Connection(int fd, Throttle& throttle) : fd_(fd), throttle_(throttle) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// False at the end of the connection or when the head is no HTTP.
  bool read_head(Request& request);
  /// Reads the whole body, decoded where it is aws-chunked; false if it breaks off or is malformed. Gives the length.
  bool read_body(Request& request, const Look& look, std::uint64_t& length);
  bool send(const Reply& reply);

 private:
  bool fill();
  bool read_line(std::string& line, std::uint64_t& left);
  bool take(std::uint64_t count, const Look& look);
  bool read_chunks(Request& request, std::uint64_t encoded, const Look& look, std::uint64_t& length);
  bool write_all(std::string_view bytes);

  static constexpr std::size_t kBuffer = 64 * 1024;
  int fd_;
  Throttle& throttle_;
  char buffer_[kBuffer];
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// Decodes %XX ("+" stays).
std::string percent_decode(std::string_view text);

}  // namespace discard
