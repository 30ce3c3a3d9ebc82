#include "store/range_body.hpp"

#include <thread>

#include "net/md5.hpp"
#include "store/s3_tools.hpp"

namespace weir::store {
namespace {

using test::MemoryReplay;
using test::noise;

/// Reads a body as curl does, in buffers of `step`, waiting where it says so.
Result<std::string> read_all(RangeBody& body, std::size_t step) {
  auto woken = std::make_shared<std::atomic<bool>>(false);
  body.attach([woken] { woken->store(true); });
  WEIR_TRY(body.rewind());
  std::string bytes;
  std::vector<std::byte> buffer(step);
  for (;;) {
    auto got = body.read(buffer);
    if (!got && got.status().is_pending()) {
      while (!woken->exchange(false)) std::this_thread::yield();
      continue;
    }
    if (!got) return got.status();
    if (*got == 0) return bytes;
    bytes.append(reinterpret_cast<const char*>(buffer.data()), *got);
  }
}

}  // namespace

TEST_CASE("A trailer body is the one chunk, its end and the checksum behind it", "[s3]") {
  RangeBody body(std::make_shared<MemoryReplay>("0123456789x"), 1, 9, RangeBody::Form::trailer,
                 Executor::default_pool());
  CHECK(*read_all(body, 3) == "9\r\n123456789\r\n0\r\nx-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n");
  CHECK(body.size() == 9 + 3 + 2 + 3 + 24 + 1 + 12 + 4);
  CHECK(body.crc64nvme() == 0xAE8B14860A799888);
  RangeBody empty(std::make_shared<MemoryReplay>(""), 0, 0, RangeBody::Form::trailer, Executor::default_pool());
  CHECK(*read_all(empty, 100) == "0\r\nx-amz-checksum-crc64nvme:AAAAAAAAAAA=\r\n\r\n");
  CHECK(empty.size() == read_all(empty, 100)->size());
}

TEST_CASE("A range is the same bytes warm or cold, in any buffer, and again after a rewind", "[s3]") {
  const std::string bytes = noise(1000003);
  for (const bool cold : {false, true}) {
    for (const std::size_t step : {std::size_t{1000}, 256 * kKiB, 4 * kMiB}) {
      RangeBody body(std::make_shared<MemoryReplay>(bytes, cold), 3, 1000000, RangeBody::Form::checksum,
                     Executor::default_pool());
      CHECK(*read_all(body, step) == bytes.substr(3));
      CHECK(body.crc64nvme() == test::crc(bytes.substr(3)));
      CHECK(*read_all(body, step) == bytes.substr(3));
      CHECK(body.crc64nvme() == test::crc(bytes.substr(3)));
    }
  }
}

TEST_CASE("A body rewound while it is read ahead does not get the old bytes", "[s3]") {
  const std::string bytes = noise(600000);
  RangeBody body(std::make_shared<MemoryReplay>(bytes, true), 0, bytes.size(), RangeBody::Form::checksum,
                 Executor::default_pool());
  std::vector<std::byte> buffer(1000);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(body.rewind().ok());
    CHECK(body.read(buffer).status().is_pending());
  }
  CHECK(*read_all(body, 1000) == bytes);
}

TEST_CASE("A source shorter than its range is source_changed at the byte where it ends", "[s3]") {
  for (const bool cold : {false, true}) {
    RangeBody body(std::make_shared<MemoryReplay>(noise(1000), cold), 500, 1000, RangeBody::Form::trailer,
                   Executor::default_pool());
    const auto bytes = read_all(body, 100000);
    CHECK(bytes.error().kind == Kind::source_changed);
    CHECK(bytes.error().retry == Retry::never);
    CHECK(bytes.error().offset == std::uint64_t{1000});
  }
  const std::atomic<bool> go_on{false};
  MemoryReplay shorter(noise(1000));
  CHECK(sums_of_range(shorter, 0, 1001, false, go_on).error().kind == Kind::source_changed);
  CHECK(sums_of_range(shorter, 0, 1000, false, go_on)->crc64nvme == test::crc(noise(1000)));
  CHECK(sums_of_range(shorter, 0, 1000, true, go_on)->md5 == *net::md5_base64(noise(1000)));
}

TEST_CASE("Taking a range's checksum ends at the next piece once it is cancelled", "[s3]") {
  MemoryReplay replay(noise(1000));
  const std::atomic<bool> cancelled{true};
  CHECK(sums_of_range(replay, 0, 1000, true, cancelled).error().kind == Kind::cancelled);
}

}  // namespace weir::store
