#include "server/sockets.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/sendfile.h>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "platform/platform.hpp"

namespace weir::server {
namespace {

using asio::ip::tcp;
using Error = asio::error_code;

constexpr std::size_t kRead = 256 * 1024;        // at once
constexpr std::size_t kCopiedBelow = 16 * 1024;  // what came of less is copied, so that its buffer is free at once
constexpr std::size_t kKeptBuffers = 32;
constexpr std::size_t kSentOfFile = 1 << 20;  // at once: others have their turn
constexpr std::chrono::milliseconds kNoDescriptors{100};
constexpr std::chrono::milliseconds kQuietAfter{2};

Session::Time now() { return Session::Time(platform::platform().monotonic_ns()); }

/// Memory to read into, used again by whoever reads next. Thread-safe.
class Buffers : public std::enable_shared_from_this<Buffers> {
 public:
  using Buffer = std::unique_ptr<std::byte[]>;
  Buffer take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return Buffer(new std::byte[kRead]);
    Buffer buffer = std::move(free_.back());
    free_.pop_back();
    return buffer;
  }
  void give_back(Buffer buffer) noexcept {
    const std::lock_guard lock(mutex_);
    if (free_.size() < kKeptBuffers) free_.push_back(std::move(buffer));
  }
  Chunk chunk(Buffer buffer, std::size_t bytes) {
    std::byte* const data = buffer.release();
    return Chunk::foreign({data, bytes}, [self = shared_from_this()](const std::byte* memory) noexcept {
      self->give_back(Buffer(const_cast<std::byte*>(memory)));
    });
  }

 private:
  std::mutex mutex_;
  std::vector<Buffer> free_;
};

class AsioSockets;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(AsioSockets& owner, tcp::socket socket, std::string peer, Endpoint& endpoint, const SessionLimits& limits);

  /// Does what there is to do.
  void step();
  void close();

 private:
  void read();
  void write();
  void send_text(std::string_view text);
  void send_file(const FileRange& range);
  void failed();
  void set_timer();

  AsioSockets& owner_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  std::optional<Session::Time> armed_;
  Session session_;
  bool reading_ = false;
  bool writing_ = false;
  bool shut_ = false;
  bool closed_ = false;
};

/// Tasks on the server's thread, as long as there is one: what comes later is dropped.
class LoopExecutor final : public Executor {
 public:
  explicit LoopExecutor(asio::io_context& context) : context_(&context) {}
  void close() {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }
  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    if (context_ != nullptr) asio::post(*context_, std::move(task));
  }
  void post_blocking(Task task) override { Executor::default_pool()->post_blocking(std::move(task)); }
  void post_after(std::chrono::nanoseconds delay, Task task) override {
    const std::lock_guard lock(mutex_);
    if (context_ == nullptr) return;
    auto timer = std::make_shared<asio::steady_timer>(*context_, delay);
    timer->async_wait([timer, task = std::move(task)](const Error& error) {
      if (!error) task();
    });
  }
  std::size_t concurrency() const noexcept override { return 1; }

 private:
  std::mutex mutex_;
  asio::io_context* context_;
};

class AsioSockets final : public Sockets {
 public:
  explicit AsioSockets(SocketLimits limits) : limits_(limits), acceptor_(context_), pause_(context_) {}
  ~AsioSockets() override { executor_->close(); }
  AsioSockets(const AsioSockets&) = delete;
  AsioSockets& operator=(const AsioSockets&) = delete;

  Status bind(const std::string& address);
  std::string address() const override { return bound_; }
  std::shared_ptr<Executor> executor() override { return executor_; }
  void run(Endpoint& endpoint, std::function<bool()> quiet) override;
  void stop(std::chrono::milliseconds grace) override;

  asio::io_context& context() { return context_; }
  const std::shared_ptr<Buffers>& buffers() { return buffers_; }
  bool stopping() const { return stopping_; }
  void gone(const std::shared_ptr<Connection>& connection);

 private:
  void accept();
  void end_if_quiet();

  const SocketLimits limits_;
  asio::io_context context_{1};
  std::shared_ptr<LoopExecutor> executor_ = std::make_shared<LoopExecutor>(context_);
  std::shared_ptr<Buffers> buffers_ = std::make_shared<Buffers>();
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::string bound_;
  Endpoint* endpoint_ = nullptr;
  std::function<bool()> quiet_;
  bool stopping_ = false;
  std::set<std::shared_ptr<Connection>> connections_;
};

// --- one connection ---

Connection::Connection(AsioSockets& owner, tcp::socket socket, std::string peer, Endpoint& endpoint,
                       const SessionLimits& limits)
    : owner_(owner),
      socket_(std::move(socket)),
      timer_(owner.context()),
      session_(endpoint, std::move(peer), limits, now, [this] {
        asio::post(owner_.context(), [self = weak_from_this()] {
          if (const auto here = self.lock()) here->step();
        });
      }) {}

void Connection::step() {
  if (closed_) return;
  if (session_.over() || (owner_.stopping() && session_.is_idle())) return close();
  if (!writing_) write();
  if (closed_) return;
  if (session_.sends_no_more() && !writing_ && !std::exchange(shut_, true)) {
    Error ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  if (!reading_ && session_.wants_bytes()) read();
  set_timer();
}

void Connection::read() {
  reading_ = true;
  // No memory waits with it.
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](const Error& error) {
    self->reading_ = false;
    if (self->closed_) return;
    if (error) return self->failed();
    if (!self->session_.wants_bytes()) return self->step();
    auto buffer = self->owner_.buffers()->take();
    Error what;
    const std::size_t bytes = self->socket_.read_some(asio::buffer(buffer.get(), kRead), what);
    if (what == asio::error::would_block) {
      self->owner_.buffers()->give_back(std::move(buffer));
    } else if (what == asio::error::eof) {
      self->session_.ended();
    } else if (what) {
      return self->failed();
    } else if (bytes < kCopiedBelow) {
      self->session_.received(Chunk::copy_of(std::span<const std::byte>(buffer.get(), bytes)));
      self->owner_.buffers()->give_back(std::move(buffer));
    } else {
      self->session_.received(self->owner_.buffers()->chunk(std::move(buffer), bytes));
    }
    self->step();
  });
}

void Connection::write() {
  const Session::Output output = session_.output();
  if (output.empty()) return;
  writing_ = true;
  if (output.file == nullptr) return send_text(output.text);
  socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](const Error& error) {
    self->writing_ = false;
    if (self->closed_) return;
    if (error) return self->failed();
    const Session::Output now_due = self->session_.output();
    if (now_due.file != nullptr) self->send_file(*now_due.file);
  });
}

void Connection::send_text(std::string_view text) {
  socket_.async_write_some(asio::buffer(text.data(), text.size()),
                           [self = shared_from_this()](const Error& error, std::size_t bytes) {
                             self->writing_ = false;
                             if (self->closed_) return;
                             if (error) return self->failed();
                             self->session_.sent(bytes);
                             self->step();
                           });
}

void Connection::send_file(const FileRange& range) {
  off_t offset = static_cast<off_t>(range.offset);
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(range.bytes, kSentOfFile));
  const ssize_t bytes = ::sendfile(socket_.native_handle(), range.file->get(), &offset, most);
  if (bytes > 0) session_.sent(static_cast<std::uint64_t>(bytes));
  // Shorter than it was when its length was told: the client must see that all did not come.
  if (bytes == 0 || (bytes < 0 && errno != EAGAIN && errno != EINTR)) return failed();
  step();
}

void Connection::failed() {
  session_.ended();
  close();
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  Error ignored;
  socket_.close(ignored);
  timer_.cancel();
  owner_.gone(shared_from_this());
}

void Connection::set_timer() {
  const auto deadline = session_.deadline();
  if (!deadline) return;
  // One that is armed for an earlier moment looks again then.
  if (armed_ && *armed_ <= *deadline) return;
  armed_ = deadline;
  timer_.expires_after(std::max(*deadline - now(), Session::Time(0)));
  timer_.async_wait([self = weak_from_this()](const Error& error) {
    const auto here = self.lock();
    if (error || !here || here->closed_) return;
    here->armed_.reset();
    here->session_.time_passed();
    here->step();
  });
}

// --- all of them ---

Status AsioSockets::bind(const std::string& address) {
  const auto wrong = [&](std::string why) {
    return Status(Kind::invalid_argument, std::move(why))
        .during("listen on " + address)
        .advise("An address is like 127.0.0.1:8080 or [::1]:8080.");
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return wrong("there is no port");
  const auto port = read_count(std::string_view(address).substr(colon + 1));
  if (!port || *port > 65535) return wrong("the port is no number up to 65535");
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  Error error;
  const auto ip = host.empty() ? asio::ip::address(asio::ip::address_v6::any()) : asio::ip::make_address(host, error);
  if (error) return wrong("that is no address of this machine");
  const tcp::endpoint end(ip, static_cast<std::uint16_t>(*port));
  acceptor_.open(end.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && host.empty()) acceptor_.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor_.bind(end, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.non_blocking(true, error);
  if (error) return platform::errno_status(error.value(), "listen on " + address);
  const tcp::endpoint local = acceptor_.local_endpoint();
  bound_ = local.address().is_v6() ? fmt::format("[{}]:{}", local.address().to_string(), local.port())
                                   : fmt::format("{}:{}", local.address().to_string(), local.port());
  return {};
}

void AsioSockets::run(Endpoint& endpoint, std::function<bool()> quiet) {
  // sendfile has no flag against it, and this thread is ours.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  endpoint_ = &endpoint;
  quiet_ = std::move(quiet);
  accept();
  context_.run();
}

void AsioSockets::accept() {
  acceptor_.async_accept([this](const Error& error, tcp::socket socket) {
    if (stopping_ || error == asio::error::operation_aborted) return;
    if (error) {  // no descriptors left, most likely: not again and again at once
      pause_.expires_after(kNoDescriptors);
      pause_.async_wait([this](const Error& cancelled) {
        if (!cancelled && !stopping_) accept();
      });
      return;
    }
    Error what;
    const tcp::endpoint peer = socket.remote_endpoint(what);
    if (!what) socket.non_blocking(true, what);
    if (!what) socket.set_option(tcp::no_delay(true), what);
    if (!what && connections_.size() < limits_.connections) {
      const auto connection = std::make_shared<Connection>(*this, std::move(socket), peer.address().to_string(),
                                                           *endpoint_, limits_.session);
      connections_.insert(connection);
      connection->step();
    }
    accept();
  });
}

void AsioSockets::gone(const std::shared_ptr<Connection>& connection) {
  connections_.erase(connection);
  if (stopping_) end_if_quiet();
}

void AsioSockets::end_if_quiet() {
  if (!connections_.empty()) return;
  if (quiet_()) return context_.stop();
  executor_->post_after(kQuietAfter, [this] { end_if_quiet(); });
}

void AsioSockets::stop(std::chrono::milliseconds grace) {
  asio::post(context_, [this, grace] {
    if (std::exchange(stopping_, true)) return;
    Error ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    const auto all = connections_;
    for (const auto& connection : all) connection->step();
    end_if_quiet();
    executor_->post_after(grace, [this] {
      const auto left = connections_;
      for (const auto& connection : left) connection->close();
    });
  });
}

}  // namespace

Result<std::unique_ptr<Sockets>> Sockets::listen(const std::string& address, SocketLimits limits) {
  auto sockets = std::make_unique<AsioSockets>(limits);
  WEIR_TRY(sockets->bind(address));
  return std::unique_ptr<Sockets>(std::move(sockets));
}

}  // namespace weir::server
