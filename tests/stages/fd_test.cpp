#include "weir/stages/fd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <functional>
#include <future>
#include <thread>

#include "platform/faulting.hpp"
#include "platform/fd.hpp"
#include "support/drive.hpp"
#include "support/pipe.hpp"
#include "support/temp_dir.hpp"

using namespace weir;
using namespace std::chrono_literals;
using platform::Call;
using platform::Fd;
using platform::ScopedFaults;
using test::Bench;
using test::Pipe;

namespace {

/// Writes all of `text` to `sink` in pieces and closes it.
Result<Receipt> send(Sink& sink, Bench& bench, std::string_view text, std::size_t piece = 100000) {
  WEIR_TRY(sink.open(bench.context));
  for (std::size_t at = 0; at < text.size();) {
    const Status status = sink.write(Chunk::copy_of(text.substr(at, piece)));
    if (status.is_pending()) {
      bench.wait();
      continue;
    }
    WEIR_TRY(status);
    at += piece;
  }
  return sink.close();
}

/// The source's next chunk, waited for.
Result<Chunk> next_of(Source& source, Bench& bench) {
  for (;;) {
    auto chunk = source.next();
    if (chunk.ok() || !chunk.status().is_pending()) return chunk;
    bench.wait();
  }
}

std::string read_to_end(int fd) {
  std::string text;
  char buffer[5000];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
    if (got == 0) return text;
  }
}

}  // namespace

TEST_CASE("a pipe arrives whole, whatever the flags of its descriptor") {
  const std::string text = test::sample_bytes(kMiB + 3);
  for (const int flags : {O_CLOEXEC, O_CLOEXEC | O_NONBLOCK}) {
    Pipe pipe(flags);
    std::thread writer([&] {
      Bench bench;
      auto sink = to_fd(pipe.writer.get(), "pipe");
      auto receipt = send(*sink, bench, text);
      sink.reset();
      pipe.writer = Fd();
      if (!receipt || receipt->bytes_stored != text.size()) std::abort();
    });
    Bench bench;
    auto source = from_fd(pipe.reader.get(), "pipe");
    auto got = test::read_all(*source, bench);
    writer.join();
    REQUIRE(got.ok());
    CHECK((*got == text));
    CHECK(source->blocking());
    CHECK_FALSE(bench.context.upstream.exact_bytes);
  }
}

TEST_CASE("many small writes become few chunks, given on before the pipe ends") {
  Pipe pipe;
  std::promise<void> all_read;
  std::thread writer([&] {
    for (int i = 0; i < 2000; ++i)
      if (::write(pipe.writer.get(), "0123456789", 10) != 10) std::abort();
    all_read.get_future().wait_for(5s);
    pipe.writer = Fd();
  });
  Bench bench;
  auto source = from_fd(pipe.reader.get(), "pipe");
  REQUIRE(source->open(bench.context).ok());
  std::size_t bytes = 0;
  int chunks = 0;
  const auto start = std::chrono::steady_clock::now();
  while (bytes < 20000) {
    auto chunk = next_of(*source, bench);
    REQUIRE(chunk.ok());
    bytes += chunk->size();
    ++chunks;
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  all_read.set_value();
  CHECK(chunks < 200);
  CHECK(next_of(*source, bench)->empty());
  CHECK(source->next()->empty());
  writer.join();
}

TEST_CASE("a source and a sink that wait answer within 100 ms of being told to stop") {
  // Runs `wait` and tells it to stop; the time it then took. The best of three counts: a busy machine adds its own.
  const auto best_answer = [](const std::function<Status(Pipe&, Bench&)>& wait) {
    std::chrono::steady_clock::duration best = 1h;
    for (int attempt = 0; attempt < 3; ++attempt) {
      Pipe pipe;
      Bench bench;
      std::chrono::steady_clock::time_point told;
      std::thread stopper([&] {
        std::this_thread::sleep_for(70ms);
        told = std::chrono::steady_clock::now();
        *bench.stop = true;
        bench.context.wake();  // as a job does
      });
      const Status status = wait(pipe, bench);
      const auto answered = std::chrono::steady_clock::now();
      stopper.join();
      CHECK(status.kind() == Kind::cancelled);
      best = std::min(best, answered - told);
    }
    return best;
  };
  SECTION("a source without input") {
    CHECK(best_answer([](Pipe& pipe, Bench& bench) {
            auto source = from_fd(pipe.reader.get(), "in");
            WEIR_TRY(source->open(bench.context));
            return next_of(*source, bench).status();
          }) < 100ms);
  }
  SECTION("a sink whose reader is asleep") {
    CHECK(best_answer([](Pipe& pipe, Bench& bench) {
            return send(*to_fd(pipe.writer.get(), "out"), bench, std::string(kMiB, 'x')).status();
          }) < 100ms);
  }
  SECTION("the same where the pipe cannot be opened anew") {
    CHECK(best_answer([](Pipe& pipe, Bench& bench) {
            ScopedFaults faults;
            faults.fail(Call::open, 1, EACCES);
            const auto status = send(*to_fd(pipe.writer.get(), "out"), bench, std::string(kMiB, 'x')).status();
            CHECK(faults.fired() == 1);
            return status;
          }) < 100ms);
  }
}

TEST_CASE("the caller's descriptor keeps its flags") {
  Pipe pipe;
  Bench bench;
  auto sink = to_fd(pipe.writer.get(), "out");
  CHECK(send(*sink, bench, "text").ok());
  CHECK((::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("the end of the reader is reported as a broken pipe and kills nobody") {
  Bench bench;
  SECTION("of a pipe, before") {
    Pipe pipe;
    pipe.reader = Fd();
    const auto status = send(*to_fd(pipe.writer.get(), "standard output"), bench, "text").status();
    CHECK(status.kind() == Kind::broken_pipe);
    CHECK(status.message() == "cannot write standard output (byte 0): Broken pipe");
  }
  SECTION("of a pipe, meanwhile") {
    Pipe pipe;
    std::thread reader([&] {
      std::this_thread::sleep_for(20ms);
      pipe.reader = Fd();
    });
    CHECK(send(*to_fd(pipe.writer.get(), "out"), bench, std::string(kMiB, 'x')).status().kind() == Kind::broken_pipe);
    reader.join();
  }
  SECTION("of a socket") {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const Fd ours(ends[0]);
    ::close(ends[1]);
    CHECK(send(*to_fd(ours.get(), "out"), bench, std::string(kMiB, 'x')).status().kind() == Kind::broken_pipe);
  }
}

TEST_CASE("a socket takes the whole stream") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  const std::string text = test::sample_bytes(kMiB);
  std::string got;
  std::thread reader([&] { got = read_to_end(theirs.get()); });
  Bench bench;
  CHECK(send(*to_fd(ours.get(), "socket"), bench, text)->bytes_stored == text.size());
  ours = Fd();
  reader.join();
  CHECK((got == text));
}

TEST_CASE("a regular file behind a descriptor is appended to where it stands, and synced") {
  test::TempDir directory;
  const auto path = directory.write("out", "head ");
  const Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  Bench bench;
  ScopedFaults faults;
  CHECK(send(*to_fd(fd.get(), "out"), bench, "tail").ok());
  CHECK(test::read_file(path) == "head tail");
  CHECK(faults.count(Call::fdatasync) == 1);
  faults.fail(Call::fdatasync, 2, EIO);
  CHECK(send(*to_fd(fd.get(), "out"), bench, "x").status().message() == "cannot sync out: Input/output error");
}

TEST_CASE("a full device and a closed descriptor are clear errors") {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  Bench bench;
  CHECK(send(*to_fd(full.get(), "out"), bench, "text").status().kind() == Kind::no_space);
  CHECK(send(*to_fd(1000, "out"), bench, "text").status().message() == "cannot examine out: Bad file descriptor");
  auto source = from_fd(1000, "in");
  CHECK(test::drain(*source, bench).status().message() == "cannot read in (byte 0): Bad file descriptor");
}

TEST_CASE("short counts and interruptions change nothing on a pipe") {
  const std::string text = test::sample_bytes(200000);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Pipe pipe;
    ScopedFaults faults;
    faults.short_counts(seed);
    faults.interrupt(seed, 3);
    std::thread writer([&] {
      Bench bench;
      auto sink = to_fd(pipe.writer.get(), "pipe");
      if (!send(*sink, bench, text)) std::abort();
      sink.reset();
      pipe.writer = Fd();
    });
    Bench bench;
    auto source = from_fd(pipe.reader.get(), "pipe");
    auto got = test::read_all(*source, bench);
    writer.join();
    REQUIRE(got.ok());
    CHECK((*got == text));
  }
}
