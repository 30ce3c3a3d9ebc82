// weir_discard_s3: an S3 endpoint that throws the bytes away and keeps their length, ETag and checksum.
//
// For measuring clients and their memory: it costs little CPU, and it can be slow or stand still on request. It checks
// no signatures. With --verify it computes the checksums that it otherwise takes on trust.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "discard/service.hpp"

namespace {

constexpr const char* kUsage =
    "weir_discard_s3 [--host ADDRESS] [--port N] [--verify] [--min-part BYTES]\n"
    "                [--rate BYTES_PER_S [--slow-for SECONDS]] [--stall-after BYTES --stall-for SECONDS]\n"
    "Prints \"listening on PORT\". --port 0, the default, takes a free one. --slow-for 0: the whole run.\n";

struct Options {
  std::string host = "127.0.0.1";
  std::string port = "0";
  bool verify = false;
  std::uint64_t min_part_bytes = 5 * 1024 * 1024;
  discard::Throttle::Options throttle;
};

bool read_options(int count, char** words, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string name = words[i];
    if (name == "--verify") {
      options.verify = true;
      continue;
    }
    if (i + 1 == count) return false;
    const char* value = words[++i];
    char* end = nullptr;
    const double number = std::strtod(value, &end);
    if (name == "--host") {
      options.host = value;
    } else if (*end != '\0' || number < 0) {
      return false;
    } else if (name == "--port") {
      options.port = value;
    } else if (name == "--min-part") {
      options.min_part_bytes = static_cast<std::uint64_t>(number);
    } else if (name == "--rate") {
      options.throttle.rate_bytes_per_s = static_cast<std::uint64_t>(number);
    } else if (name == "--slow-for") {
      options.throttle.slow_for_s = number;
    } else if (name == "--stall-after") {
      options.throttle.stall_after_bytes = static_cast<std::uint64_t>(number);
    } else if (name == "--stall-for") {
      options.throttle.stall_for_s = number;
    } else {
      return false;
    }
  }
  return true;
}

/// A listening socket, or -1 with a message.
int listen_on(const Options& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(options.host.c_str(), options.port.c_str(), &hints, &found); error != 0) {
    fmt::print(stderr, "weir_discard_s3: cannot use {}: {}\n", options.host, ::gai_strerror(error));
    return -1;
  }
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool ok = fd >= 0 && ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 128) == 0;
  ::freeaddrinfo(found);
  if (ok) return fd;
  fmt::print(stderr, "weir_discard_s3: cannot listen on {} port {}: {}\n", options.host, options.port,
             std::strerror(errno));
  return -1;
}

int port_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!read_options(count, words, options)) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  const int listener = listen_on(options);
  if (listener < 0) return 1;
  // Connections run in detached threads until the process ends, so what they share lives as long.
  auto* shared = new discard::Shared{
      discard::Store(options.min_part_bytes), discard::Throttle(options.throttle), options.verify, {}};
  fmt::print("listening on {}\n", port_of(listener));
  std::fflush(stdout);
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread([fd, shared] { discard::serve(fd, *shared); }).detach();
  }
}
