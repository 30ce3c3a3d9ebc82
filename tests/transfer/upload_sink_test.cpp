#include <catch2/catch.hpp>

#include "memory_target.hpp"
#include "sink_driver.hpp"

using namespace std::chrono_literals;
using weir::Chunk;
using weir::Kind;
using weir::kKiB;
using weir::kSliceBytes;
using weir::RetryPolicy;
using weir::Status;
using weir::UploadOptions;
using weir::Upstream;
using weir::test::Bytes;
using weir::test::MemoryTarget;
using weir::test::MemoryTargetOptions;
using weir::test::SinkRun;

namespace {

/// Waiting times that suit a test.
UploadOptions quick() {
  UploadOptions options;
  options.retry.max_attempts = 20;
  options.retry.base_transient = 1ms;
  options.retry.cap = 4ms;
  return options;
}
std::shared_ptr<weir::Executor> pool() {
  static const auto kPool = weir::Executor::make_pool(2);
  return kPool;
}
Upstream stream_of(std::optional<std::uint64_t> exact = {}) {
  Upstream upstream;
  upstream.source = "test";
  upstream.exact_bytes = exact;
  return upstream;
}
Upstream replay_of(const std::shared_ptr<Bytes>& bytes, bool observed) {
  Upstream upstream = stream_of(bytes->data.size());
  upstream.replay = bytes;
  upstream.observed = observed;
  return upstream;
}
Status write_all(SinkRun& run, Bytes& bytes, std::size_t chunk_bytes = 30'000) {
  for (std::size_t offset = 0; offset < bytes.data.size(); offset += chunk_bytes) {
    WEIR_TRY(run.write(bytes.chunk(offset, chunk_bytes)));
  }
  return {};
}

constexpr std::size_t kGrant = 64 * kKiB + kSliceBytes;  // one part of the smallest size

}  // namespace

TEST_CASE("streams of every length arrive whole, checked by the store, within the memory granted") {
  for (const std::size_t size : {0, 1, 65'535, 65'536, 65'537, 131'072, 1'000'000}) {
    for (const std::size_t grant : {kGrant, 2 * kGrant, 20 * kGrant}) {
      CAPTURE(size, grant);
      auto bytes = std::make_shared<Bytes>(size, size);
      auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{size + grant, 10, 300us, true, false});
      {
        SinkRun run(target, quick(), pool());
        REQUIRE(run.open(stream_of(), grant).ok());
        REQUIRE(write_all(run, *bytes).ok());
        const auto receipt = run.close();
        INFO(receipt.status().message());
        REQUIRE(receipt.ok());
        CHECK(receipt->bytes_read == size);
        CHECK(receipt->bytes_acked == size);
        CHECK(receipt->bytes_stored == size);
        CHECK(receipt->checksum_verified);
        const auto crc = weir::crc64nvme(0, std::as_bytes(std::span(bytes->data)));
        CHECK(receipt->checksum == "crc64nvme:" + weir::crc64nvme_base64(crc));
      }
      target->settle();
      CHECK(target->object() == bytes->data);
      CHECK(target->open_uploads() == 0);
      CHECK(bytes->peak <= grant);
      CHECK(bytes->held == 0);
    }
  }
}

TEST_CASE("a source that can be read again is sent without holding any of it, whether its bytes pass by or not") {
  for (const bool observed : {false, true}) {
    for (const std::size_t size : {0, 1000, 131'072, 131'073, 2'000'000}) {
      CAPTURE(observed, size);
      auto bytes = std::make_shared<Bytes>(size, size);
      auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{size, 10, 300us, true, false});
      SinkRun run(target, quick(), pool());
      const Upstream upstream = replay_of(bytes, observed);
      REQUIRE(run.sink->replays(upstream));
      REQUIRE(run.sink->memory(upstream).min_bytes == 0);
      REQUIRE(run.open(upstream, 0).ok());
      if (observed) REQUIRE(write_all(run, *bytes).ok());
      CHECK(bytes->held == 0);
      const auto receipt = run.close();
      INFO(receipt.status().message());
      REQUIRE(receipt.ok());
      CHECK(receipt->checksum_verified);
      CHECK(receipt->bytes_stored == size);
      CHECK(target->object() == bytes->data);
      CHECK(target->peak_parts() <= 4);
    }
  }
}

TEST_CASE("the sink asks for memory that its plan can work with") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
  SinkRun run(target, quick(), pool());
  const weir::MemoryNeed need = run.sink->memory(stream_of());
  CHECK(need.min_bytes == kGrant);
  CHECK(need.max_bytes == 9 * 128 * kKiB + kSliceBytes);
  CHECK(run.sink->memory(stream_of(1000)).min_bytes == 1000 + kSliceBytes);
  CHECK(run.open(stream_of(), need.min_bytes - 1).kind() == Kind::budget_too_small);
  CHECK(run.open(stream_of(), need.min_bytes).ok());
}

TEST_CASE("a store without checksums gives a receipt that does not claim to be verified") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{1, 0, 300us, false, false});
  auto bytes = std::make_shared<Bytes>(1, 500'000);
  SinkRun run(target, quick(), pool());
  REQUIRE(run.open(stream_of(), kGrant).ok());
  REQUIRE(write_all(run, *bytes).ok());
  const auto receipt = run.close();
  REQUIRE(receipt.ok());
  CHECK_FALSE(receipt->checksum_verified);
  CHECK(receipt->bytes_stored == 500'000);
}

TEST_CASE("with verify off an upload in parts works, with a source read again or not") {
  for (const bool replayed : {false, true}) {
    auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
    auto bytes = std::make_shared<Bytes>(1, 500'000);
    UploadOptions options = quick();
    options.verify = false;
    SinkRun run(target, options, pool());
    REQUIRE(run.open(replayed ? replay_of(bytes, false) : stream_of(), 4 * kGrant).ok());
    if (!replayed) REQUIRE(write_all(run, *bytes).ok());
    const auto receipt = run.close();
    INFO(receipt.status().message());
    REQUIRE(receipt.ok());
    CHECK_FALSE(receipt->checksum_verified);
    CHECK(target->object() == bytes->data);
  }
}

TEST_CASE("an object put whole is looked at where a checksum was wanted and the store's answer has none") {
  for (const bool checksums : {false, true}) {
    auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{1, 0, 300us, checksums, false});
    auto bytes = std::make_shared<Bytes>(1, 1000);
    for (const bool verify : {false, true}) {
      UploadOptions options = quick();
      options.verify = verify;
      SinkRun run(target, options, pool());
      REQUIRE(run.open(stream_of(), kGrant).ok());
      REQUIRE(write_all(run, *bytes).ok());
      const unsigned before = target->inspects();
      CHECK(run.close()->bytes_stored == 1000);
      CHECK(target->inspects() - before == (verify && !checksums ? 1 : 0));
    }
  }
}

TEST_CASE("a long wait for a retry does not keep the source open once nobody wants the upload any more") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{1, 100, 300us, true, false});
  auto bytes = std::make_shared<Bytes>(1, 500'000);
  UploadOptions options;
  options.retry.base_transient = 10h;
  options.retry.cap = 10h;
  {
    SinkRun run(target, options, pool());
    REQUIRE(run.open(replay_of(bytes, false), 0).ok());
    for (int i = 0; i < 2000 && run.sink->retries() == 0; ++i) std::this_thread::sleep_for(1ms);
    REQUIRE(run.sink->retries() == 1);
  }
  for (int i = 0; i < 2000 && bytes.use_count() > 1; ++i) std::this_thread::sleep_for(1ms);
  CHECK(bytes.use_count() == 1);
}

TEST_CASE("a source that changed while it was read gives no object") {
  for (const bool observed : {false, true}) {
    auto bytes = std::make_shared<Bytes>(1, 1'000'000);
    auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
    SinkRun run(target, quick(), pool());
    bytes->changed = true;
    REQUIRE(run.open(replay_of(bytes, observed), 0).ok());
    if (observed) REQUIRE(write_all(run, *bytes).ok());
    CHECK(run.close().status().kind() == Kind::source_changed);
    CHECK_FALSE(target->object());
    CHECK(target->open_uploads() == 0);
  }
}

TEST_CASE("a source that delivers less or more than it announced gives no object") {
  for (const std::size_t announced : {999'999, 1'000'001}) {
    for (const bool replayed : {false, true}) {
      CAPTURE(announced, replayed);
      auto bytes = std::make_shared<Bytes>(1, 1'000'000);
      auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
      SinkRun run(target, quick(), pool());
      Upstream upstream = replayed ? replay_of(bytes, true) : stream_of();
      upstream.exact_bytes = announced;
      REQUIRE(run.open(upstream, 4 * kGrant).ok());
      Status status = write_all(run, *bytes);
      if (status.ok()) status = run.close().status();
      CHECK(status.kind() == Kind::source_changed);
      CHECK_FALSE(target->object());
      CHECK(target->open_uploads() == 0);
    }
  }
}

TEST_CASE("a source that fails behind its last byte gives no object, however small") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
  auto bytes = std::make_shared<Bytes>(1, 100'000);
  SinkRun run(target, quick(), pool());
  Upstream upstream = stream_of();
  upstream.exact_bytes = 100'000;
  REQUIRE(run.open(upstream, 4 * kGrant).ok());
  REQUIRE(write_all(run, *bytes).ok());
  std::this_thread::sleep_for(50ms);  // in which nothing is sent: the source has not said yet that this is right
  CHECK(run.abort().ok());
  CHECK_FALSE(target->object());
  CHECK(target->open_uploads() == 0);
}

TEST_CASE("a stream that outgrows its plan is refused with what was accepted and the most that fits") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
  target->profile_.equal_parts = true;
  auto bytes = std::make_shared<Bytes>(1, 64 * 64 * kKiB + 1);
  SinkRun run(target, quick(), pool());
  REQUIRE(run.open(stream_of(), 64 * kKiB + kSliceBytes).ok());
  Status status = write_all(run, *bytes, 64 * kKiB);
  if (status.ok()) status = run.close().status();
  CHECK(status.kind() == Kind::limit);
  CHECK(status.message().find("4194304 bytes were accepted") != std::string::npos);
  CHECK(status.message().find("hold 4194304 bytes at most") != std::string::npos);
  CHECK_FALSE(target->object());
  CHECK(target->open_uploads() == 0);
}

TEST_CASE("a stream whose announced bound does not fit is refused before anything is begun") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
  target->profile_.equal_parts = true;
  Upstream bounded = stream_of();
  bounded.max_bytes = 64 * 64 * kKiB + 1;
  SinkRun run(target, quick(), pool());
  const Status refused = run.open(bounded, 64 * kKiB + kSliceBytes);
  CHECK(refused.kind() == Kind::limit);
  CHECK(refused.message().find("4194305 bytes may come") != std::string::npos);
  CHECK(target->open_uploads() == 0);
  bounded.max_bytes = 64 * 64 * kKiB;
  SinkRun fits(target, quick(), pool());
  CHECK(fits.open(bounded, 64 * kKiB + kSliceBytes).ok());
  CHECK(fits.abort().ok());
}

TEST_CASE("what stalls is let go within 100 ms of a cancel") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{1, 0, 300us, true, true});
  auto bytes = std::make_shared<Bytes>(1, 300'000);
  SinkRun run(target, quick(), pool());
  REQUIRE(run.open(stream_of(), 10 * kGrant).ok());
  REQUIRE(write_all(run, *bytes).ok());
  const auto start = std::chrono::steady_clock::now();
  CHECK(run.abort().ok());
  CHECK(std::chrono::steady_clock::now() - start < 100ms);
  CHECK(bytes->held == 0);
  CHECK(target->open_uploads() == 0);
}

TEST_CASE("paused, nothing new is sent; resumed, it goes on") {
  auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{});
  auto bytes = std::make_shared<Bytes>(1, 300'000);
  SinkRun run(target, quick(), pool());
  REQUIRE(run.open(stream_of(), 10 * kGrant).ok());
  run.sink->pause(true);
  REQUIRE(write_all(run, *bytes).ok());
  target->settle();
  CHECK(target->peak_parts() == 0);
  CHECK(run.sink->confirmed_bytes() == 0);
  run.sink->pause(false);
  CHECK(run.close().ok());
  CHECK(run.sink->confirmed_bytes() == 300'000);
  CHECK(target->object() == bytes->data);
}

TEST_CASE("cancelled, paused or destroyed at any moment, an upload leaves the whole object or nothing") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    auto target = std::make_shared<MemoryTarget>(MemoryTargetOptions{seed, 10, 300us, seed % 3 != 0, false});
    auto bytes = std::make_shared<Bytes>(seed, random() % 900'000);
    const bool replayed = random() % 2 == 0;
    const bool destroyed = random() % 2 == 0;
    auto run = std::make_unique<SinkRun>(target, quick(), pool());
    REQUIRE(run->open(replayed ? replay_of(bytes, true) : stream_of(), kGrant * (1 + random() % 6)).ok());
    std::atomic<bool> over{false};
    std::thread user([&, wait = std::chrono::microseconds(random() % 300)] {
      for (bool on = true; !over; on = !on) {
        run->sink->pause(on);
        (void)run->sink->confirmed_bytes();
        (void)run->sink->parts();
        std::this_thread::sleep_for(wait);
      }
      run->sink->pause(false);
    });
    const std::uint64_t stop_at = random() % 60;
    bool done = false;
    std::size_t offset = 0;
    for (std::uint64_t step = 0; step < stop_at && !done; ++step) {
      if (offset < bytes->data.size()) {
        CHECK(run->write(bytes->chunk(offset, 30'000)).ok());
        offset += 30'000;
      } else {
        done = run->close().ok();
        CHECK(done);
      }
    }
    over = true;
    user.join();
    if (destroyed) {
      run.reset();
    } else if (!done) {
      CHECK(run->abort().ok());
      CHECK(target->open_uploads() == 0);
    }
    // A destroyed sink ends on its own: until then calls and timers come.
    for (int i = 0; i < 2000 && (target->open_uploads() != 0 || bytes->held != 0); ++i)
      std::this_thread::sleep_for(1ms);
    target->settle();
    CHECK(target->open_uploads() == 0);
    CHECK(bytes->held == 0);
    if (done) CHECK(target->object() == bytes->data);
    if (!done && target->object()) CHECK(*target->object() == bytes->data);
  }
}
