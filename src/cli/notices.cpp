#include "notices.hpp"

#include <mutex>
#include <set>
#include <utility>

namespace weir::cli {

namespace {

// The process's own: clients that are made one after another say the same.
std::mutex mutex;
std::set<std::string> known;
std::vector<std::string> waiting;

}  // namespace

void add_notice(const std::string& line) {
  std::lock_guard lock(mutex);
  if (known.insert(line).second) waiting.push_back(line);
}

std::vector<std::string> take_notices() {
  std::lock_guard lock(mutex);
  return std::exchange(waiting, {});
}

}  // namespace weir::cli
