#include "transfer/copy_names.hpp"

#include <fmt/format.h>

#include <string_view>

#include "net/text.hpp"

namespace weir::transfer {
namespace {

/// The simple lower case of two-byte UTF-8 (U+0080 to U+07FF), as far as it is a fixed step away.
unsigned lower_of(unsigned character) {
  const auto in = [&](unsigned first, unsigned last) { return character >= first && character <= last; };
  if ((in(0xC0, 0xDE) && character != 0xD7) || (in(0x391, 0x3A9) && character != 0x3A2) || in(0x410, 0x42F))
    return character + 0x20;
  if (in(0x400, 0x40F)) return character + 0x50;
  // Pairs, the capital first.
  if (in(0x100, 0x137) || in(0x14A, 0x177) || in(0x460, 0x481)) return character | 1u;
  return character;
}

/// FNV-1a: good enough to tell keys apart, and the same everywhere.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

}  // namespace

Status KeyNeighbours::check(const std::string& key) {
  while (!above_.empty() && !key.starts_with(above_.back())) above_.pop_back();
  for (const std::string& other : above_) {
    if (key.size() <= other.size() || key[other.size()] != '/') continue;
    return Status(Kind::invalid_argument, fmt::format("\"{}\" is a file, so nothing can be below it", other))
        .advise("Copy it elsewhere, or leave one of them out with --exclude.");
  }
  above_.push_back(key);
  return {};
}

Status CaseCollisions::check(const std::string& key) {
  if (seen_.insert(hash_of(folded(key))).second) return {};
  return Status(Kind::already_exists, "the file system takes its name for that of another file that is copied")
      .advise("Copy it elsewhere, or leave one of them out with --exclude.");
}

std::string folded(const std::string& key) {
  std::string result = net::lower(key);
  for (std::size_t i = 0; i + 1 < result.size(); ++i) {
    if (net::utf8_length(std::string_view(result).substr(i)) != 2) continue;
    const unsigned character =
        (static_cast<unsigned char>(result[i]) & 0x1Fu) << 6 | (static_cast<unsigned char>(result[i + 1]) & 0x3Fu);
    const unsigned lower = lower_of(character);
    result[i] = static_cast<char>(0xC0u | lower >> 6);
    result[i + 1] = static_cast<char>(0x80u | (lower & 0x3Fu));
    ++i;
  }
  return result;
}

}  // namespace weir::transfer
