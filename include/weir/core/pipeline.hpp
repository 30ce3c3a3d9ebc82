// Pipeline: a description, `source | transform | … | sink`. Nothing runs until start().
//
// The operators below are the whole grammar, so what does not fit does not compile. A stage of one's own is any class
// with `Result<Chunk> next()`, `Status process(Chunk, Emit&)` or `Status write(Chunk)` and `Result<Receipt> close()`;
// deriving from Source, Transform or Sink gives access to the rest. A transform may also have what Transform has of
// `name`, `blocking`, `open`, `finish`, `recipe` and `independent`. One that has `std::string snapshot()`, `Status
// restore(std::string_view)` and `std::string recipe()` goes on after a kill without doing all its work again
// (restorable.hpp), if it is the last before the sink. What a plain class throws ends the job as an error of kind io; a
// derived one must not throw.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/core/guard.hpp"
#include "weir/core/restorable.hpp"
#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

template <class S>
concept PlainSource = !std::derived_from<S, Stage> && requires(S s) {
  { s.next() } -> std::same_as<Result<Chunk>>;
};
template <class S>
concept PlainTransform = !std::derived_from<S, Stage> && requires(S s, Emit& out) {
  { s.process(Chunk(), out) } -> std::same_as<Status>;
};
template <class S>
concept PlainSink = !std::derived_from<S, Stage> && requires(S s) {
  { s.write(Chunk()) } -> std::same_as<Status>;
  { s.close() } -> std::same_as<Result<Receipt>>;
};

template <class S>
struct AdaptedSource final : Source {
  explicit AdaptedSource(S s) : stage(std::move(s)) {}
  std::string name() const override { return "source"; }
  Status describe(Upstream& upstream) override {
    upstream.source = name();
    return {};
  }
  Result<Chunk> next() override {
    return guarded_call<Result<Chunk>>("get the next chunk", [this] { return stage.next(); });
  }
  S stage;
};
template <class S>
struct AdaptedTransform final : Transform {
  explicit AdaptedTransform(S s) : stage(std::move(s)) {}
  std::string name() const override { return name_of(stage); }
  bool blocking() const override { return blocking_of(stage); }
  Status open(Context& context) override { return open_of(stage, context); }
  std::optional<std::string> recipe() const override {
    if constexpr (requires {
                    { stage.recipe() } -> std::convertible_to<std::optional<std::string>>;
                  })
      return stage.recipe();
    return {};
  }
  bool independent() const override {
    if constexpr (requires { stage.independent(); }) return stage.independent();
    return false;
  }
  Status process(Chunk&& chunk, Emit& out) override {
    return guarded_call<Status>("process a chunk", [&] { return stage.process(std::move(chunk), out); });
  }
  Status finish(Emit& out) override {
    if constexpr (requires { stage.finish(out); }) {
      return guarded_call<Status>("finish the host's stage", [&] { return stage.finish(out); });
    }
    return {};
  }
  S stage;
};
template <class S>
std::unique_ptr<Transform> adapted(S stage) {
  if constexpr (Restorable<S>) {
    return std::make_unique<RestorableTransform<S>>(std::move(stage));
  } else {
    return std::make_unique<AdaptedTransform<S>>(std::move(stage));
  }
}
template <class S>
struct AdaptedSink final : Sink {
  explicit AdaptedSink(S s) : stage(std::move(s)) {}
  std::string name() const override { return "sink"; }
  Status write(Chunk&& chunk) override {
    return guarded_call<Status>("give a chunk to the host",
                                [&] { return stage.write(Chunk(chunk)); });  // may be pending
  }
  Result<Receipt> close() override {
    return guarded_call<Result<Receipt>>("close the host's stage", [this] { return stage.close(); });
  }
  void abort() override {
    if constexpr (requires { stage.abort(); }) {
      (void)guarded_call<Status>("abort the host's stage", [this] { return stage.abort(), Status(); });
    }
  }
  S stage;
};

}  // namespace detail

/// One or more transforms: a piece of a pipeline.
struct Through {
  std::vector<std::unique_ptr<Transform>> transforms;

  Through() = default;
  template <std::derived_from<Transform> T>
  Through(std::unique_ptr<T> transform) {
    transforms.push_back(std::move(transform));
  }  // NOLINT(google-explicit-constructor)
  template <detail::PlainTransform T>
  Through(T stage) : Through(detail::adapted(std::move(stage))) {}  // NOLINT

  void append(Through more) {
    for (auto& transform : more.transforms) transforms.push_back(std::move(transform));
  }
};

/// A source, and what its bytes go through.
struct From {
  std::unique_ptr<Source> source;
  Through through;

  template <std::derived_from<Source> S>
  From(std::unique_ptr<S> stage) : source(std::move(stage)) {}  // NOLINT(google-explicit-constructor)
  template <detail::PlainSource S>
  From(S stage) : source(std::make_unique<detail::AdaptedSource<S>>(std::move(stage))) {}  // NOLINT
};

/// A sink, and what bytes go through before it.
struct To {
  Through through;
  std::unique_ptr<Sink> sink;

  template <std::derived_from<Sink> S>
  To(std::unique_ptr<S> stage) : sink(std::move(stage)) {}  // NOLINT(google-explicit-constructor)
  template <detail::PlainSink S>
  To(S stage) : sink(std::make_unique<detail::AdaptedSink<S>>(std::move(stage))) {}  // NOLINT
};

/// Whole: ready to start, once.
struct Pipeline {
  std::unique_ptr<Source> source;
  std::vector<std::unique_ptr<Transform>> transforms;
  std::unique_ptr<Sink> sink;
};

inline Through operator|(Through left, Through right) {
  left.append(std::move(right));
  return left;
}
inline From operator|(From left, Through right) {
  left.through.append(std::move(right));
  return left;
}
inline To operator|(Through left, To right) {
  left.append(std::move(right.through));
  right.through = std::move(left);
  return right;
}
inline Pipeline operator|(From left, To right) {
  left.through.append(std::move(right.through));
  return {std::move(left.source), std::move(left.through.transforms), std::move(right.sink)};
}

}  // namespace weir
