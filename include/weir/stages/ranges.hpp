// Ranges at both ends of a pipeline: from_range() feeds one, chunks() and text_lines() drain one.
//
//   weir::start(weir::from_range(rows | std::views::transform(as_csv)) | zstd() | to(…));
//   for (std::string_view line : weir::text_lines(out)) …
#pragma once

#include <algorithm>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "weir/stages/callback.hpp"
#include "weir/stages/handles.hpp"
#include "weir/stages/slice.hpp"

namespace weir {

namespace detail {

template <class T>
std::string_view text_of(const T& element) {
  if constexpr (std::is_same_v<T, Chunk>) {
    return element.text();
  } else {
    return element;
  }
}

/// Copies elements into what it is given, as far as there is room.
template <class Range>
class RangeReader {
  using Reference = std::ranges::range_reference_t<Range>;
  /// An element that lies in the range stays there; one that is made when it is asked for is kept here.
  using Element = std::conditional_t<std::is_lvalue_reference_v<Reference>, std::add_pointer_t<Reference>,
                                     std::remove_cvref_t<Reference>>;

 public:
  explicit RangeReader(Range range) : range_(std::move(range)) {}

  Result<std::size_t> operator()(std::span<std::byte> into) {
    std::size_t filled = 0;
    while (filled < into.size()) {
      if (rest_.empty() && !next()) break;
      const std::size_t count = std::min(rest_.size(), into.size() - filled);
      if (count > 0) std::memcpy(into.data() + filled, rest_.data(), count);
      rest_.remove_prefix(count);
      filled += count;
    }
    return filled;
  }

 private:
  bool next() {
    element_.reset();
    if (!at_) {
      at_.emplace(std::ranges::begin(range_));
    } else if (*at_ != std::ranges::end(range_)) {
      ++*at_;
    }
    if (*at_ == std::ranges::end(range_)) return false;
    if constexpr (std::is_lvalue_reference_v<Reference>) {
      rest_ = text_of(*element_.emplace(&**at_));
    } else {
      rest_ = text_of(element_.emplace(**at_));
    }
    return true;
  }

  Range range_;
  std::optional<std::ranges::iterator_t<Range>> at_;  // begun once range_ has its place
  std::optional<Element> element_;
  std::string_view rest_;  // of element_
};

}  // namespace detail

/// The bytes of all elements, one behind the other: of text or chunks, as they are, without line ends put between. A
/// lazy range is asked for its next element when there is room for it, on a thread that may wait; what it throws ends
/// the job as an error. The range is the job's: give a view of what must not be copied, and keep that until the job has
/// ended.
template <std::ranges::input_range Range>
std::unique_ptr<Source> from_range(Range range, CallbackOptions options = {.name = "range"}) {
  const auto reader = std::make_shared<detail::RangeReader<Range>>(std::move(range));
  return from_reader([reader](std::span<std::byte> into) { return (*reader)(into); }, std::move(options));
}

namespace detail {

/// An input range of what `Reader` gives: bool next(), and value() of that.
template <class Reader>
class Pulled {
 public:
  explicit Pulled(PullHandle& handle) : reader_(handle) {}
  class Iterator {
   public:
    using value_type = typename Reader::Value;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(Reader& reader) : reader_(&reader) { ++*this; }
    Iterator(Iterator&&) noexcept = default;
    Iterator& operator=(Iterator&&) noexcept = default;
    const value_type& operator*() const { return reader_->value(); }
    Iterator& operator++() {
      ended_ = !reader_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return ended_; }

   private:
    Reader* reader_;
    bool ended_ = false;
  };
  /// Once. Reads the first.
  Iterator begin() { return Iterator(reader_); }
  std::default_sentinel_t end() const noexcept { return {}; }
  /// ok: the end was the pipeline's end. Else the job has failed.
  const Status& status() const noexcept { return reader_.status(); }

 private:
  Reader reader_;
};

class ChunkReader {
 public:
  using Value = Chunk;
  explicit ChunkReader(PullHandle& handle) : handle_(&handle) {}
  bool next() {
    Result<Chunk> read = handle_->read();
    status_ = read.status();
    chunk_ = read.ok() ? std::move(*read) : Chunk();
    return !chunk_.empty();
  }
  const Chunk& value() const noexcept { return chunk_; }
  const Status& status() const noexcept { return status_; }

 private:
  PullHandle* handle_;
  Chunk chunk_;
  Status status_;
};

class LineReader {
 public:
  using Value = std::string_view;
  explicit LineReader(PullHandle& handle) : chunks_(handle) {}
  bool next() {
    joined_.clear();
    while (rest_.find('\n') == std::string_view::npos) {
      joined_ += rest_;
      rest_ = {};
      if (!chunks_.next()) {
        line_ = without_end(joined_);
        return chunks_.status().ok() && !joined_.empty();
      }
      rest_ = chunks_.value().text();
    }
    line_ = cut_line(rest_);
    if (!joined_.empty()) line_ = joined_ += line_;
    line_ = without_end(line_);
    return true;
  }
  const std::string_view& value() const noexcept { return line_; }
  const Status& status() const noexcept { return chunks_.status(); }

 private:
  ChunkReader chunks_;
  std::string_view rest_;  // of the chunk
  std::string joined_;     // a line that lies in several
  std::string_view line_;
};

}  // namespace detail

/// What a pipeline gives, chunk by chunk, waiting where it is slower. Ends where the pipeline does, or where the job
/// fails: status() tells, as the job does. `handle` must outlive it. Not from the job's own threads.
inline auto chunks(PullHandle& handle) { return detail::Pulled<detail::ChunkReader>(handle); }

/// As chunks(), line by line, without their ends. A line is valid until the next is asked for, and as long as memory
/// holds it: put `lines()` before the sink for a limit.
inline auto text_lines(PullHandle& handle) { return detail::Pulled<detail::LineReader>(handle); }

}  // namespace weir
