// The sockets libcurl has open for one loop: libcurl 7.88 does not say which of them a running request uses.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <set>

namespace weir::net {

/// Belongs to the loop thread.
class Sockets {
 public:
  /// `closing` is called before a socket is closed.
  explicit Sockets(std::function<void(curl_socket_t)> closing) : closing_(std::move(closing)) {}
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;

  /// Has libcurl open and close the sockets of `easy`'s connections through this. It must outlive them.
  void attach(CURL* easy);
  /// The open socket between these two ends, CURL_SOCKET_BAD if there is none.
  curl_socket_t find(const char* peer_ip, int peer_port, int local_port) const;
  /// A proxy hands on what goes through it, until it is closed.
  void note_tunnel(curl_socket_t socket) { tunnels_.insert(socket); }
  bool is_tunnel(curl_socket_t socket) const { return tunnels_.count(socket) > 0; }

 private:
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_close(void* self, curl_socket_t socket);

  std::function<void(curl_socket_t)> closing_;
  std::set<curl_socket_t> open_;
  std::set<curl_socket_t> tunnels_;
};

}  // namespace weir::net
