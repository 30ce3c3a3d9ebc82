// The spool's file: what of a stream can be read again after a kill, a torn write, or a failing disk.
#include "ledger/spool_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <random>

#include "ledger_tools.hpp"
#include "platform/faulting.hpp"

using namespace weir;
using ledger::SpoolFile;
using test::TempDir;

namespace {

constexpr std::uint64_t kLimit = 2 * kMiB;  // seven slots

std::unique_ptr<SpoolFile> open_spool(const std::string& path) {
  auto file = SpoolFile::open(path, kLimit);
  INFO(file.status().message());
  REQUIRE(file.ok());
  return *std::move(file);
}

std::string read_from(SpoolFile& file, std::uint64_t offset) {
  std::string bytes;
  std::string piece(70'000, '\0');
  file.go_to(offset);
  for (;;) {
    const auto got = file.read(std::as_writable_bytes(std::span(piece)));
    REQUIRE(got.ok());
    if (*got == 0) return bytes;
    bytes.append(piece, 0, *got);
  }
}

Status append(SpoolFile& file, std::string_view bytes) { return file.append(std::as_bytes(std::span(bytes))); }

}  // namespace

TEST_CASE("what was appended to a spool is there for the next who opens it, from any byte that is still kept") {
  TempDir directory;
  const std::string path = directory.path("spool-1");
  const std::string bytes = test::sample_bytes(5 * kMiB);
  std::mt19937_64 random(1);
  std::uint64_t confirmed = 0;
  std::size_t given = 0;
  auto file = open_spool(path);
  file->go_to(0);
  while (given < bytes.size()) {
    const std::size_t count = std::min<std::size_t>(1 + random() % 300'000, bytes.size() - given);
    if (count > file->room(confirmed)) {
      confirmed += random() % (given - confirmed) + 1;
      continue;
    }
    REQUIRE(append(*file, std::string_view(bytes).substr(given, count)).ok());
    given += count;
    if (random() % 4 == 0) {
      file = open_spool(path);
      const std::uint64_t from = confirmed + random() % (given - confirmed + 1);
      CHECK((read_from(*file, from) == bytes.substr(from, given - from)));
      CHECK(file->position() == given);
      CHECK(SpoolFile::look(path, from)->value() == given);
      CHECK_FALSE(file->stream_end());
    }
  }
  CHECK(test::read_file(path).size() <= kLimit);
  REQUIRE(file->end().ok());
  file = open_spool(path);
  CHECK(file->stream_end() == bytes.size());
  CHECK((read_from(*file, confirmed) == bytes.substr(confirmed)));
}

TEST_CASE("a spool says where its stream ends, wherever that is") {
  const std::size_t length =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{SpoolFile::kSlotBytes},
               std::size_t{SpoolFile::kSlotBytes * 7}, std::size_t{SpoolFile::kSlotBytes * 7 + 5});
  const std::uint64_t confirmed = length < SpoolFile::kSlotBytes * 7 ? 0 : 100 + SpoolFile::kSlotBytes;
  const bool opened_again = GENERATE(false, true);
  TempDir directory;
  const std::string path = directory.path("spool-1");
  const std::string bytes = test::sample_bytes(length);
  auto file = open_spool(path);
  file->go_to(0);
  REQUIRE(append(*file, bytes).ok());
  if (opened_again) {
    file = open_spool(path);
    (void)read_from(*file, confirmed);
  }
  REQUIRE(file->end().ok());
  file = open_spool(path);
  CHECK(file->stream_end() == length);
  CHECK((read_from(*file, confirmed) == bytes.substr(confirmed)));
}

TEST_CASE("of a spool that is damaged at any place, or cut, nothing is believed that was not written") {
  TempDir directory;
  const std::string path = directory.path("spool-1");
  const std::string bytes = test::sample_bytes(3 * SpoolFile::kSlotBytes + 1000);
  {
    const auto file = open_spool(path);
    file->go_to(0);
    REQUIRE(append(*file, bytes).ok());
    REQUIRE(file->end().ok());
  }
  const std::string good = test::read_file(path);
  std::mt19937_64 random(3);
  for (int i = 0; i < 400; ++i) {
    std::string bad = good;
    const bool cut = i % 4 == 0;
    const std::size_t place = i % 2 == 0 ? random() % bad.size() : random() % 8192;
    cut ? bad.resize(place) : void(bad[place] = static_cast<char>(bad[place] ^ (1 << random() % 8)));
    test::write_file(path, bad);
    const auto file = SpoolFile::open(path, kLimit);
    if (!file.ok()) {  // its first line says another limit or version, which is no reason to write over it
      CHECK((file.status().kind() == Kind::invalid_argument || file.status().kind() == Kind::unsupported));
      continue;
    }
    const std::string found = read_from(**file, 0);
    CHECK((found == bytes.substr(0, found.size())));
    CHECK((!(*file)->stream_end() || (*file)->stream_end() == bytes.size()));
    // And it goes on from there, whatever stands behind.
    const std::string rest = bytes.substr(found.size());
    const std::size_t some = std::min<std::size_t>(rest.size(), 1000);
    REQUIRE(append(**file, rest.substr(0, some)).ok());
    CHECK((read_from(*open_spool(path), 0) == bytes.substr(0, found.size() + some)));
  }
}

TEST_CASE("a spool whose file operation fails says so, and what it had stays") {
  TempDir directory;
  const std::string bytes = test::sample_bytes(2 * SpoolFile::kSlotBytes + 1000);
  const bool persistent = GENERATE(false, true);
  for (std::uint64_t n = 1;; ++n) {
    const std::string path = directory.path("spool-" + std::to_string(n));
    std::uint64_t fired = 0;
    std::size_t given = 0;
    {
      platform::ScopedFaults faults;
      faults.fail_any(n, ENOSPC,
                      persistent ? platform::ScopedFaults::Mode::persistent : platform::ScopedFaults::Mode::once);
      const auto file = SpoolFile::open(path, kLimit);
      if (file.ok()) {
        (*file)->go_to(0);
        while (given < bytes.size()) {
          const std::size_t count = std::min<std::size_t>(100'000, bytes.size() - given);
          if (const Status status = append(**file, std::string_view(bytes).substr(given, count)); !status.ok()) {
            CHECK(status.kind() == Kind::no_space);
            break;
          }
          given += count;
        }
      }
      fired = faults.fired();
    }
    const auto file = SpoolFile::open(path, kLimit);
    REQUIRE(file.ok());
    const std::string found = read_from(**file, 0);
    CHECK(found.size() >= given);
    CHECK((found == bytes.substr(0, found.size())));
    if (fired == 0) break;
  }
}

TEST_CASE("a spool of another limit or a newer version is refused and stays as it is; others' files too") {
  TempDir directory;
  const std::string path = directory.path("spool-1");
  open_spool(path);
  const std::string before = test::read_file(path);
  const auto refused = SpoolFile::open(path, 2 * kLimit);
  CHECK(refused.status().kind() == Kind::invalid_argument);
  CHECK(refused.status().message().find("2097152 bytes at most") != std::string::npos);
  CHECK(test::read_file(path) == before);
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
  REQUIRE(::symlink(path.c_str(), directory.path("link").c_str()) == 0);
  CHECK(SpoolFile::open(directory.path("link"), kLimit).status().kind() == Kind::access_denied);
  REQUIRE(::chmod(path.c_str(), 0622) == 0);
  CHECK(SpoolFile::open(path, kLimit).status().kind() == Kind::access_denied);
  CHECK_FALSE(*SpoolFile::look(directory.path("none"), 5));
}

TEST_CASE("the least limit that is advised has the room, and a file never outgrows its limit") {
  for (const std::uint64_t room : {std::uint64_t{1}, 384 * kKiB, 5 * kMiB + kSliceBytes, 100 * kMiB}) {
    CHECK(SpoolFile::room_of(SpoolFile::limit_for(room)) >= room);
  }
  CHECK(SpoolFile::room_of(0) == 0);
  CHECK(SpoolFile::room_of(kSliceBytes) == 0);
}
