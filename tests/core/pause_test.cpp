// When a pause takes hold, with every way of running a source, a transform and a sink.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "weir/core/job.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr auto kSoon = 1000ms;
#else
constexpr auto kSoon = 100ms;
#endif

struct Counts {
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> written{0};
};

struct EndlessSource final : Source {
  std::shared_ptr<Counts> counts;
  bool blocks = false;
  std::string name() const override { return "endless"; }
  bool blocking() const override { return blocks; }
  Status describe(Upstream&) override { return {}; }
  Result<Chunk> next() override {
    ++counts->asked;
    if (blocks) std::this_thread::sleep_for(1ms);
    return Chunk::copy_of("0123456789");
  }
};

struct HeavyTap final : Transform {
  std::string name() const override { return "heavy"; }
  bool heavy() const override { return true; }
  bool tap() const override { return true; }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) out(std::move(chunk));
    return {};
  }
};

struct CountingSink final : Sink {
  std::shared_ptr<Counts> counts;
  bool blocks = false;
  std::string name() const override { return "counting"; }
  bool blocking() const override { return blocks; }
  Status write(Chunk&&) override {
    ++counts->written;
    if (blocks) std::this_thread::sleep_for(1ms);
    return {};
  }
  Result<Receipt> close() override { return Status(Kind::internal, "an endless source has ended"); }
  void abort() override {}
};

}  // namespace

TEST_CASE("100 ms after a pause no source is asked and no sink written to, and a resume lets both go on") {
  int late = 0;
  for (int shape = 0; shape < 8; ++shape) {
    CAPTURE(shape);
    auto counts = std::make_shared<Counts>();
    auto source = std::make_unique<EndlessSource>();
    source->counts = counts;
    source->blocks = (shape & 1) != 0;
    auto sink = std::make_unique<CountingSink>();
    sink->counts = counts;
    sink->blocks = (shape & 2) != 0;
    From from(std::move(source));
    if ((shape & 4) != 0) from = std::move(from) | Through(std::make_unique<HeavyTap>());
    JobOptions options;
    options.executor = Executor::make_pool(3);
    Job job = start(std::move(from) | std::move(sink), std::move(options));
    for (int round = 0; round < 3; ++round) {
      std::this_thread::sleep_for(5ms);
      job.pause();
      std::this_thread::sleep_for(kSoon);
      const std::uint64_t asked = counts->asked;
      const std::uint64_t written = counts->written;
      CHECK(job.progress().state == JobState::paused);
      std::this_thread::sleep_for(30ms);
      if (counts->asked != asked || counts->written != written) ++late;
      job.resume();
      const auto end = std::chrono::steady_clock::now() + 10s;
      while (counts->written == written && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(1ms);
      REQUIRE(counts->asked > asked);
      REQUIRE(counts->written > written);
    }
    job.cancel();
    CHECK(job.wait().error().kind == Kind::cancelled);
  }
  CHECK(late <= 1);  // a busy machine may keep a thread from running for that long
}
