// Disk: what a loss of power leaves of a directory.
//
// What happens in the directory happens in real files, and is recorded beside that (watched_calls.hpp,
// watched_sqlite.hpp). lose_power() then makes of the directory what a disk may hold after the first so many steps: all
// that was synced, and of the rest whatever chance leaves, torn in sectors, later writes without earlier ones, names
// without their files. A sync that failed saves nothing of what was written before it, whatever later syncs say.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "temp_dir.hpp"

namespace weir::test {

/// Thread-safe, but for begin() and lose_power(), which want all files closed.
class Disk {
 public:
  /// A file, whatever its names are. 0: none of this directory.
  using Node = std::size_t;

  /// Empty: no directory, and nothing is recorded.
  explicit Disk(std::string root = {}) : root_(std::move(root)) { begin(); }

  /// Takes all that is there for synced, and forgets what was recorded.
  void begin() {
    const std::lock_guard lock(mutex_);
    steps_.clear();
    names_.clear();
    directories_.clear();
    names_now_.clear();
    contents_.assign(1, {});
    off_at_ = SIZE_MAX;
    if (root_.empty()) return;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      const std::string path = entry.path().string();
      if (entry.is_directory()) {
        directories_.insert(path);
      } else if (!path.ends_with("-shm")) {  // SQLite's shared memory is made anew by whoever comes first
        names_[path] = contents_.size();
        contents_.push_back(read_file(path));
      }
    }
    names_now_ = names_;
  }
  /// How many steps were taken.
  std::size_t steps() const {
    const std::lock_guard lock(mutex_);
    return steps_.size();
  }
  /// From step `n` on the power is off: what is done still happens and is recorded, but lose_power() may forget it.
  void power_off_at(std::size_t n) { off_at_ = n; }
  bool is_off() const { return steps() >= off_at_; }

  // --- what happens ---

  Node find(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_now_.find(path);
    return found == names_now_.end() ? 0 : found->second;
  }
  Node created(const std::string& path) {
    if (!is_inside(path)) return 0;
    const std::lock_guard lock(mutex_);
    contents_.emplace_back();
    names_now_[path] = contents_.size() - 1;
    steps_.push_back({What::create, names_now_[path], 0, {}, path, {}});
    return contents_.size() - 1;
  }
  void wrote(Node node, std::uint64_t offset, std::string_view bytes) {
    add({What::write, node, offset, std::string(bytes), {}, {}});
  }
  void cut(Node node, std::uint64_t size) { add({What::cut, node, size, {}, {}, {}}); }
  void synced(Node node) { add({What::sync, node, 0, {}, {}, {}}); }
  void sync_failed(Node node) { add({What::failed_sync, node, 0, {}, {}, {}}); }
  void renamed(const std::string& from, const std::string& to) {
    const std::lock_guard lock(mutex_);
    const auto found = names_now_.find(from);
    if (found == names_now_.end()) return;
    const Node node = found->second;
    names_now_.erase(found);
    names_now_[to] = node;
    steps_.push_back({What::rename, node, 0, {}, from, to});
  }
  void unlinked(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (names_now_.erase(path) != 0) steps_.push_back({What::unlink, 0, 0, {}, path, {}});
  }
  void made_directory(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (is_inside(path)) steps_.push_back({What::make_directory, 0, 0, {}, path, {}});
  }
  void synced_directory(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (is_inside(path + "/")) steps_.push_back({What::sync_directory, 0, 0, {}, path, {}});
  }

  // --- what is left ---

  /// Makes of the directory what may be left after the first `n` steps, by the draws of `seed`.
  void lose_power(std::size_t n, std::uint64_t seed) {
    const std::lock_guard lock(mutex_);
    n = std::min(n, steps_.size());
    std::mt19937_64 random(seed);
    const std::vector<Fate> fates = fates_of(n);
    std::map<std::string, Node> names = names_;
    std::set<std::string> directories = directories_;
    apply_names(n, fates, random, names, directories);
    for (const auto& entry : std::filesystem::directory_iterator(root_)) std::filesystem::remove_all(entry.path());
    for (const std::string& path : directories) {  // parents come before what is in them
      if (std::filesystem::is_directory(parent_of(path))) std::filesystem::create_directory(path);
    }
    for (const auto& [path, node] : names) {
      const std::string bytes = bytes_of(node, n, fates, random);
      if (std::filesystem::is_directory(parent_of(path))) write_file(path, bytes);
    }
  }

 private:
  enum class What : std::uint8_t {
    write,
    cut,
    sync,
    failed_sync,
    create,
    rename,
    unlink,
    make_directory,
    sync_directory
  };
  struct Step {
    What what;
    Node node;
    std::uint64_t offset;  // or size
    std::string bytes;
    std::string path;
    std::string to;
    bool is_data() const { return what == What::write || what == What::cut; }
    bool is_name() const { return what >= What::create && what != What::sync_directory; }
  };
  enum class Fate : std::uint8_t {
    open,  // chance decides
    sure,
    unsure,  // for ever: a sync of it failed
  };
  /// How chance treats the open steps of one file, or of all names.
  enum class Luck : std::uint8_t { none, all, front, any };

  static constexpr std::size_t kSector = 512;

  static std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
  bool is_inside(const std::string& path) const {
    return !root_.empty() && path.starts_with(root_ + "/") && !path.ends_with("-shm");
  }
  void add(Step step) {
    if (step.node == 0) return;
    const std::lock_guard lock(mutex_);
    steps_.push_back(std::move(step));
  }

  std::vector<Fate> fates_of(std::size_t n) const {
    std::vector<Fate> fates(n, Fate::open);
    for (std::size_t i = 0; i < n; ++i) {
      const Step& step = steps_[i];
      if (step.what != What::sync && step.what != What::failed_sync && step.what != What::sync_directory) continue;
      for (std::size_t j = 0; j < i; ++j) {
        const bool concerns = step.what == What::sync_directory
                                  ? steps_[j].is_name() && parent_of(steps_[j].path) == step.path
                                  : steps_[j].is_data() && steps_[j].node == step.node;
        if (concerns && fates[j] == Fate::open) fates[j] = step.what == What::failed_sync ? Fate::unsure : Fate::sure;
      }
    }
    return fates;
  }

  void apply_names(std::size_t n, const std::vector<Fate>& fates, std::mt19937_64& random,
                   std::map<std::string, Node>& names, std::set<std::string>& directories) const {
    const auto luck = static_cast<Luck>(random() % 4);
    const std::size_t front = n == 0 ? 0 : random() % (n + 1);
    for (std::size_t i = 0; i < n; ++i) {
      const Step& step = steps_[i];
      if (!step.is_name()) continue;
      const bool kept = fates[i] == Fate::sure || luck == Luck::all || (luck == Luck::front && i < front) ||
                        (luck == Luck::any && random() % 2 == 0);
      if (!kept) continue;
      if (step.what == What::make_directory) directories.insert(step.path);
      if (step.what == What::create) names[step.path] = step.node;
      if (step.what == What::unlink || step.what == What::rename) names.erase(step.path);
      if (step.what == What::rename) names[step.to] = step.node;
    }
  }

  std::string bytes_of(Node node, std::size_t n, const std::vector<Fate>& fates, std::mt19937_64& random) const {
    const auto luck = static_cast<Luck>(random() % 4);
    const std::size_t front = n == 0 ? 0 : random() % (n + 1);
    std::string bytes = contents_[node];
    for (std::size_t i = 0; i < n; ++i) {
      const Step& step = steps_[i];
      if (!step.is_data() || step.node != node) continue;
      const bool whole = fates[i] == Fate::sure || luck == Luck::all || (luck == Luck::front && i < front);
      if (step.what == What::cut) {
        if (whole || (luck == Luck::any && random() % 2 == 0)) bytes.resize(step.offset);
      } else if (whole) {
        put(bytes, step.offset, step.bytes);
      } else if (luck == Luck::any || (luck == Luck::front && i == front)) {
        tear(bytes, step, random);
      }
    }
    return bytes;
  }
  static void put(std::string& into, std::uint64_t offset, std::string_view bytes) {
    if (into.size() < offset + bytes.size()) into.resize(offset + bytes.size());
    into.replace(offset, bytes.size(), bytes);
  }
  /// Each sector of a write is there or not.
  static void tear(std::string& into, const Step& write, std::mt19937_64& random) {
    for (std::size_t at = 0; at < write.bytes.size();) {
      const std::size_t length = std::min(kSector - (write.offset + at) % kSector, write.bytes.size() - at);
      if (random() % 2 == 0) put(into, write.offset + at, std::string_view(write.bytes).substr(at, length));
      at += length;
    }
  }

  const std::string root_;
  mutable std::mutex mutex_;
  std::vector<std::string> contents_;  // by node, as they were synced at the beginning
  std::map<std::string, Node> names_;  // then
  std::set<std::string> directories_;  // then
  std::map<std::string, Node> names_now_;
  std::vector<Step> steps_;
  std::atomic<std::size_t> off_at_{SIZE_MAX};
};

}  // namespace weir::test
