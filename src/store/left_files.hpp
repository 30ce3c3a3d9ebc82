// Temporary files of a copy of many that was killed. Small files under way are recorded nowhere: what they are called
// tells whose they are, ".NAME.MARK.RANDOM.weir-part", MARK being the copy's own (drawn at random and kept in its
// record).
#pragma once

#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "platform/directory.hpp"

namespace weir::store {

/// How a copy marks its temporary files; empty for 0, which is no copy's number.
std::string mark_of_copy(std::uint64_t copy);

/// Thread-safe. Only files of this user's alone whose names carry the mark are touched, and no link is followed.
class LeftFiles {
 public:
  /// `kept`: names of those that are recorded, and will be gone on with.
  LeftFiles(std::string mark, std::set<std::string> kept) : mark_(std::move(mark)), kept_(std::move(kept)) {}

  /// Removes them from a directory, the first time it is named. Whoever makes one there must come here before: what is
  /// there then was left by a process that is no more. What cannot be removed stays.
  void remove_from(const std::shared_ptr<platform::Fd>& directory);
  /// The same of a directory and all below it.
  void remove_below(const std::string& path);

 private:
  void remove_in(const std::shared_ptr<platform::Fd>& directory, const std::string& name) const;

  const std::string mark_;
  const std::set<std::string> kept_;
  std::mutex mutex_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace weir::store
