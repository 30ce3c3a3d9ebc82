// null(): a sink that counts bytes and lets go of them.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

class NullSink final : public Sink {
 public:
  std::string name() const override { return "null"; }
  Status write(Chunk&& chunk) override {
    bytes_.store(confirmed_bytes() + chunk.size(), std::memory_order_relaxed);  // nobody else writes
    return {};
  }
  Result<Receipt> close() override {
    Receipt receipt;
    receipt.bytes_acked = receipt.bytes_stored = bytes_.load(std::memory_order_relaxed);
    receipt.destination = "null:";
    return receipt;
  }
  void abort() override {}
  std::uint64_t confirmed_bytes() const override { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace detail

/// Never fails and never waits. The receipt's bytes_stored is the count.
inline std::unique_ptr<Sink> null() { return std::make_unique<detail::NullSink>(); }

}  // namespace weir
