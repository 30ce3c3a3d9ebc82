#include "net/sockets.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>

namespace weir::net {
namespace {

int port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

bool has_ip(const sockaddr_storage& address, std::string_view ip) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* bytes = address.ss_family == AF_INET6
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
                          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr);
  return inet_ntop(address.ss_family, bytes, text, sizeof text) != nullptr && ip == text;
}

}  // namespace

void Sockets::attach(CURL* easy) {
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Sockets::on_open);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Sockets::on_close);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
}

curl_socket_t Sockets::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  // Not inherited by programs that the host starts.
  const auto opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened >= 0) static_cast<Sockets*>(self)->open_.insert(opened);
  return opened;
}

int Sockets::on_close(void* self, curl_socket_t socket) {
  auto& sockets = *static_cast<Sockets*>(self);
  sockets.closing_(socket);
  sockets.open_.erase(socket);
  sockets.tunnels_.erase(socket);
  return close(socket);
}

curl_socket_t Sockets::find(const char* peer_ip, int peer_port, int local_port) const {
  for (const auto socket : open_) {
    sockaddr_storage local{};
    sockaddr_storage peer{};
    socklen_t local_size = sizeof local;
    socklen_t peer_size = sizeof peer;
    if (getsockname(socket, reinterpret_cast<sockaddr*>(&local), &local_size) != 0 || port_of(local) != local_port) {
      continue;
    }
    if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0 || port_of(peer) != peer_port) {
      continue;
    }
    if (has_ip(peer, peer_ip)) return socket;
  }
  return CURL_SOCKET_BAD;
}

}  // namespace weir::net
