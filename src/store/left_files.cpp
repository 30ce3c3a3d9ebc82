#include "store/left_files.hpp"

#include <sys/stat.h>

#include <vector>

#include "store/local_file.hpp"

namespace weir::store {

std::string mark_of_copy(std::uint64_t copy) { return copy == 0 ? std::string() : fmt::format("{:016x}", copy); }

void LeftFiles::remove_in(const std::shared_ptr<platform::Fd>& directory, const std::string& name) const {
  if (!is_temporary_of(name, mark_) || kept_.contains(name)) return;
  (void)LocalFile::discard(platform::PinnedName{directory, name});
}

void LeftFiles::remove_from(const std::shared_ptr<platform::Fd>& directory) {
  const std::lock_guard lock(mutex_);  // nobody makes one there while this one looks
  const auto found = platform::stat_of(directory->get(), "the directory");
  if (!found || !seen_.emplace(found->st_dev, found->st_ino).second) return;
  const auto entries = platform::read_directory(*directory, "the directory");
  if (!entries) return;
  for (const platform::DirectoryEntry& entry : *entries) remove_in(directory, entry.name);
}

void LeftFiles::remove_below(const std::string& path) {
  auto top = platform::open_place(path, path);
  if (!top) return;
  std::vector<std::string> waiting{""};
  while (!waiting.empty()) {
    const std::string below = std::move(waiting.back());
    waiting.pop_back();
    const auto directory = platform::open_below(*top, below, platform::Missing::fails, path);
    if (!directory) continue;
    const auto entries = platform::read_directory(**directory, path);
    if (!entries) continue;
    for (const platform::DirectoryEntry& entry : *entries) {
      const std::string deeper = below.empty() ? entry.name : below + "/" + entry.name;
      if (entry.kind == platform::EntryKind::directory) waiting.push_back(deeper);
      remove_in(*directory, entry.name);
    }
  }
}

}  // namespace weir::store
