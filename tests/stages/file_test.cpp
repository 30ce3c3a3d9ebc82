#include "weir/stages/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "platform/faulting.hpp"
#include "support/drive.hpp"
#include "support/temp_dir.hpp"
#include "weir/store/local.hpp"

using namespace weir;
using platform::Call;
using platform::ScopedFaults;
using test::Bench;
using test::TempDir;

namespace {

Result<std::string> read_file_stage(const std::string& path, std::size_t slab_bytes = kSliceBytes) {
  auto source = file(path);
  Bench bench(16 * kMiB, slab_bytes);
  return test::read_all(*source, bench);
}

Status describe(const std::string& path) {
  Upstream upstream;
  return file(path)->describe(upstream);
}

std::span<std::byte> writable(std::string& text) { return std::as_writable_bytes(std::span(text)); }

}  // namespace

TEST_CASE("a part of a file is read, of the file that is meant alone") {
  TempDir directory;
  const std::string text = test::sample_bytes(3 * kMiB + 5, 1);
  const auto path = directory.write("file", text);
  const auto part = [&](ByteRange range, std::string etag = {}) {
    Bench bench;
    auto source = file(path, range, std::move(etag));
    auto read = test::read_all(*source, bench);
    if (read.ok()) CHECK(bench.context.upstream.exact_bytes == read->size());
    return read;
  };
  CHECK((part({5, kMiB}).value() == text.substr(5, kMiB)));
  CHECK((part({kMiB, {}}).value() == text.substr(kMiB)));
  CHECK((part({kMiB, 9 * kMiB}).value() == text.substr(kMiB)));
  CHECK(part({text.size(), {}}).value().empty());
  CHECK(part({text.size() + 1, {}}).error().kind == Kind::invalid_argument);
  const std::string etag = local_store(path.substr(0, path.rfind('/')))->head("file")->etag;
  CHECK((part({1, 10}, etag).value() == text.substr(1, 10)));
  directory.write("file", text + "more");
  CHECK(part({1, 10}, etag).error().kind == Kind::source_changed);
  Upstream upstream;
  CHECK(file("/dev/null", {1, 1})->describe(upstream).kind() == Kind::unsupported);
}

TEST_CASE("a file of any size around slice and slab arrives whole") {
  TempDir directory;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, kSliceBytes - 1,
                                 kSliceBytes, kSliceBytes + 1, kMiB - 1, kMiB, kMiB + 1, 3 * kMiB + 5}) {
    const std::string text = test::sample_bytes(size, size + 1);
    const auto path = directory.write("file", text);
    for (const std::size_t slab : {kSliceBytes, kMiB}) {
      INFO("size " << size << ", slab " << slab);
      auto source = file(path);
      Bench bench(16 * kMiB, slab);
      auto chunks = test::drain(*source, bench);
      REQUIRE(chunks.ok());
      CHECK((test::join(*chunks) == text));
      CHECK(bench.context.upstream.exact_bytes == size);
      CHECK(bench.context.upstream.source == path);
      for (std::size_t i = 0; i + 1 < chunks->size(); ++i) CHECK((*chunks)[i].size() == kSliceBytes);
      chunks->clear();
      CHECK(bench.context.budget->used_bytes() == 0);
    }
  }
}

TEST_CASE("the slices of one slab join into one chunk") {
  TempDir directory;
  const std::string text = test::sample_bytes(2 * kMiB);
  auto source = file(directory.write("file", text));
  Bench bench(16 * kMiB, kMiB);
  auto chunks = test::drain(*source, bench);
  REQUIRE(chunks.ok());
  REQUIRE(chunks->size() == 8);
  Chunk slab = (*chunks)[0];
  for (int i = 1; i < 4; ++i) CHECK(slab.join((*chunks)[i]));
  CHECK((slab.text() == std::string_view(text).substr(0, kMiB)));
}

TEST_CASE("what is no readable file is refused when the pipeline is composed") {
  TempDir directory;
  CHECK(describe(directory.path("missing")).message() ==
        "cannot read " + directory.path("missing") + ": No such file or directory");
  CHECK(describe(directory.path("missing")).kind() == Kind::not_found);
  CHECK(describe(directory.root()).kind() == Kind::invalid_argument);
  CHECK(describe("").kind() == Kind::not_found);
  std::filesystem::create_symlink("loop", directory.path("loop"));
  CHECK(describe(directory.path("loop")).error().cause == "Too many levels of symbolic links");
  const auto path = directory.write("secret", "x");
  ScopedFaults faults;
  faults.fail(Call::open, 1, EACCES);
  CHECK(describe(path).kind() == Kind::access_denied);
}

TEST_CASE("a sparse file arrives with its holes as zeros") {
  TempDir directory;
  const auto path = directory.path("sparse");
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  REQUIRE(::ftruncate(fd, 3 * kMiB) == 0);
  REQUIRE(::pwrite(fd, "end", 3, 3 * kMiB - 3) == 3);
  ::close(fd);
  CHECK((*read_file_stage(path) == std::string(3 * kMiB - 3, '\0') + "end"));
}

TEST_CASE("a file of proc that claims to be empty is read as a stream") {
  auto source = file("/proc/self/status");
  Bench bench;
  auto text = test::read_all(*source, bench);
  REQUIRE(text.ok());
  CHECK(text->find("Umask:") != std::string::npos);
  CHECK_FALSE(bench.context.upstream.exact_bytes);
  CHECK_FALSE(bench.context.upstream.replay);
}

TEST_CASE("a device is read as a stream") {
  auto source = file("/dev/zero");
  Bench bench;
  REQUIRE(source->describe(bench.context.upstream).ok());
  CHECK_FALSE(bench.context.upstream.exact_bytes);
  REQUIRE(source->open(bench.context).ok());
  auto chunk = source->next();
  REQUIRE(chunk.ok());
  CHECK(chunk->size() == kSliceBytes);
  CHECK(*read_file_stage("/dev/null") == "");
}

TEST_CASE("a named pipe is read to its end even if its writer comes late") {
  TempDir directory;
  const auto path = directory.path("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const std::string text = test::sample_bytes(300000);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    test::write_file(path, text);
  });
  auto got = read_file_stage(path);
  writer.join();
  REQUIRE(got.ok());
  CHECK((*got == text));
}

TEST_CASE("waiting for a named pipe ends when the job is told to stop") {
  TempDir directory;
  const auto path = directory.path("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  auto source = file(path);
  Bench bench;
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    *bench.stop = true;
    bench.context.wake();  // as a job does
  });
  CHECK(test::drain(*source, bench).status().kind() == Kind::cancelled);
  stopper.join();
}

TEST_CASE("a file that changes while it is read is an error that says how") {
  TempDir directory;
  const std::string text = test::sample_bytes(3 * kSliceBytes);
  const auto path = directory.write("file", text);
  const auto read_while = [&](std::function<void()> change) {
    ScopedFaults faults;
    faults.before(Call::pread, 2, [&] {
      // Times of files move in steps of a clock tick.
      std::this_thread::sleep_for(std::chrono::milliseconds(15));
      change();
    });
    return read_file_stage(path).status();
  };
  SECTION("shrinking") {
    const auto status = read_while([&] { REQUIRE(::truncate(path.c_str(), kSliceBytes + 100) == 0); });
    CHECK(status.kind() == Kind::source_changed);
    CHECK(status.error().offset == kSliceBytes + 100);
    CHECK(status.message().starts_with("cannot read " + path +
                                       " (byte 262244): the file ends here; it had 768 KiB (786432"));
  }
  SECTION("growing") {
    const auto status = read_while([&] { REQUIRE(::truncate(path.c_str(), 3 * kSliceBytes + 1) == 0); });
    CHECK(status.kind() == Kind::source_changed);
    CHECK(status.error().offset == 3 * kSliceBytes);
    CHECK(status.error().cause == "the file had 768 KiB (786432 bytes) and now has 768 KiB (786433 bytes)");
  }
  SECTION("rewritten in place") {
    const auto status = read_while([&] {
      const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      REQUIRE(::pwrite(fd, "x", 1, 0) == 1);
      ::close(fd);
    });
    CHECK(status.kind() == Kind::source_changed);
  }
  SECTION("replaced by another") {
    const auto status = read_while([&] { std::filesystem::rename(directory.write("new", text), path); });
    CHECK(status.kind() == Kind::source_changed);
  }
  SECTION("deleted") {
    CHECK(read_while([&] { std::filesystem::remove(path); }).kind() == Kind::source_changed);
  }
  SECTION("left alone") {
    CHECK(read_while([] {}).ok());
  }
}

TEST_CASE("a file that grew is never read past the size it had") {
  TempDir directory;
  const auto path = directory.write("file", "0123456789");
  Upstream upstream;
  REQUIRE(file(path)->describe(upstream).ok());
  test::write_file(path, "0123456789more");
  std::string into(20, '\0');
  CHECK(*upstream.replay->read_at(5, writable(into), true) == 5);
  CHECK(*upstream.replay->read_at(10, writable(into), true) == 0);
  CHECK(upstream.replay->check_unchanged().kind() == Kind::source_changed);
}

TEST_CASE("a replay that may not block answers pending rather than wait") {
  TempDir directory;
  const auto path = directory.write("file", "0123456789");
  Upstream upstream;
  REQUIRE(file(path)->describe(upstream).ok());
  std::string into(4, '\0');
  for (const int error_number : {EAGAIN, EOPNOTSUPP, EINTR}) {
    ScopedFaults faults;
    faults.fail(Call::pread_nowait, 1, error_number);
    CHECK(upstream.replay->read_at(2, writable(into), false).status().is_pending());
    CHECK(faults.count(Call::pread) == 0);
  }
  ScopedFaults faults;
  faults.fail(Call::pread_nowait, 1, EIO);
  CHECK(upstream.replay->read_at(2, writable(into), false).status().kind() == Kind::io);
  CHECK(*upstream.replay->read_at(2, writable(into), true) == 4);
  CHECK(into == "2345");
  CHECK(upstream.replay->check_unchanged().ok());
}

TEST_CASE("a failing read names the file and the byte, and no call fails unheard") {
  TempDir directory;
  const std::string text = test::sample_bytes(2 * kSliceBytes + 5);
  const auto path = directory.write("file", text);
  {
    ScopedFaults faults;
    faults.fail(Call::pread, 2, EIO);
    CHECK(read_file_stage(path).status().message() == "cannot read " + path + " (byte 262144): Input/output error");
  }
  std::uint64_t n = 1;
  for (;; ++n) {
    INFO("call " << n);
    ScopedFaults faults;
    faults.fail_any(n, EIO);
    auto got = read_file_stage(path);
    CHECK(faults.open_descriptors() == 0);
    if (faults.fired() == 0) break;
    // The last call closes what was only read.
    if (n < faults.total() || faults.count(Call::fstat) < 2) CHECK_FALSE(got.ok());
  }
  CHECK(n >= 7);
}

TEST_CASE("short reads and interruptions do not change what a file source delivers") {
  TempDir directory;
  const std::string text = test::sample_bytes(kSliceBytes + 77);
  const auto path = directory.write("file", text);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    ScopedFaults faults;
    faults.short_counts(seed);
    faults.interrupt(seed, 2);
    CHECK((*read_file_stage(path) == text));
  }
}
