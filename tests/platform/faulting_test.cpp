#include "platform/faulting.hpp"

#include <fcntl.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include "support/temp_dir.hpp"

using namespace weir::platform;
using Mode = ScopedFaults::Mode;

TEST_CASE("only the n-th call of the named function fails") {
  ScopedFaults faults;
  faults.fail(Call::stat, 2, EACCES);
  struct stat found {};
  CHECK(platform().stat("/", &found) == 0);
  CHECK(platform().mkdir("/", 0700) == -1);
  CHECK(errno == EEXIST);
  CHECK(platform().stat("/", &found) == -1);
  CHECK(errno == EACCES);
  CHECK(platform().stat("/", &found) == 0);
  CHECK(faults.fired() == 1);
  CHECK(faults.count(Call::stat) == 3);
  CHECK(faults.total() == 4);
}

TEST_CASE("a persistent fault stays") {
  ScopedFaults faults;
  faults.fail(Call::stat, 2, EIO, Mode::persistent);
  struct stat found {};
  CHECK(platform().stat("/", &found) == 0);
  CHECK(platform().stat("/", &found) == -1);
  CHECK(platform().stat("/", &found) == -1);
  CHECK(faults.fired() == 2);
}

TEST_CASE("the table is the real one again afterwards") {
  { ScopedFaults faults; }
  CHECK(&platform() == &real_calls());
}

TEST_CASE("an action runs just before its call") {
  weir::test::TempDir directory;
  const auto path = directory.write("file", "old");
  const int fd = platform().open(path.c_str(), O_RDONLY, 0);
  REQUIRE(fd >= 0);
  ScopedFaults faults;
  faults.before(Call::pread, 2, [&] { weir::test::write_file(path, "new"); });
  char text[3];
  CHECK(platform().pread(fd, text, 3, 0) == 3);
  CHECK(std::memcmp(text, "old", 3) == 0);
  CHECK(platform().pread(fd, text, 3, 0) == 3);
  CHECK(std::memcmp(text, "new", 3) == 0);
  platform().close(fd);
}

TEST_CASE("calls from many threads are all counted") {
  ScopedFaults faults;
  faults.fail(Call::stat, 150, EIO);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      struct stat found {};
      for (int i = 0; i < 100; ++i) platform().stat("/", &found);
    });
  for (auto& thread : threads) thread.join();
  CHECK(faults.count(Call::stat) == 400);
  CHECK(faults.fired() == 1);
}

TEST_CASE("every call of the table can be told to fail") {
  for (std::size_t each = 0; each < kCallCount; ++each) {
    const auto call = static_cast<Call>(each);
    INFO(to_string(call));
    ScopedFaults faults;
    faults.fail_any(1, ENOMEM, Mode::persistent);
    char byte = 0;
    struct stat found {};
    const Calls& calls = platform();
    const ssize_t results[] = {calls.open("/", O_RDONLY, 0),
                               calls.close(-1),
                               calls.read(-1, &byte, 1),
                               calls.write(-1, &byte, 1),
                               calls.pread(-1, &byte, 1, 0),
                               calls.pread_nowait(-1, &byte, 1, 0),
                               calls.pwrite(-1, &byte, 1, 0),
                               calls.fstat(-1, &found),
                               calls.stat("/", &found),
                               calls.fdatasync(-1),
                               calls.fsync(-1),
                               calls.rename("", ""),
                               calls.unlink(""),
                               calls.mkdir("", 0),
                               calls.rename_noreplace("", ""),
                               calls.fchmod(-1, 0),
                               calls.poll(nullptr, 0, 0),
                               calls.send_nowait(-1, &byte, 1),
                               calls.realpath("/") == nullptr ? -1 : 0,
                               calls.read_directory(-1, &byte, 1),
                               calls.lock_byte(-1, 0, true),
                               calls.ftruncate(-1, 0)};
    CHECK(std::size(results) == kCallCount);
    CHECK(results[each] == -1);
    CHECK(faults.count(call) == 1);
    CHECK(faults.fired() == kCallCount);
  }
}
