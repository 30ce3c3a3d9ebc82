// concat(): several sources, one behind the other, as one.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/core/stage.hpp"

namespace weir {

namespace detail {

class Concat final : public Source {
 public:
  explicit Concat(std::vector<std::unique_ptr<Source>> sources) : sources_(std::move(sources)) {}
  std::string name() const override { return "concat"; }
  bool blocking() const override {
    return std::any_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->blocking(); });
  }
  bool waits() const override {
    return std::any_of(sources_.begin(), sources_.end(), [](const auto& source) { return source->waits(); });
  }
  Status describe(Upstream& upstream) override {
    upstream.source = name();
    upstream.exact_bytes = upstream.max_bytes = 0;
    for (const auto& source : sources_) {
      Upstream one;
      one.stopping = upstream.stopping;
      if (Status status = source->describe(one); !status.ok()) return std::move(status).in_stage(source->name());
      lengths_.push_back(one.exact_bytes);
      const auto add = [](std::optional<std::uint64_t>& sum, const std::optional<std::uint64_t>& bytes) {
        sum = sum && bytes ? std::optional(*sum + *bytes) : std::nullopt;
      };
      add(upstream.exact_bytes, one.exact_bytes);
      add(upstream.max_bytes, one.max_bytes);
    }
    return {};
  }
  /// One is read at a time, and what it has given is no longer its own.
  MemoryNeed memory(const Upstream& upstream) const override {
    MemoryNeed most{.min_bytes = 2 * kSliceBytes};
    for (const auto& source : sources_) {
      const MemoryNeed need = source->memory(upstream);
      most.min_bytes = std::max(most.min_bytes, need.min_bytes);
      most.step_bytes = std::max(most.step_bytes, need.step_bytes);
      most.max_bytes = std::max(most.max_bytes, need.max_bytes);
    }
    return most;
  }
  Status open(Context& context) override {
    inner_ = context;
    inner_.slab_bytes = kSliceBytes;  // none is left half-filled where a larger one cannot be had
    return {};
  }
  Result<Chunk> next() override {
    for (; at_ < sources_.size(); ++at_, opened_ = false, bytes_ = 0) {
      Source& source = *sources_[at_];
      if (!std::exchange(opened_, true)) {
        if (Status status = source.open(inner_); !status.ok()) return named(std::move(status));
      }
      Result<Chunk> chunk = source.next();
      if (!chunk) return chunk.status().is_pending() ? chunk : named(chunk.status());
      bytes_ += chunk->size();
      if (!chunk->empty()) return chunk;
      if (lengths_[at_] && *lengths_[at_] != bytes_)
        return named(
            Status(Kind::source_changed, fmt::format("{} bytes came, but {} were announced", bytes_, *lengths_[at_])));
      sources_[at_] = std::make_unique<Ended>();  // its file, its connections
    }
    return Chunk();
  }

 private:
  /// In the place of a source that was read to its end.
  struct Ended final : Source {
    std::string name() const override { return "ended"; }
    Status describe(Upstream&) override { return {}; }
    Result<Chunk> next() override { return Chunk(); }
  };
  Status named(Status status) const {
    return std::move(status).during(fmt::format("read source {} of {}", at_ + 1, sources_.size()));
  }

  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<std::optional<std::uint64_t>> lengths_;
  Context inner_;  // what each is opened with
  std::size_t at_ = 0;
  bool opened_ = false;
  std::uint64_t bytes_ = 0;  // of the one that is read
};

}  // namespace detail

/// Each is opened when the one before it has ended. None: an empty stream.
inline std::unique_ptr<Source> concat(std::vector<std::unique_ptr<Source>> sources) {
  return std::make_unique<detail::Concat>(std::move(sources));
}

}  // namespace weir
