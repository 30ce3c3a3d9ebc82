#include "weir/stages/fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "platform/fd.hpp"
#include "stages/stream_reader.hpp"

namespace weir {
namespace {

using platform::platform;

class FdSource final : public Source {
 public:
  FdSource(int fd, std::string name) : name_(std::move(name)), reader_(fd, name_) {}
  std::string name() const override { return "fd"; }
  bool blocking() const override { return true; }
  bool waits() const override { return false; }  // for 2 ms at most, and then in the poller
  Status describe(Upstream& upstream) override {
    upstream.source = name_;
    return {};
  }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Chunk> next() override { return reader_.next(*context_); }

 private:
  const std::string name_;
  stages::StreamReader reader_;
  const Context* context_ = nullptr;
};

class FdSink final : public Sink {
 public:
  FdSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  std::string name() const override { return "fd"; }
  bool blocking() const override { return true; }
  Status open(Context& context) override;
  Status write(Chunk&& chunk) override;
  Result<Receipt> close() override;
  void abort() override {
    wait_.cancel();
    own_ = platform::Fd();
  }
  std::uint64_t confirmed_bytes() const override { return written_.load(std::memory_order_relaxed); }

 private:
  int ours() const { return own_ ? own_.get() : fd_; }
  ssize_t write_some(std::span<const std::byte> bytes);

  const int fd_;
  const std::string name_;
  const Context* context_ = nullptr;
  /// A description of our own of the same pipe or terminal, which alone is non-blocking. May be empty.
  platform::Fd own_;
  stages::FdWait wait_;
  /// How much of the chunk that write() gets again is written.
  std::size_t chunk_written_ = 0;
  bool regular_ = false;
  bool socket_ = false;
  /// What a write may take at once without waiting longer than poll() promised.
  std::size_t step_bytes_ = SIZE_MAX;
  std::atomic<std::uint64_t> written_{0};
};

Status FdSink::open(Context& context) {
  context_ = &context;
  WEIR_ASSIGN(const auto found, platform::stat_of(fd_, name_));
  regular_ = S_ISREG(found.st_mode);
  socket_ = S_ISSOCK(found.st_mode);
  if (!S_ISFIFO(found.st_mode) && !(S_ISCHR(found.st_mode) && ::isatty(fd_) == 1)) return {};
  // A write to a full pipe waits for its reader, and a job that is told to stop could not. O_NONBLOCK on the caller's
  // description would also change it for whoever else has it, so this one is opened anew.
  auto own = platform::open_file(fmt::format("/proc/self/fd/{}", fd_), O_WRONLY | O_NONBLOCK | O_NOCTTY);
  if (own) {
    own_ = std::move(own).value();
  } else {
    step_bytes_ = PIPE_BUF;  // poll() promises room for that much
  }
  return {};
}

ssize_t FdSink::write_some(std::span<const std::byte> bytes) {
  const std::size_t count = std::min(bytes.size(), step_bytes_);
  if (socket_) return platform().send_nowait(fd_, bytes.data(), count);
  return platform().write(ours(), bytes.data(), count);
}

Status FdSink::write(Chunk&& chunk) {
  auto left = chunk.bytes().subspan(chunk_written_);
  while (!left.empty()) {
    if (!regular_) WEIR_TRY(wait_.ready(ours(), POLLOUT, *context_, "write " + name_, confirmed_bytes()));
    const ssize_t put = write_some(left);
    if (put > 0) {
      left = left.subspan(static_cast<std::size_t>(put));
      chunk_written_ += static_cast<std::size_t>(put);
      written_.fetch_add(static_cast<std::uint64_t>(put), std::memory_order_relaxed);
      continue;
    }
    if (put == 0) return Status(Kind::io, "nothing more is accepted").during("write " + name_).at(confirmed_bytes());
    if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
      return platform::errno_status(errno, "write " + name_).at(confirmed_bytes());
  }
  chunk_written_ = 0;
  return {};
}

Result<Receipt> FdSink::close() {
  own_ = platform::Fd();
  if (regular_ && platform().fdatasync(fd_) != 0) return platform::errno_status(errno, "sync " + name_);
  Receipt receipt;
  receipt.bytes_acked = receipt.bytes_stored = confirmed_bytes();
  receipt.destination = name_;
  return receipt;
}

}  // namespace

std::unique_ptr<Source> from_fd(int fd, std::string name) { return std::make_unique<FdSource>(fd, std::move(name)); }
std::unique_ptr<Sink> to_fd(int fd, std::string name) { return std::make_unique<FdSink>(fd, std::move(name)); }

}  // namespace weir
