#include "platform/fd.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "platform/faulting.hpp"
#include "support/temp_dir.hpp"

using namespace weir;
using namespace weir::platform;

namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

/// Writes `text` in two halves and reads it back both ways. Empty where anything failed.
std::string round_trip(const std::string& path, const std::string& text) {
  const auto half = text.size() / 2;
  {
    auto file = open_file(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (!file) return {};
    if (!pwrite_fully(file->get(), bytes_of(text).first(half), 0, path)) return {};
    if (!pwrite_fully(file->get(), bytes_of(text).subspan(half), half, path)) return {};
    if (!file->close(path)) return {};
  }
  auto file = open_file(path, O_RDONLY);
  if (!file) return {};
  std::string first(text.size() + 10, '\0');
  std::string second(text.size() + 10, '\0');
  auto got = read_fully(file->get(), std::as_writable_bytes(std::span(first)), path);
  auto again = pread_fully(file->get(), std::as_writable_bytes(std::span(second)), 1, path);
  if (!got || !again || *got != text.size() || *again != text.size() - 1) return {};
  first.resize(*got);
  second.resize(*again);
  return first.substr(1) == second ? first : std::string();
}

}  // namespace

TEST_CASE("short counts and interruptions do not change what is read or written") {
  test::TempDir directory;
  const std::string text = test::sample_bytes(5000);
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    ScopedFaults faults;
    faults.short_counts(seed);
    faults.interrupt(seed, 3);
    CHECK(round_trip(directory.path("file"), text) == text);
    CHECK(faults.open_descriptors() == 0);
    CHECK(faults.count(Call::read) > 2);
  }
}

TEST_CASE("each failing call is reported and no descriptor is lost") {
  test::TempDir directory;
  std::uint64_t n = 1;
  for (;; ++n) {
    INFO("call " << n);
    ScopedFaults faults;
    faults.fail_any(n, EIO);
    const bool whole = round_trip(directory.path("file"), "some text") == "some text";
    CHECK(faults.open_descriptors() == 0);
    if (faults.fired() == 0) {
      CHECK(whole);
      break;
    }
    // The close of a file that was only read has nothing to lose; all others must be heard.
    if (n != faults.total() || faults.count(Call::close) < 2) CHECK_FALSE(whole);
  }
  CHECK(n > 8);
}

TEST_CASE("an error names the operation, the path and the byte") {
  test::TempDir directory;
  const auto path = directory.write("file", "0123456789");
  auto file = open_file(path, O_RDWR);
  REQUIRE(file.ok());
  std::string buffer(10, '\0');
  ScopedFaults faults;
  faults.fail(Call::pread, 1, EIO);
  faults.fail(Call::pwrite, 1, ENOSPC);
  const auto read = pread_fully(file->get(), std::as_writable_bytes(std::span(buffer)), 3, path).status();
  CHECK(read.message() == "cannot read " + path + " (byte 3): Input/output error");
  const auto written = pwrite_fully(file->get(), bytes_of(buffer), 7, path);
  CHECK(written.kind() == Kind::no_space);
  CHECK(written.message() == "cannot write " + path + " (byte 7): No space left on device");
}

TEST_CASE("a failing close is reported once and the descriptor is gone") {
  test::TempDir directory;
  ScopedFaults faults;
  faults.fail(Call::close, 1, ENOSPC);
  auto file = open_file(directory.path("file"), O_WRONLY | O_CREAT, 0600);
  REQUIRE(file.ok());
  CHECK(file->close("file").kind() == Kind::no_space);
  CHECK(file->close("file").ok());
  CHECK(faults.open_descriptors() == 0);
}

TEST_CASE("a full device is told apart from a broken one") {
  auto full = open_file("/dev/full", O_WRONLY);
  REQUIRE(full.ok());
  CHECK(pwrite_fully(full->get(), bytes_of("x"), 0, "/dev/full").kind() == Kind::no_space);
}

TEST_CASE("a write to a pipe without a reader fails and sends no signal") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  const Fd writer(ends[1]);
  CHECK(platform::platform().write(writer.get(), "x", 1) == -1);  // SIGPIPE would end the test program here
  CHECK(errno == EPIPE);
  sigset_t pending;
  ::sigpending(&pending);
  CHECK(::sigismember(&pending, SIGPIPE) == 0);
}

TEST_CASE("a write past the file size limit fails and sends no signal") {
  test::TempDir directory;
  const auto path = directory.path("file");
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto file = open_file(path, O_WRONLY | O_CREAT, 0600);
    const bool refused = file && pwrite_fully(file->get(), bytes_of("x"), 4096, path).kind() == Kind::no_space;
    ::_exit(refused ? 0 : 1);
  }
  int how = -1;
  REQUIRE(::waitpid(child, &how, 0) == child);
  CHECK(how == 0);
}
