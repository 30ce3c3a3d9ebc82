// map(f): each chunk becomes another.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

template <class Function>
class MapTransform final : public Transform {
 public:
  explicit MapTransform(Function function) : function_(std::move(function)) {}
  std::string name() const override { return "map"; }
  bool independent() const override { return true; }
  Status process(Chunk&& chunk, Emit& out) override {
    if (chunk.empty()) return {};
    auto mapped = guarded_call<Result<Chunk>>("map a chunk", function_, std::move(chunk));
    if (!mapped) return mapped.status();
    if (!mapped->empty()) out(std::move(mapped).value());
    return {};
  }

 private:
  Function function_;
};

}  // namespace detail

/// `function`: Chunk → Chunk or Result<Chunk>, called for one chunk at a time, in order; an empty chunk emits nothing.
/// It must not depend on where the chunks are cut. What it throws ends the job as an error.
template <class Function>
requires std::is_invocable_r_v<Result<Chunk>, Function&, Chunk> std::unique_ptr<Transform> map(Function function) {
  return std::make_unique<detail::MapTransform<Function>>(std::move(function));
}

}  // namespace weir
