// Stages for random pipelines: they stutter, recut, hold back and multiply, in every shape a stage may have.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "weir/core/stage.hpp"

namespace weir::test {

/// How long random ones are tried: `usual`, or WEIR_PROPERTY_SECONDS.
inline std::chrono::steady_clock::duration property_time(std::chrono::steady_clock::duration usual) {
  const char* asked = std::getenv("WEIR_PROPERTY_SECONDS");
  return asked == nullptr ? usual : std::chrono::seconds(std::strtoul(asked, nullptr, 10));
}

/// Answers pending about once in `rarity` calls and has its segment woken a moment later. Rarity 0: never.
class Stutter {
 public:
  Stutter(unsigned seed, unsigned rarity) : random_(seed), rarity_(rarity) {}
  bool now(Context& context) {
    if (rarity_ == 0 || random_() % rarity_ != 0) return false;
    context.executor->post_after(std::chrono::microseconds(random_() % 300), context.wake);
    return true;
  }
  std::size_t below(std::size_t limit) { return random_() % limit; }

 private:
  std::mt19937 random_;
  unsigned rarity_;
};

/// Gives a string in pieces of random sizes out of slabs of the job's budget.
class PieceSource final : public Source {
 public:
  PieceSource(std::string text, std::size_t piece, bool blocks, Stutter stutter)
      : text_(std::move(text)), piece_(piece), blocks_(blocks), stutter_(std::move(stutter)) {}
  std::string name() const override { return "pieces"; }
  bool blocking() const override { return blocks_; }
  Status describe(Upstream& upstream) override {
    upstream.source = name();
    return {};
  }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Result<Chunk> next() override {
    if (done_ == text_.size()) return Chunk();
    if (stutter_.now(*context_)) return Status::pending();
    if (!slab_) {
      WEIR_ASSIGN(slab_, context_->budget->acquire(context_->slab_bytes, context_->wake));
    }
    const std::size_t count = std::min({1 + stutter_.below(piece_), text_.size() - done_, slab_.free().size()});
    std::memcpy(slab_.free().data(), text_.data() + done_, count);
    done_ += count;
    Chunk chunk = slab_.take(count);
    if (slab_.free().empty()) slab_ = Slab();
    return chunk;
  }

 private:
  std::string text_;
  std::size_t piece_;
  bool blocks_;
  Stutter stutter_;
  Slab slab_;
  std::size_t done_ = 0;
  Context* context_ = nullptr;
};

/// How a transform of the test's own is run, and how often it stutters.
struct Manner {
  bool blocking = false;
  bool heavy = false;
  unsigned stutter = 0;
  unsigned seed = 0;
};

/// Cuts its input anew at random places, sharing its memory; now and then it is pending with a chunk in hand.
class Recut final : public Transform {
 public:
  Recut(std::size_t piece, Manner manner) : piece_(piece), manner_(manner), stutter_(manner.seed, manner.stutter) {}
  std::string name() const override { return "recut"; }
  bool blocking() const override { return manner_.blocking; }
  bool heavy() const override { return manner_.heavy; }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    while (!rest_.empty()) {
      if (stutter_.now(*context_)) return Status::pending();
      if (!out.room()) return Status::more();
      Chunk piece = rest_.slice(0, 1 + stutter_.below(piece_));
      rest_ = rest_.slice(piece.size());
      out(std::move(piece));
    }
    return {};
  }

 private:
  std::size_t piece_;
  Manner manner_;
  Stutter stutter_;
  Chunk rest_;
  Context* context_ = nullptr;
};

/// Each byte twice, in pieces as there is room, and "!" at the end.
class Double final : public Transform {
 public:
  explicit Double(Manner manner) : manner_(manner) {}
  std::string name() const override { return "double"; }
  bool blocking() const override { return manner_.blocking; }
  bool heavy() const override { return manner_.heavy; }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) rest_ = std::move(chunk);
    while (!rest_.empty()) {
      if (!out.room()) return Status::more();
      const Chunk piece = rest_.slice(0, 100'000);
      rest_ = rest_.slice(piece.size());
      std::string twice;
      for (const char c : piece.text()) twice.append(2, c);
      out(Chunk::copy_of(twice));
    }
    return {};
  }
  Status finish(Emit& out) override {
    out(Chunk::copy_of("!"));
    return {};
  }

 private:
  Manner manner_;
  Chunk rest_;
};

/// Shows the test the budget of the job.
class BudgetTap final : public Transform {
 public:
  explicit BudgetTap(std::shared_ptr<std::shared_ptr<Budget>> into) : into_(std::move(into)) {}
  std::string name() const override { return "budget"; }
  bool tap() const override { return true; }
  Status open(Context& context) override {
    *into_ = context.budget;
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    out(std::move(chunk));
    return {};
  }

 private:
  std::shared_ptr<std::shared_ptr<Budget>> into_;
};

/// Collects; stutters before writes and before its close. Holds some chunks for a while, as an upload does.
class CollectSink final : public Sink {
 public:
  CollectSink(std::shared_ptr<std::string> into, bool blocks, Stutter stutter)
      : into_(std::move(into)), blocks_(blocks), stutter_(std::move(stutter)) {}
  std::string name() const override { return "collect"; }
  bool blocking() const override { return blocks_; }
  Status open(Context& context) override {
    context_ = &context;
    return {};
  }
  Status ready() override { return stutter_.now(*context_) ? Status::pending() : Status(); }
  Status write(Chunk&& chunk) override {
    into_->append(chunk.text());
    confirmed_ += chunk.size();
    held_ = std::move(chunk);
    return {};
  }
  Result<Receipt> close() override {
    if (stutter_.now(*context_)) return Status::pending();
    held_ = Chunk();
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = confirmed_;
    return receipt;
  }
  void abort() override { into_->clear(); }
  std::uint64_t confirmed_bytes() const override { return confirmed_; }

 private:
  std::shared_ptr<std::string> into_;
  bool blocks_;
  Stutter stutter_;
  Chunk held_;
  std::atomic<std::uint64_t> confirmed_{0};
  Context* context_ = nullptr;
};

}  // namespace weir::test
