// Runs one Transform the way a segment does: whole chunks in, `more` and `pending` obeyed, output collected.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "weir/core/stage.hpp"
#include "weir/core/thread_pool.hpp"

namespace weir::test {

struct DriveOptions {
  std::size_t workers = 2;
  std::size_t budget_bytes = 256 * kMiB;
  std::shared_ptr<Budget> budget = nullptr;  ///< or, if null, one of budget_bytes
  std::size_t grant_bytes = 0;               ///< 0: as much as the stage has use for, but not above the budget
  std::size_t room_chunks = 1000000;         ///< emitted chunks until room() says no
};

/// Collects; says no after `room` chunks until refilled.
class Collect : public Emit {
 public:
  explicit Collect(std::size_t room) : room_(room), left_(room) {}
  void operator()(Chunk&& given) override {
    const Chunk chunk = std::move(given);
    CHECK(chunk.size() <= kSliceBytes);
    bytes.append(chunk.text());
    if (left_ > 0) --left_;
  }
  bool room() const noexcept override { return left_ > 0; }
  void refill() { left_ = room_; }
  std::string bytes;

 private:
  std::size_t room_;
  std::size_t left_;
};

/// wake() from any thread, wait() in the test's.
class Waker {
 public:
  void wake() {
    std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    const bool woken = changed_.wait_for(lock, std::chrono::seconds(60), [&] { return woken_; });
    woken_ = false;
    return woken;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
};

inline Context make_context(const Transform& stage, const DriveOptions& options, std::shared_ptr<Waker> waker) {
  Context context;
  context.name = stage.name();
  context.budget = options.budget ? options.budget : Budget::make(options.budget_bytes);
  context.executor = Executor::make_pool(options.workers);
  context.wake = [waker] { waker->wake(); };
  context.stopping = [] { return false; };
  const MemoryNeed need = stage.memory({});
  context.grant_bytes = options.grant_bytes != 0
                            ? options.grant_bytes
                            : std::min(std::max(need.min_bytes, need.max_bytes), options.budget_bytes);
  return context;
}

struct Driven {
  Status status;
  std::string bytes;
  Facts facts;
  std::size_t peak_bytes = 0;
};

/// Feeds what `next` gives until it gives an empty chunk.
inline Driven drive(Transform& stage, const std::function<Chunk()>& next, const DriveOptions& options = {}) {
  auto waker = std::make_shared<Waker>();
  Context context = make_context(stage, options, waker);
  Collect out(options.room_chunks);
  Driven driven;
  const auto settle = [&](Status status, auto again) {
    while (status.is_more() || status.is_pending()) {
      if (status.is_more()) {
        CHECK_FALSE(out.room());  // `more` is for want of room alone
        out.refill();
      } else if (!waker->wait()) {
        return Status(Kind::timeout, "the stage said pending and did not wake");
      }
      status = again();
    }
    return status;
  };
  driven.status = stage.open(context);
  while (driven.status.ok()) {
    Chunk chunk = next();
    if (chunk.empty()) {
      driven.status = settle(stage.finish(out), [&] { return stage.finish(out); });
      break;
    }
    driven.status = settle(stage.process(std::move(chunk), out), [&] { return stage.process({}, out); });
  }
  driven.bytes = std::move(out.bytes);
  driven.facts = stage.facts();
  driven.peak_bytes = context.budget->peak_bytes();
  return driven;
}

/// Feeds `input` in chunks of `chunk_bytes`, each in memory of its own.
inline Driven drive(Transform& stage, std::string_view input, std::size_t chunk_bytes,
                    const DriveOptions& options = {}) {
  std::size_t at = 0;
  return drive(
      stage,
      [&] {
        const std::string_view piece = input.substr(at, chunk_bytes);
        at += piece.size();
        return Chunk::copy_of(piece);
      },
      options);
}

/// Feeds `input` as a file source does: slabs of 4 MiB, filled and handed on in slices of 256 KiB.
inline Driven drive_slabs(Transform& stage, std::string_view input, const DriveOptions& options = {}) {
  auto budget = Budget::make(1024 * kMiB);
  Slab slab;
  std::size_t at = 0;
  return drive(
      stage,
      [&]() -> Chunk {
        const std::string_view piece = input.substr(at, kSliceBytes);
        if (piece.empty()) return {};
        if (slab.free().empty()) slab = *budget->acquire(kFrameBytes, [] {});
        std::memcpy(slab.free().data(), piece.data(), piece.size());
        at += piece.size();
        return slab.take(piece.size());
      },
      options);
}

/// Text-like bytes: words from a small vocabulary. Compresses about threefold.
inline std::string words(std::size_t count, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<std::string> vocabulary;
  for (int i = 0; i < 4096; ++i) {
    std::string word;
    for (std::size_t length = 2 + random() % 9; length > 0; --length) word += static_cast<char>('a' + random() % 26);
    vocabulary.push_back(word + ' ');
  }
  std::string text;
  while (text.size() < count) text += vocabulary[random() % (1 + random() % vocabulary.size())];
  text.resize(count);
  return text;
}

inline std::string noise(std::size_t count, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::string bytes(count, '\0');
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(random());
  return bytes;
}

}  // namespace weir::test
