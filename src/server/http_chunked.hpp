// Bodies whose length nobody knew (RFC 9112, 7.1): chunks, extensions that mean nothing here, and trailers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http_head.hpp"

namespace weir::server {

class ChunkedReader {
 public:
  /// What one step has taken of the bytes that were given, and what of them is the body's.
  struct Step {
    std::size_t taken = 0;
    std::string_view content;
  };

  /// Takes some of `bytes`, at least one where there is one and it is not done(). Call again with the rest.
  std::optional<Refusal> take(std::string_view bytes, Step& step);
  /// The body and its trailers have ended.
  bool done() const { return where_ == Where::done; }
  /// The trailer of that name (lower case), after done(); nothing where there is none, or several.
  std::optional<std::string_view> trailer(std::string_view name) const;

 private:
  enum class Where : std::uint8_t { size, content, behind_content, trailers, done };

  std::optional<Refusal> take_line(std::string_view bytes, std::size_t& taken, bool& whole);
  std::optional<Refusal> end_line();
  std::optional<Refusal> read_size(std::string_view line);
  std::optional<Refusal> read_trailer(std::string_view line);

  Where where_ = Where::size;
  std::string line_;
  std::uint64_t left_ = 0;  // of the chunk
  std::size_t trailer_bytes_ = 0;
  std::vector<Field> trailers_;
};

}  // namespace weir::server
