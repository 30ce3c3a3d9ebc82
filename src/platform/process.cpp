#include "platform/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>
#include <utility>

#include "platform/platform.hpp"

namespace weir::platform {
namespace {

constexpr std::size_t kMaxErrorBytes = 4096;

using Clock = std::chrono::steady_clock;

class Pipe {
 public:
  Pipe() = default;
  ~Pipe() {
    close(0);
    close(1);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  Status open() { return ::pipe2(ends_.data(), O_CLOEXEC) == 0 ? Status() : errno_status(errno, "make a pipe"); }
  void close(std::size_t end) {
    if (ends_[end] >= 0) ::close(std::exchange(ends_[end], -1));
  }
  int operator[](std::size_t end) const { return ends_[end]; }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// Starts it with the signals of a fresh process: threads of ours block them all.
Result<pid_t> start(const std::vector<std::string>& words, int out, int err) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, 1);
  posix_spawn_file_actions_adddup2(&actions, err, 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int failed = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return errno_status(failed, "run " + words[0]);
  return child;
}

/// Reads once from `fd`; whether there may be more. Above `most` bytes are read, not kept.
bool drain(int fd, std::string& into, std::size_t most) {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::read(fd, bytes.data(), bytes.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (into.size() < most) into.append(bytes.data(), std::min(static_cast<std::size_t>(count), most - into.size()));
  return count > 0;
}

int milliseconds_to(Clock::time_point end) {
  return static_cast<int>(
      std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count()));
}

/// Both streams to their ends; false where that takes too long.
bool read_all(Pipe& out, Pipe& err, const ProcessLimits& limits, Clock::time_point end, ProcessOutput& output) {
  while (out[0] >= 0 || err[0] >= 0) {
    std::array<pollfd, 2> waits{pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
    const int ready = ::poll(waits.data(), waits.size(), milliseconds_to(end));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;
    if (waits[0].revents != 0 && !drain(out[0], output.out, limits.max_output_bytes + 1)) out.close(0);
    if (waits[1].revents != 0 && !drain(err[0], output.err, kMaxErrorBytes)) err.close(0);
  }
  return true;
}

/// Its exit code; -1 where it does not end in time.
int exit_of(pid_t child, Clock::time_point end) {
  for (auto pause = std::chrono::milliseconds(1);; pause = std::min(pause * 2, std::chrono::milliseconds(20))) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (ended < 0 && errno != EINTR) return 0;  // the host has children reaped: what was printed must tell
    if (Clock::now() >= end) return -1;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

Result<ProcessOutput> run_process(const std::vector<std::string>& words, const ProcessLimits& limits) {
  Pipe out;
  Pipe err;
  WEIR_TRY(out.open());
  WEIR_TRY(err.open());
  WEIR_ASSIGN(const pid_t child, start(words, out[1], err[1]));
  out.close(1);
  err.close(1);
  const Clock::time_point end = Clock::now() + limits.within;
  ProcessOutput output;
  const bool whole = read_all(out, err, limits, end, output);
  output.exit_code = whole ? exit_of(child, end) : -1;
  if (output.exit_code < 0) {
    ::kill(child, SIGKILL);
    exit_of(child, Clock::now() + std::chrono::seconds(5));
    return Status(Kind::timeout, fmt::format("{} did not end within {} ms", words[0], limits.within.count()));
  }
  if (output.out.size() > limits.max_output_bytes) {
    return Status(Kind::limit, fmt::format("{} printed more than {} bytes", words[0], limits.max_output_bytes));
  }
  return output;
}

}  // namespace weir::platform
