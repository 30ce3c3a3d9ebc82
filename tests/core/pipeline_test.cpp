#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <thread>

#include "weir/core/job.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// Gives `text` in pieces out of slabs of the job's budget.
class TextSource final : public Source {
 public:
  TextSource(std::string text, std::size_t piece) : text_(std::move(text)), piece_(piece) {}
  std::string name() const override { return "text"; }
  Status describe(Upstream& upstream) override {
    upstream.source = "text";
    upstream.exact_bytes = text_.size();
    return {};
  }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Chunk> next() override {
    if (done_ == text_.size()) return Chunk();
    WEIR_ASSIGN(Slab slab, context_->budget->acquire(kSliceBytes, context_->wake));
    const std::size_t count = std::min({piece_, text_.size() - done_, slab.free().size()});
    std::memcpy(slab.free().data(), text_.data() + done_, count);
    done_ += count;
    return slab.take(count);
  }

 private:
  std::string text_;
  std::size_t piece_;
  std::size_t done_ = 0;
  Context* context_ = nullptr;
};

/// Collects; says pending now and then, and wakes itself from another thread.
class TextSink final : public Sink {
 public:
  TextSink(std::shared_ptr<std::string> into, unsigned seed, bool stutter)
      : into_(std::move(into)), random_(seed), stutter_(stutter) {}
  std::string name() const override { return "collect"; }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Status ready() override { return stutter(); }
  Status write(Chunk&& chunk) override {
    into_->append(chunk.text());
    confirmed_ += chunk.size();
    return {};
  }
  Result<Receipt> close() override {
    WEIR_TRY(stutter());
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = confirmed_;
    return receipt;
  }
  void abort() override { into_->clear(); }
  std::uint64_t confirmed_bytes() const override { return confirmed_; }

 private:
  Status stutter() {
    if (!stutter_ || random_() % 4 != 0) return {};
    context_->executor->post_after(std::chrono::microseconds(random_() % 200), context_->wake);
    return Status::pending();
  }
  std::shared_ptr<std::string> into_;
  std::mt19937 random_;
  bool stutter_;
  std::atomic<std::uint64_t> confirmed_{0};
  Context* context_ = nullptr;
};

/// Emits each input byte `times` times, little by little: more output than input, under the room rule.
class Repeat final : public Transform {
 public:
  explicit Repeat(std::size_t times) : times_(times) {}
  std::string name() const override { return "repeat"; }
  bool heavy() const override { return times_ % 2 == 0; }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    while (at_ < rest_.size()) {
      if (!out.room()) return Status::more();
      const std::size_t count = std::min<std::size_t>(rest_.size() - at_, 1000);
      std::string piece;
      for (char c : rest_.slice(at_, count).text()) piece.append(times_, c);
      at_ += count;
      out(Chunk::copy_of(piece));
    }
    rest_ = Chunk();
    at_ = 0;
    return {};
  }
  Status finish(Emit& out) override {
    out(Chunk::copy_of("!"));
    return {};
  }

 private:
  std::size_t times_;
  Chunk rest_;
  std::size_t at_ = 0;
};

struct FailAt final : Transform {
  explicit FailAt(std::uint64_t offset) : fail_at(offset) {}
  std::string name() const override { return "fail"; }
  Status process(Chunk&& chunk, Emit& out) override {
    seen += chunk.size();
    if (seen > fail_at) return Status(Kind::corrupt, "made to fail").at(fail_at);
    out(std::move(chunk));
    return {};
  }
  std::uint64_t fail_at;
  std::uint64_t seen = 0;
};

std::string some_text(std::size_t size) {
  std::string text(size, ' ');
  std::mt19937 random(7);
  for (char& c : text) c = static_cast<char>('a' + random() % 26);
  return text;
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (char c : text) out.append(times, c);
  return out + "!";
}

auto text_source(std::size_t size, std::size_t piece) { return std::make_unique<TextSource>(some_text(size), piece); }
auto text_sink(std::shared_ptr<std::string> into, unsigned seed, bool stutter) {
  return std::make_unique<TextSink>(std::move(into), seed, stutter);
}

}  // namespace

TEST_CASE("a pipeline gives the bytes that plain functions would, whatever the pieces, cuts, workers and pauses") {
  const std::string text = some_text(300'000);
  const std::string expected = repeated(repeated(text, 2), 3);
  for (std::size_t workers : {1, 2, 7}) {
    for (std::size_t piece : {777, 65536, 300'000}) {
      auto into = std::make_shared<std::string>();
      auto job = start(text_source(text.size(), piece) | std::make_unique<Repeat>(2) | std::make_unique<Repeat>(3) |
                           text_sink(into, static_cast<unsigned>(piece), true),
                       {.budget_bytes = kMinBudgetBytes, .executor = Executor::make_pool(workers), .on_progress = {}});
      std::mt19937 random(static_cast<unsigned>(workers));
      for (int i = 0; i < 5; ++i) {
        job.pause();
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 500));
        job.resume();
      }
      auto receipt = job.wait();
      REQUIRE(receipt.ok());
      CHECK(receipt->bytes_read == text.size());
      CHECK(receipt->bytes_stored == expected.size());
      CHECK(*into == expected);
    }
  }
}

TEST_CASE("a plain class with next, process or write and close is a stage") {
  struct Count {
    int left = 3;
    Result<Chunk> next() { return left-- > 0 ? Chunk::copy_of("ab") : Chunk(); }
  };
  struct Upper {
    Status process(Chunk chunk, Emit& out) {
      std::string text(chunk.text());
      for (char& c : text) c = static_cast<char>(c - 32);
      out(Chunk::copy_of(text));
      return {};
    }
  };
  struct Keep {
    std::shared_ptr<std::string> into;
    Status write(Chunk chunk) {
      into->append(chunk.text());
      return {};
    }
    Result<Receipt> close() {
      Receipt receipt;
      receipt.bytes_acked = receipt.bytes_stored = into->size();
      return receipt;
    }
  };
  auto into = std::make_shared<std::string>();
  REQUIRE(start(From(Count{}) | Through(Upper{}) | To(Keep{into})).wait().ok());
  CHECK(*into == "ABABAB");
}

TEST_CASE("a stage's error ends the job, names stage and offset, and the sink is aborted") {
  auto into = std::make_shared<std::string>();
  auto job = start(text_source(1'000'000, 4096) | std::make_unique<FailAt>(500'000) | text_sink(into, 1, true));
  auto receipt = job.wait();
  REQUIRE(!receipt.ok());
  CHECK(receipt.error().kind == Kind::corrupt);
  CHECK(receipt.error().stage == "fail");
  CHECK(receipt.error().offset == 500'000u);
  CHECK(into->empty());
  CHECK(job.progress().state == JobState::failed);
}

TEST_CASE("cancel at random moments answers within 100 ms and leaves nothing") {
  std::mt19937 random(11);
  for (int i = 0; i < 100; ++i) {
    auto into = std::make_shared<std::string>();
    auto job = start(text_source(400'000, 1024) | std::make_unique<Repeat>(2) |
                     text_sink(into, static_cast<unsigned>(i), true));
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 3000));
    const auto before = std::chrono::steady_clock::now();
    job.cancel();
    auto result = job.wait_for(5s);
    REQUIRE(result);
    CHECK(std::chrono::steady_clock::now() - before < 100ms);
    if (!result->ok()) {
      CHECK(result->error().kind == Kind::cancelled);
      CHECK(into->empty());
    }
  }
}

namespace {

/// Answers pending from write() every other time, and may call `in_close` inside close().
struct PushBack final : Sink {
  std::shared_ptr<std::string> into = std::make_shared<std::string>();
  std::function<void()> in_close;
  bool pushed = false;
  Context* context = nullptr;
  std::string name() const override { return "push_back"; }
  Status open(Context& given) override {
    context = &given;
    return {};
  }
  Status write(Chunk&& chunk) override {
    pushed = !pushed;
    if (pushed) {
      context->executor->post(context->wake);
      return Status::pending();
    }
    into->append(chunk.text());
    return {};
  }
  Result<Receipt> close() override {
    if (in_close) in_close();
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = into->size();
    return receipt;
  }
  void abort() override { into->clear(); }
};

/// Fails for good some time after the start, and takes nothing in between.
struct FailsLater final : Sink {
  std::atomic<bool> failed{false};
  Context* context = nullptr;
  std::string name() const override { return "fails_later"; }
  Status open(Context& given) override {
    context = &given;
    context->executor->post_after(20ms, [this] {
      failed = true;
      context->wake();
    });
    return {};
  }
  Status ready() override { return failed ? Status(Kind::access_denied, "no") : Status(); }
  Status write(Chunk&&) override { return {}; }
  Result<Receipt> close() override { return Receipt(); }
  void abort() override {}
  Status stopped() override { return Status(Kind::io, "x").advise("a thing was left behind"); }
};

struct NeverSource final : Source {
  std::string name() const override { return "never"; }
  Status describe(Upstream&) override { return {}; }
  Result<Chunk> next() override { return Status::pending(); }
};

}  // namespace

TEST_CASE("a chunk that a sink does not take comes again") {
  auto sink = std::make_unique<PushBack>();
  auto into = sink->into;
  REQUIRE(start(text_source(100'000, 999) | std::move(sink)).wait().ok());
  CHECK(*into == some_text(100'000));
}

TEST_CASE("a job that is cancelled while its sink closes either succeeds whole or fails, never both") {
  auto sink = std::make_unique<PushBack>();
  auto into = sink->into;
  std::optional<Job> job;
  std::atomic<bool> made{false};
  sink->in_close = [&] {
    while (!made) std::this_thread::yield();
    job->cancel();
  };
  job.emplace(start(text_source(1000, 100) | std::move(sink)));
  made = true;
  REQUIRE(job->wait().ok());
  CHECK(*into == some_text(1000));
}

TEST_CASE("a sink that fails while no input comes ends the job, and what it left behind is told") {
  auto job = start(std::make_unique<NeverSource>() | std::make_unique<FailsLater>());
  const auto result = job.wait_for(5s);
  REQUIRE(result);
  CHECK(result->error().kind == Kind::access_denied);
  CHECK(result->error().advice == "a thing was left behind");
}

TEST_CASE("a budget that cannot hold the pipeline is refused before the start, with the number that would") {
  struct Hungry final : Transform {
    std::string name() const override { return "hungry"; }
    MemoryNeed memory(const Upstream&) const override { return {100 * kMiB, 0, 0}; }
    Status process(Chunk&&, Emit&) override { return {}; }
  };
  auto into = std::make_shared<std::string>();
  const auto try_with = [&](std::size_t budget) {
    return start(text_source(1, 1) | std::make_unique<Hungry>() | text_sink(into, 1, false),
                 {.budget_bytes = budget, .executor = {}, .on_progress = {}})
        .wait();
  };
  auto result = try_with(kDefaultBudgetBytes);
  REQUIRE(!result.ok());
  CHECK(result.error().kind == Kind::budget_too_small);
  CHECK(try_with(result.error().needed_bytes).ok());
  CHECK(!try_with(result.error().needed_bytes - kMiB).ok());
  CHECK(try_with(1).error().kind == Kind::budget_too_small);
}

TEST_CASE("a thousand idle pipelines need only the pool's threads") {
  struct Never final : Source {
    std::string name() const override { return "never"; }
    Status describe(Upstream&) override { return {}; }
    Result<Chunk> next() override { return Status::pending(); }
  };
  auto pool = Executor::make_pool(2);
  std::vector<Job> jobs;
  for (int i = 0; i < 1000; ++i) {
    jobs.push_back(start(std::make_unique<Never>() | text_sink(std::make_shared<std::string>(), 1, false),
                         {.budget_bytes = kMinBudgetBytes, .executor = pool, .on_progress = {}}));
  }
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; ++i) pool->post([&] { ++ran; });
  while (ran < 100) std::this_thread::sleep_for(1ms);
  for (Job& job : jobs) job.cancel();
  for (Job& job : jobs) CHECK(job.wait().error().kind == Kind::cancelled);
}

TEST_CASE("progress is reported while the job runs and once at its end") {
  std::vector<Progress> seen;
  auto into = std::make_shared<std::string>();
  JobOptions options;
  options.on_progress = [&](const Progress& p) { seen.push_back(p); };
  REQUIRE(start(text_source(2'000'000, 1000) | text_sink(into, 3, true), std::move(options)).wait().ok());
  REQUIRE(!seen.empty());
  CHECK(seen.back().state == JobState::done);
  CHECK(seen.back().bytes_read == 2'000'000);
  CHECK(seen.back().total_bytes == 2'000'000u);
  CHECK(seen.back().memory_bytes <= seen.back().memory_limit_bytes);
}
