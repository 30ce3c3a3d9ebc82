#include "platform/platform.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <set>

#include "support/temp_dir.hpp"

using weir::Kind;

TEST_CASE("an errno becomes the kind that callers decide by") {
  const auto kind = [](int number) { return weir::platform::errno_status(number, "open x").kind(); };
  CHECK(kind(ENOENT) == Kind::not_found);
  CHECK(kind(EACCES) == Kind::access_denied);
  CHECK(kind(EPERM) == Kind::access_denied);
  CHECK(kind(ENOSPC) == Kind::no_space);
  CHECK(kind(EDQUOT) == Kind::no_space);
  CHECK(kind(EEXIST) == Kind::already_exists);
  CHECK(kind(EISDIR) == Kind::invalid_argument);
  CHECK(kind(EPIPE) == Kind::broken_pipe);
  CHECK(kind(EIO) == Kind::io);
  CHECK(kind(ELOOP) == Kind::io);
}

TEST_CASE("a failed call reads as one sentence") {
  CHECK(weir::platform::errno_status(ENOENT, "open big.csv").message() ==
        "cannot open big.csv: No such file or directory");
  CHECK(weir::platform::errno_status(99999, "open x").message() == "cannot open x: error number 99999");
}

TEST_CASE("random draws stay below the bound and reach every value") {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t draw = weir::platform::random_below(5);
    REQUIRE(draw < 5);
    seen.insert(draw);
  }
  CHECK(seen.size() == 5);
  CHECK(weir::platform::random_below(1) == 0);
}

TEST_CASE("random names are of the length asked for and differ") {
  std::set<std::string> names;
  for (int i = 0; i < 100; ++i) names.insert(weir::platform::random_name(12));
  CHECK(names.size() == 100);
  for (const auto& name : names) {
    CHECK(name.size() == 12);
    CHECK(name.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
          std::string::npos);
  }
}

TEST_CASE("the monotonic clock does not go back") {
  const auto first = weir::platform::platform().monotonic_ns();
  CHECK(weir::platform::platform().monotonic_ns() >= first);
  CHECK(weir::platform::platform().realtime_ns() > 1'600'000'000'000'000'000);
}

TEST_CASE("pread_nowait gives the cached bytes or says that it cannot") {
  weir::test::TempDir directory;
  const auto path = directory.write("a", "hello");
  const int fd = weir::platform::platform().open(path.c_str(), O_RDONLY | O_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  char buffer[8];
  const ssize_t got = weir::platform::platform().pread_nowait(fd, buffer, sizeof buffer, 1);
  if (got < 0) {
    CHECK((errno == EAGAIN || errno == EOPNOTSUPP));
  } else {
    CHECK(std::string(buffer, static_cast<std::size_t>(got)) == "ello");
  }
  CHECK(weir::platform::platform().close(fd) == 0);
}

TEST_CASE("A file that lives in memory is known for one") {
  const int fd = ::memfd_create("weir-test", MFD_CLOEXEC);
  REQUIRE(fd >= 0);
  CHECK(weir::platform::platform().lives_in_memory(fd));
  CHECK(weir::platform::platform().close(fd) == 0);
}

TEST_CASE("rename_noreplace refuses to replace and moves otherwise") {
  weir::test::TempDir directory;
  const auto from = directory.write("from", "new");
  const auto to = directory.write("to", "old");
  CHECK(weir::platform::platform().rename_noreplace(from.c_str(), to.c_str()) == -1);
  CHECK(errno == EEXIST);
  CHECK(weir::test::read_file(to) == "old");
  CHECK(weir::platform::platform().rename_noreplace(from.c_str(), directory.path("free").c_str()) == 0);
  CHECK(weir::test::read_file(directory.path("free")) == "new");
  CHECK(directory.names() == std::vector<std::string>{"free", "to"});
}
