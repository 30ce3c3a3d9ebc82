// Names that cannot stand side by side in a directory, though they can as keys. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "weir/core/status.hpp"

namespace weir::transfer {

/// "a" and "a/b": a file is no directory. Keys come in the order of their bytes; of two the first is right.
class KeyNeighbours {
 public:
  Status check(const std::string& key);
  void clear() { above_.clear(); }

 private:
  std::vector<std::string> above_;  ///< each begins with the one before it
};

/// "A" and "a" where a file system takes them for one; of two the first is right. Remembers a hash of each key.
class CaseCollisions {
 public:
  Status check(const std::string& key);

 private:
  std::unordered_set<std::uint64_t> seen_;
};

/// A key as such a file system compares it. Letters of ASCII and Latin, Greek and Cyrillic in the same case; others
/// stay as they are.
std::string folded(const std::string& key);

}  // namespace weir::transfer
