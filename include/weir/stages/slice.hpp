// Slice: a line of a chunk, for the functions of filter() and map().
#pragma once

#include <cstring>
#include <string_view>

#include "weir/core/chunk.hpp"

namespace weir {

/// A line without its end ("\n" or "\r\n"), to be read as the std::string_view that it is. Valid during the call that
/// it is given to; share() outlives it. Thread-compatible.
class Slice : public std::string_view {
 public:
  /// `text` and `whole` (with its end) lie in `chunk`.
  Slice(std::string_view text, std::string_view whole, const Chunk& chunk) noexcept
      : std::string_view(text), whole_(whole), chunk_(&chunk) {}

  /// With its end, as it came.
  std::string_view whole() const noexcept { return whole_; }
  /// With its end; shares the memory, which is kept until all such chunks are gone: copy what stays for long.
  Chunk share() const noexcept {
    return chunk_->slice(static_cast<std::size_t>(whole_.data() - chunk_->text().data()), whole_.size());
  }

 private:
  std::string_view whole_;
  const Chunk* chunk_;
};

/// Cuts the first line, its end included, off the front of `rest`.
inline std::string_view cut_line(std::string_view& rest) noexcept {
  const void* end = rest.empty() ? nullptr : std::memchr(rest.data(), '\n', rest.size());
  const std::size_t size =
      end == nullptr ? rest.size() : static_cast<std::size_t>(static_cast<const char*>(end) - rest.data()) + 1;
  const std::string_view line = rest.substr(0, size);
  rest.remove_prefix(size);
  return line;
}

/// `line` without its end.
inline std::string_view without_end(std::string_view line) noexcept {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace weir
