// What the S3 tests share: waiting for Target calls, bytes, sources to read from, and a pipeline's side of a Source.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <future>
#include <mutex>
#include <string>

#include "weir/codec/checksum.hpp"
#include "weir/store/s3.hpp"

namespace weir::test {

template <class T, class Call>
Result<T> wait(Call call) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  call([promise](Result<T> answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) FAIL("no answer within 60 seconds");
  return future.get();
}

inline Result<std::string> begin(Target& target) {
  return wait<std::string>([&](auto done) { target.begin(done); });
}
inline Result<PartReceipt> put_part(Target& target, const std::string& id, Part part) {
  return wait<PartReceipt>([&](auto done) { target.put_part(id, std::move(part), done); });
}
inline Result<std::vector<PartReceipt>> list_parts(Target& target, const std::string& id) {
  return wait<std::vector<PartReceipt>>([&](auto done) { target.list_parts(id, done); });
}
inline Result<OpenHere> open_uploads(Target& target) {
  return wait<OpenHere>([&](auto done) { target.open_uploads(done); });
}
inline Result<Stored> commit(Target& target, const std::string& id, std::vector<PartReceipt> parts, Whole whole) {
  return wait<Stored>([&](auto done) { target.commit(id, std::move(parts), whole, done); });
}
inline Status abort(Target& target, const std::string& id) {
  return wait<Target::None>([&](auto done) { target.abort(id, done); }).status();
}
inline Result<Stored> put_whole(Target& target, Part part) {
  return wait<Stored>([&](auto done) { target.put_whole(std::move(part), done); });
}
inline Result<Stored> inspect(Target& target) {
  return wait<Stored>([&](auto done) { target.inspect(done); });
}

/// Bytes that no compression or pattern hides: a xorshift of `seed`.
inline std::string noise(std::size_t size, std::uint64_t seed = 1) {
  std::string bytes(size, '\0');
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ull + 1;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  return bytes;
}
inline std::uint64_t crc(const std::string& bytes) { return crc64nvme(0, std::as_bytes(std::span(bytes))); }

inline Part memory_part(const std::string& bytes, std::uint32_t number = 1, std::uint64_t offset = 0) {
  Part part;
  part.number = number;
  part.offset = offset;
  part.length = bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += 300000) {
    part.chunks.push_back(Chunk::copy_of(std::string_view(bytes).substr(at, 300000)));
  }
  return part;
}

/// A source in memory. `cold`: as a file that is not in the page cache, it can never be read without waiting.
class MemoryReplay : public Replay {
 public:
  explicit MemoryReplay(std::string bytes, bool cold = false) : bytes_(std::move(bytes)), cold_(cold) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into, bool may_block) override {
    if (cold_ && !may_block) return Status::pending();
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>({into.size(), bytes_.size() - offset, 70000});
    std::memcpy(into.data(), bytes_.data() + offset, count);
    return count;
  }
  Status check_unchanged() override { return {}; }

 private:
  const std::string bytes_;
  const bool cold_;
};

inline Part range_part(std::shared_ptr<Replay> replay, std::uint64_t offset, std::uint64_t length,
                       std::uint32_t number = 1) {
  Part part;
  part.number = number;
  part.offset = offset;
  part.length = length;
  part.replay = std::move(replay);
  return part;
}

/// Runs a source as a pipeline would, to its end.
class Reader {
 public:
  explicit Reader(std::size_t budget_bytes = 8 * kMiB, std::size_t grant_bytes = 2 * kSliceBytes,
                  std::size_t slab_bytes = kSliceBytes) {
    context_.slab_bytes = slab_bytes;
    context_.budget = Budget::make(budget_bytes);
    context_.executor = Executor::default_pool();
    context_.grant_bytes = grant_bytes;
    context_.wake = [state = state_] {
      std::lock_guard lock(state->mutex);
      state->woken = true;
      state->ready.notify_one();
    };
  }
  Status open(Source& source) {
    WEIR_TRY(source.describe(context_.upstream));
    return source.open(context_);
  }
  /// The next chunk, waited for.
  Result<Chunk> next(Source& source) {
    for (;;) {
      auto chunk = source.next();
      if (chunk || !chunk.status().is_pending()) return chunk;
      std::unique_lock lock(state_->mutex);
      if (!state_->ready.wait_for(lock, std::chrono::seconds(60), [&] { return state_->woken; })) FAIL("never woken");
      state_->woken = false;
    }
  }
  Result<std::string> all(Source& source) {
    WEIR_TRY(open(source));
    std::string bytes;
    for (;;) {
      WEIR_ASSIGN(const Chunk chunk, next(source));
      if (chunk.empty()) return bytes;
      bytes += chunk.text();
    }
  }
  Budget& budget() { return *context_.budget; }
  const Upstream& upstream() const { return context_.upstream; }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable ready;
    bool woken = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
  Context context_;
};

}  // namespace weir::test
