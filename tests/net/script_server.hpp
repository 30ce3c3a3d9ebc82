// An HTTP server for tests whose every byte, delay and reset is scripted: one thread per connection, blocking sockets.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace weir::test {

/// One request as it came over the wire.
struct Seen {
  std::string head;  ///< request line and header lines, the blank line included
  std::string body;
  std::string method() const { return head.substr(0, head.find(' ')); }
  std::string target() const {
    const auto start = head.find(' ') + 1;
    return head.substr(start, head.find(' ', start) - start);
  }
  bool has(const std::string& text) const { return head.find(text) != std::string::npos; }
  /// The value of header `name` (as spelled), or "".
  std::string header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
  std::size_t length() const {
    const auto text = header("Content-Length");
    return text.empty() ? 0 : std::stoull(text);
  }
};

/// The server's end of a connection. Used by its own thread.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Reads to the end of a request's head; head is empty when the client closed.
  Seen read_head() {
    Seen seen;
    std::size_t end;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return seen;
    }
    seen.head = held_.substr(0, end + 4);
    held_.erase(0, end + 4);
    return seen;
  }
  /// Reads `count` bytes of a body, or fewer when the client closed.
  std::string read(std::size_t count) {
    while (held_.size() < count && receive()) {
    }
    std::string bytes = held_.substr(0, count);
    held_.erase(0, bytes.size());
    return bytes;
  }
  Seen read_request() {
    Seen seen = read_head();
    if (!seen.head.empty()) seen.body = read(seen.length());
    return seen;
  }
  void discard(std::size_t count) {
    std::vector<char> scratch(1 << 20);
    const std::size_t held = std::min(count, held_.size());
    held_.erase(0, held);
    for (count -= held; count > 0;) {
      const auto got = ::recv(fd_, scratch.data(), std::min(scratch.size(), count), 0);
      if (got <= 0) return;
      count -= static_cast<std::size_t>(got);
    }
  }
  bool send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const auto count = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }
  bool reply(int status, const std::string& body, const std::string& headers = {}) {
    return send("HTTP/1.1 " + std::to_string(status) + " Said\r\n" + headers +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  /// Ends the connection with RST.
  void reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Reads nothing and waits for the client to close. Whether it did within the time.
  bool sees_close(std::chrono::milliseconds within) {
    pollfd wait{fd_, POLLRDHUP, 0};
    return poll(&wait, 1, static_cast<int>(within.count())) == 1;
  }
  /// Hands bytes on, both ways, between the client and a server on this machine, until one of them closes.
  void relay_to(int port) {
    const int there = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    bool open = connect(there, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    while (open) {
      pollfd waits[2] = {{fd_, POLLIN, 0}, {there, POLLIN, 0}};
      open = poll(waits, 2, -1) > 0;
      for (int i = 0; i < 2 && open; ++i) {
        if (waits[i].revents == 0) continue;
        char bytes[16384];
        const auto count = ::recv(waits[i].fd, bytes, sizeof bytes, 0);
        open = count > 0 && ::send(waits[1 - i].fd, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
      }
    }
    ::close(there);
  }
  /// From the server's destructor: unblocks the script.
  void hang_up() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }

 private:
  bool receive() {
    char bytes[65536];
    const auto count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    held_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  std::mutex mutex_;  // of closing fd_, against hang_up
  int fd_;
  std::string held_;
};

class ScriptServer {
 public:
  /// Runs once per connection, on its thread; the connection closes when it returns. `number` counts from 1.
  using Script = std::function<void(Peer&, int number)>;

  explicit ScriptServer(Script script, bool ipv6 = false) : ipv6_(ipv6), script_(std::move(script)) {
    listener_ = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_storage address{};
    socklen_t size = sizeof(sockaddr_in);
    if (ipv6) {
      auto* in6 = reinterpret_cast<sockaddr_in6*>(&address);
      in6->sin6_family = AF_INET6;
      in6->sin6_addr = in6addr_loopback;
      size = sizeof(sockaddr_in6);
    } else {
      auto* in = reinterpret_cast<sockaddr_in*>(&address);
      in->sin_family = AF_INET;
      in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 512) != 0) {
      throw std::runtime_error("cannot listen");
    }
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(ipv6 ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                       : reinterpret_cast<sockaddr_in*>(&address)->sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ScriptServer(const ScriptServer&) = delete;
  ScriptServer& operator=(const ScriptServer&) = delete;
  ~ScriptServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (auto& peer : peers_) peer->hang_up();
    for (auto& thread : threads_) thread.join();
  }

  /// Answers every request of every connection with what `answer` says (a whole reply).
  static Script answering(std::function<std::string(const Seen&)> answer) {
    return [answer = std::move(answer)](Peer& peer, int) {
      while (true) {
        const Seen seen = peer.read_request();
        if (seen.head.empty() || !peer.send(answer(seen))) return;
      }
    };
  }

  int port() const { return port_; }
  int connections() const { return connections_; }
  std::string authority() const { return (ipv6_ ? "[::1]:" : "127.0.0.1:") + std::to_string(port_); }
  std::string url(const std::string& path = "/") const { return "http://" + authority() + path; }

 private:
  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      peers_.push_back(std::make_unique<Peer>(fd));
      threads_.emplace_back([this, peer = peers_.back().get(), number = ++connections_] {
        script_(*peer, number);
        peer->close();
      });
    }
  }

  const bool ipv6_;
  const Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::vector<std::unique_ptr<Peer>> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

inline std::string reply_of(int status, const std::string& body = {}, const std::string& headers = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace weir::test
