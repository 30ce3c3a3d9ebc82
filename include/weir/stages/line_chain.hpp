// How functions on lines are put together: each asks the one before it for its next item, and the compiler makes one
// loop of all. Asking, not being told, is what lets a function that makes many items of one be stopped in between.
#pragma once

#include <concepts>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>

#include "weir/core/status.hpp"
#include "weir/stages/slice.hpp"

namespace weir::detail {

/// The next item; or none, for the chunk is used up; or an error.
template <class T>
class Next {
 public:
  Next() = default;
  Next(T item) : item_(std::move(item)) {}          // NOLINT(google-explicit-constructor)
  Next(Status error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const noexcept { return item_.has_value(); }
  T& operator*() noexcept { return *item_; }
  const Status& error() const noexcept { return error_; }

 private:
  std::optional<T> item_;
  Status error_;
};

template <class T>
struct Unwrapped {
  using Type = T;
};
template <class T>
struct Unwrapped<Result<T>> {
  using Type = T;
};
/// What `Function` makes of an `In`, without the Result around it.
template <class Function, class In>
using Made = typename Unwrapped<std::remove_cvref_t<std::invoke_result_t<Function&, In>>>::Type;

/// The lines of a chunk.
class LineHead {
 public:
  using Item = Slice;
  void feed(const Chunk& chunk) {
    chunk_ = chunk;
    rest_ = chunk_.text();
  }
  Next<Slice> next() {
    if (rest_.empty()) return {};
    offset_ += line_.size();
    line_ = cut_line(rest_);
    return Slice(without_end(line_), line_, chunk_);
  }
  const Chunk& chunk() const noexcept { return chunk_; }
  /// Of the line given last, in what came.
  std::uint64_t offset() const noexcept { return offset_; }
  LineHead& head() noexcept { return *this; }

 private:
  Chunk chunk_;
  std::string_view rest_;
  std::string_view line_;
  std::uint64_t offset_ = 0;
};

template <class Before, class Function>
class FilterNode {
 public:
  using Item = typename Before::Item;
  FilterNode(Before before, Function function) : before_(std::move(before)), function_(std::move(function)) {}
  LineHead& head() noexcept { return before_.head(); }
  Next<Item> next() {
    for (;;) {
      Next<Item> item = before_.next();
      if (!item) return item;
      Result<bool> wanted = function_(std::as_const(*item));
      if (!wanted) return wanted.status();
      if (*wanted) return item;
    }
  }

 private:
  Before before_;
  Function function_;
};

template <class Before, class Function>
class MapNode {
 public:
  using Item = Made<Function, typename Before::Item>;
  MapNode(Before before, Function function) : before_(std::move(before)), function_(std::move(function)) {}
  LineHead& head() noexcept { return before_.head(); }
  Next<Item> next() {
    auto item = before_.next();
    if (!item) return item.error();
    Result<Item> made = function_(std::move(*item));
    if (!made) return made.status();
    return std::move(made).value();
  }

 private:
  Before before_;
  Function function_;
};

template <class Before, class Function>
class FlatMapNode {
  using Range = Made<Function, typename Before::Item>;

 public:
  using Item = std::ranges::range_value_t<Range>;
  FlatMapNode(Before before, Function function) : before_(std::move(before)), function_(std::move(function)) {}
  LineHead& head() noexcept { return before_.head(); }
  Next<Item> next() {
    for (;;) {
      if (range_) {
        if (!at_) at_.emplace(std::ranges::begin(*range_));
        if (*at_ != std::ranges::end(*range_)) {
          Next<Item> item = Item(std::ranges::iter_move(*at_));
          ++*at_;
          return item;
        }
        at_.reset();
        range_.reset();
      }
      auto item = before_.next();
      if (!item) return item.error();
      Result<Range> made = function_(std::move(*item));
      if (!made) return made.status();
      range_.emplace(std::move(made).value());
    }
  }

 private:
  Before before_;
  Function function_;
  std::optional<Range> range_;
  std::optional<std::ranges::iterator_t<Range>> at_;  // begun once range_ has its place
};

}  // namespace weir::detail
