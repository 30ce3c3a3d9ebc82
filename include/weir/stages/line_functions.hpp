// Functions on lines: `lines() | filter(f) | map(g) | flat_map(h)`.
//
// Neighbours are one stage: a line goes through all of them in one loop, whatever lies between (a struct of the
// host's own, say). The first is given a Slice. What the last gives is written: a Slice as the line it is, other text
// with "\n" behind it, a Chunk as it is. A function may return a Result of what it gives; an error, and what it throws,
// ends the job and names the line's offset. Functions are called for one item at a time, in order.
#pragma once

#include <concepts>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "weir/core/guard.hpp"
#include "weir/core/pipeline.hpp"
#include "weir/stages/line_chain.hpp"
#include "weir/stages/packer.hpp"

namespace weir {

namespace detail {

template <class T>
concept Text = std::convertible_to<const T&, std::string_view>;

/// A chain as a stage.
template <class Chain>
class LineFunctions final : public Transform {
  using Item = typename Chain::Item;
  static constexpr bool kLine = std::same_as<Item, Slice>;
  static constexpr std::size_t kLongestBytes = kMiB;  // of a line that a function makes, its end included
  static constexpr bool kChunk = std::same_as<Item, Chunk>;
  static_assert(kLine || kChunk || Text<Item>, "what the last function gives must be text, a Slice or a Chunk");

 public:
  LineFunctions(Chain chain, std::string name) : chain_(std::move(chain)), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Framing needs() const override { return Framing::lines; }
  Framing framing(Framing) const override { return kChunk ? Framing::bytes : Framing::lines; }
  bool independent() const override { return true; }
  MemoryNeed memory(const Upstream&) const override { return {.min_bytes = 2 * (kLine ? kSliceBytes : kLongestBytes)}; }
  Status open(Context& context) override {
    packer_.emplace(context);
    return {};
  }
  Status process(Chunk&& chunk, Emit& out) override {
    if (!chunk.empty()) chain_.head().feed(chunk);
    Status status = guarded_call<Status>("run a function on a line", [&] { return run(out); });
    if (status.failed()) return std::move(status).at(chain_.head().offset());
    if (!status.ok()) return status;
    WEIR_TRY(packer_->flush(chain_.head().chunk(), out));
    chain_.head().feed({});
    return {};
  }

 private:
  Status run(Emit& out) {
    for (;;) {
      if (!item_) {
        if (!out.room()) return Status::more();
        Next<Item> next = chain_.next();
        if (!next) return next.error();
        item_.emplace(std::move(*next));
      }
      WEIR_TRY(write(out));
      item_.reset();
    }
  }
  Status write(Emit& out) {
    if constexpr (kLine) {
      return packer_->add(chain_.head().chunk(), item_->whole(), out);
    } else if constexpr (kChunk) {
      out(std::move(*item_));
      return {};
    } else {
      const std::string_view text = *item_;
      if (text.size() < kLongestBytes) return packer_->write(text, out);
      return Status(Kind::limit, fmt::format("the function made a line of {} bytes, and the longest allowed is {}",
                                             text.size(), kLongestBytes - 1));
    }
  }

  Chain chain_;
  const std::string name_;
  std::optional<Packer> packer_;
  std::optional<Item> item_;  // on its way out
};

template <template <class, class> class Node, class Function>
struct LineFunction {
  Function function;
  const char* name;
  template <class Before>
  auto after(Before before) && {
    return Node<Before, Function>(std::move(before), std::move(function));
  }
};

}  // namespace detail

/// Functions, one behind the other, and what comes before them: a piece of a pipeline, once the last of them gives what
/// can be written. `Before`: Through, or From where it begins with the source.
template <class Before, class... Functions>
class OnLines {
 public:
  OnLines(Before before, std::tuple<Functions...> functions)
      : before_(std::move(before)), functions_(std::move(functions)) {}

  operator Before() && {  // NOLINT(google-explicit-constructor)
    std::string name;
    std::apply([&](const auto&... one) { ((name += (name.empty() ? "" : "+") + std::string(one.name)), ...); },
               functions_);
    auto chain =
        std::apply([](auto&&... one) { return chained(detail::LineHead(), std::move(one)...); }, std::move(functions_));
    using Fused = detail::LineFunctions<decltype(chain)>;
    return std::move(before_) | Through(std::make_unique<Fused>(std::move(chain), std::move(name)));
  }

  template <class... More>
  friend auto operator|(OnLines left, OnLines<Through, More...> right) {
    return std::move(left).with(std::move(right));
  }

 private:
  template <class, class...>
  friend class OnLines;

  template <class... More>
  OnLines<Before, Functions..., More...> with(OnLines<Through, More...> right) && {
    return {std::move(before_), std::tuple_cat(std::move(functions_), std::move(right.functions_))};
  }
  template <class Node>
  static Node chained(Node node) {
    return node;
  }
  template <class Node, class One, class... More>
  static auto chained(Node node, One one, More... more) {
    return chained(std::move(one).after(std::move(node)), std::move(more)...);
  }

  Before before_;
  std::tuple<Functions...> functions_;
};

template <class... Functions>
auto operator|(Through left, OnLines<Through, Functions...> right) {
  return OnLines<Through>(std::move(left), {}) | std::move(right);
}
template <class... Functions>
auto operator|(From left, OnLines<Through, Functions...> right) {
  return OnLines<From>(std::move(left), {}) | std::move(right);
}

namespace detail {

template <template <class, class> class Node, class Function>
OnLines<Through, LineFunction<Node, Function>> on_lines(Function function, const char* name) {
  return {Through(), std::tuple(LineFunction<Node, Function>{std::move(function), name})};
}

}  // namespace detail

/// Lets through what `wanted` is true of: (const Item&) → bool or Result<bool>.
template <class Wanted>
auto filter(Wanted wanted) {
  return detail::on_lines<detail::FilterNode>(std::move(wanted), "filter");
}

/// One item for each: (Item) → anything, or a Result of it. Of Chunk → Chunk see map.hpp.
template <class Function>
requires(!std::is_invocable_r_v<Result<Chunk>, Function&, Chunk>) auto map(Function function) {
  return detail::on_lines<detail::MapNode>(std::move(function), "map");
}

/// Any number of items for each: (Item) → a range, or a Result of one. A lazy range is asked for the next item when
/// there is room for it. It must not outlive the item that it was made of.
template <class Function>
auto flat_map(Function function) {
  return detail::on_lines<detail::FlatMapNode>(std::move(function), "flat_map");
}

}  // namespace weir
