// Memory as source and sink: `memory(text) | … | to_memory(result)`.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

/// Thread-safe: the chunk never changes.
class MemoryReplay final : public Replay {
 public:
  explicit MemoryReplay(Chunk chunk) : chunk_(std::move(chunk)) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into, bool) override {
    if (offset >= chunk_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(into.size(), chunk_.size() - offset);
    if (count > 0) std::memcpy(into.data(), chunk_.data() + offset, count);
    return count;
  }
  Status check_unchanged() override { return {}; }

 private:
  Chunk chunk_;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(Chunk chunk) : chunk_(std::move(chunk)) {}
  std::string name() const override { return "memory"; }
  Status describe(Upstream& upstream) override {
    upstream.source = name();
    upstream.exact_bytes = upstream.max_bytes = chunk_.size();
    upstream.replay = std::make_shared<MemoryReplay>(chunk_);
    return {};
  }
  Result<Chunk> next() override {
    Chunk piece = chunk_.slice(position_, kSliceBytes);
    position_ += piece.size();
    return piece;
  }

 private:
  Chunk chunk_;
  std::size_t position_ = 0;
};

/// `Bytes`: std::string or std::vector<std::byte>.
template <class Bytes>
class MemorySink final : public Sink {
 public:
  explicit MemorySink(std::shared_ptr<Bytes> into) : into_(std::move(into)) {}
  ~MemorySink() override {
    if (!closed_) into_->clear();
  }
  std::string name() const override { return "memory"; }
  Status write(Chunk&& chunk) override {
    try {
      const auto* bytes = reinterpret_cast<const typename Bytes::value_type*>(chunk.data());
      into_->insert(into_->end(), bytes, bytes + chunk.size());
      bytes_.fetch_add(chunk.size(), std::memory_order_relaxed);
    } catch (const std::bad_alloc&) {
      return Status(Kind::limit, "the system has no more memory").during("collect the bytes").at(into_->size());
    }
    return {};
  }
  Result<Receipt> close() override {
    closed_ = true;
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = into_->size();
    receipt.destination = "memory:";
    return receipt;
  }
  void abort() override {
    if (!closed_) into_->clear();
  }
  std::uint64_t confirmed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<Bytes> into_;
  bool closed_ = false;
  std::atomic<std::uint64_t> bytes_{0};  // other threads ask while write() changes `into_`
};

}  // namespace detail

/// Delivers `chunk` in slices that share its memory. Can be read again; outside the budget.
inline std::unique_ptr<Source> memory(Chunk chunk) { return std::make_unique<detail::MemorySource>(std::move(chunk)); }

/// Delivers the bytes of `text`, kept until the last chunk is gone.
inline std::unique_ptr<Source> memory(std::string text) {
  auto kept = std::make_shared<const std::string>(std::move(text));
  const auto bytes = std::as_bytes(std::span(*kept));
  return memory(Chunk::foreign(bytes, [kept](const std::byte*) {}));
}
inline std::unique_ptr<Source> memory(const char* text) { return memory(std::string(text)); }

/// As above, of a vector.
inline std::unique_ptr<Source> memory(std::vector<std::byte> bytes) {
  auto kept = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return memory(Chunk::foreign(std::span(*kept), [kept](const std::byte*) {}));
}

/// Appends to `into`, which grows with the stream and is outside the budget: read it once the job has ended well.
/// Empty after a job that did not.
inline std::unique_ptr<Sink> to_memory(std::shared_ptr<std::string> into) {
  return std::make_unique<detail::MemorySink<std::string>>(std::move(into));
}
inline std::unique_ptr<Sink> to_memory(std::shared_ptr<std::vector<std::byte>> into) {
  return std::make_unique<detail::MemorySink<std::vector<std::byte>>>(std::move(into));
}

}  // namespace weir
