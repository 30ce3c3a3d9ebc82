#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "platform/fd.hpp"
#include "platform/poller.hpp"
#include "support/drive.hpp"
#include "support/pipe.hpp"
#include "support/temp_dir.hpp"
#include "weir/core/job.hpp"
#include "weir/stages/fd.hpp"
#include "weir/stages/generator.hpp"
#include "weir/stages/null.hpp"

using namespace weir;
using namespace std::chrono_literals;
using platform::Fd;
using platform::ReadyWait;
using test::Bench;
using test::Pipe;

namespace {

constexpr int kIdle = 2000;

/// Room for `count` descriptors in this process.
void allow_descriptors(rlim_t count) {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  REQUIRE(limit.rlim_max >= count);
  limit.rlim_cur = std::max(limit.rlim_cur, count);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

int threads_now() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("Threads:")) return std::stoi(line.substr(8));
  return -1;
}

/// How long a task of a blocking thread's takes to come to run.
std::chrono::steady_clock::duration blocking_delay(Executor& pool) {
  const auto start = std::chrono::steady_clock::now();
  auto ran = std::make_shared<std::promise<void>>();
  auto done = ran->get_future();
  pool.post_blocking([ran] { ran->set_value(); });
  done.wait_for(20s);
  return std::chrono::steady_clock::now() - start;
}

/// The least number of threads seen while idle ones end.
int threads_after(std::chrono::seconds patience, int enough) {
  int least = threads_now();
  for (auto left = patience * 20; least > enough && left.count() > 0; --left) {
    std::this_thread::sleep_for(50ms);
    least = std::min(least, threads_now());
  }
  return least;
}

}  // namespace

TEST_CASE("two thousand idle pipes hold no threads up, and each still delivers") {
  allow_descriptors(2 * kIdle + 100);
  const int before = threads_now();
  auto pool = Executor::make_pool(2);
  std::vector<Pipe> pipes(kIdle);
  std::vector<Job> jobs;
  for (Pipe& pipe : pipes)
    jobs.push_back(start(from_fd(pipe.reader.get(), "pipe") | null(),
                         {.budget_bytes = kMinBudgetBytes, .executor = pool, .on_progress = {}}));
  CHECK(blocking_delay(*pool) < 5s);
  CHECK(threads_after(15s, before + 16) <= before + 16);
  for (Job& job : jobs) CHECK(job.progress().memory_bytes == 0);  // nothing is held for what has not come
  for (Pipe& pipe : pipes) {
    REQUIRE(::write(pipe.writer.get(), "bytes", 5) == 5);
    pipe.writer = Fd();
  }
  for (Job& job : jobs) {
    const auto result = job.wait();
    REQUIRE(result.ok());
    CHECK(result->bytes_read == 5);
  }
}

TEST_CASE("six hundred pipes whose readers are asleep hold no threads up, and cancel ends them at once") {
  allow_descriptors(3 * 600 + 100);
  auto pool = Executor::make_pool(2);
  std::vector<Pipe> pipes(600);
  std::vector<Job> jobs;
  for (Pipe& pipe : pipes)
    jobs.push_back(start(generator({.bytes = kMiB}) | to_fd(pipe.writer.get(), "pipe"),
                         {.budget_bytes = kMinBudgetBytes, .executor = pool, .on_progress = {}}));
  for (Job& job : jobs)
    while (job.progress().bytes_confirmed < 65536) std::this_thread::sleep_for(1ms);
  CHECK(blocking_delay(*pool) < 5s);
  const auto told = std::chrono::steady_clock::now();
  for (Job& job : jobs) job.cancel();
  for (Job& job : jobs) CHECK(job.wait().status().kind() == Kind::cancelled);
  CHECK(std::chrono::steady_clock::now() - told < 5s);
}

TEST_CASE("a stream that stops and goes on arrives whole through two pipes") {
  Pipe in;
  Pipe out;
  const std::string text = test::sample_bytes(kMiB);
  std::thread writer([&] {
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t put = ::write(in.writer.get(), text.data() + at, std::min<std::size_t>(text.size() - at, 99999));
      if (put <= 0) std::abort();
      at += static_cast<std::size_t>(put);
      std::this_thread::sleep_for(10ms);
    }
    in.writer = Fd();
  });
  std::string got;
  std::thread reader([&] {
    std::string buffer(150001, ' ');
    for (;;) {
      std::this_thread::sleep_for(7ms);
      const ssize_t count = ::read(out.reader.get(), buffer.data(), buffer.size());
      if (count <= 0) return;
      got.append(buffer, 0, static_cast<std::size_t>(count));
    }
  });
  const auto result = start(from_fd(in.reader.get(), "in") | to_fd(out.writer.get(), "out")).wait();
  out.writer = Fd();
  writer.join();
  reader.join();
  REQUIRE(result.ok());
  CHECK(result->bytes_stored == text.size());
  CHECK((got == text));
}

TEST_CASE("a descriptor is waited for in both directions at once, and each wait ends by itself") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  const Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  const std::string filling(kMiB, 'x');
  while (::send(ours.get(), filling.data(), filling.size(), MSG_NOSIGNAL) > 0) {
  }
  Bench reading;
  Bench writing;
  ReadyWait read_wait;
  ReadyWait write_wait;
  REQUIRE(read_wait.start(ours.get(), POLLIN, reading.context.wake) == 0);
  REQUIRE(write_wait.start(ours.get(), POLLOUT, writing.context.wake) == 0);
  REQUIRE(::send(theirs.get(), "x", 1, MSG_NOSIGNAL) == 1);
  reading.wait();
  {
    std::lock_guard lock(writing.signal->mutex);
    CHECK_FALSE(writing.signal->set);
  }
  std::string drained(kMiB, ' ');
  while (::recv(theirs.get(), drained.data(), drained.size(), 0) > 0) {
  }
  writing.wait();
}

TEST_CASE("a wait that was cancelled wakes nobody, and what never waits is refused") {
  Pipe pipe;
  Bench bench;
  {
    ReadyWait wait;
    REQUIRE(wait.start(pipe.reader.get(), POLLIN, bench.context.wake) == 0);
    REQUIRE(wait.start(pipe.reader.get(), POLLIN, bench.context.wake) == 0);
  }
  REQUIRE(::write(pipe.writer.get(), "x", 1) == 1);
  std::this_thread::sleep_for(50ms);
  {
    std::lock_guard lock(bench.signal->mutex);
    CHECK_FALSE(bench.signal->set);
  }
  ReadyWait wait;
  const Fd device(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(wait.start(device.get(), POLLIN, bench.context.wake) == EPERM);
  CHECK(wait.start(1000000, POLLIN, bench.context.wake) == EBADF);
}
