// buffered(): the author's cut.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

class Buffered final : public Transform {
 public:
  explicit Buffered(std::size_t chunks) : chunks_(chunks) {}
  std::string name() const override { return "buffered"; }
  bool tap() const override { return true; }
  void describe(Upstream&) const override {}  // it need not see the bytes
  std::size_t ring_before() const override { return chunks_; }
  Status process(Chunk&& chunk, Emit& out) override {
    out(std::move(chunk));
    return {};
  }

 private:
  const std::size_t chunks_;
};

}  // namespace detail

/// What comes before and what comes behind run at the same time, on threads of their own, with up to `chunks` (rounded
/// up to a power of two, at least 2) between them, and 256 KiB of the budget for each. Worth it where both sides have
/// about as much to do, or one of them comes in bursts.
inline std::unique_ptr<Transform> buffered(std::size_t chunks) { return std::make_unique<detail::Buffered>(chunks); }

}  // namespace weir
