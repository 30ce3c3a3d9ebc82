#include "store/local_lister.hpp"

#include <algorithm>
#include <utility>

namespace weir::store {
namespace {

using platform::DirectoryEntry;
using platform::EntryKind;
using platform::Missing;

/// "a/b/" of "a/b/c", and of "a/b/".
std::string directory_of(const std::string& prefix) { return prefix.substr(0, prefix.rfind('/') + 1); }

std::string without_slash(const std::string& text) {
  return text.substr(0, text.size() - (text.ends_with('/') ? 1 : 0));
}

/// Whether files below `prefix` can be named so at all; others are just not there.
bool can_be(const std::string& directory) {
  return directory.empty() || check_local_key(without_slash(directory)).ok();
}

}  // namespace

bool is_temporary_name(std::string_view name) {
  constexpr std::string_view kSuffix = ".weir-part";
  constexpr std::size_t kRandomLetters = 8;
  return name.starts_with('.') && name.ends_with(kSuffix) && name.size() > kSuffix.size() + kRandomLetters + 2 &&
         name[name.size() - kSuffix.size() - kRandomLetters - 1] == '.';
}

Status LocalLister::enter(std::string prefix, std::shared_ptr<platform::Fd> directory, const std::string& token) {
  Level level;
  WEIR_ASSIGN(level.entries, platform::read_directory(*directory, root_->url(prefix)));
  for (DirectoryEntry& entry : level.entries) {
    if (entry.kind == EntryKind::directory) entry.name += '/';
  }
  // At the top only what begins with the rest of the prefix; below it everything does.
  const std::string rest = prefix.size() < prefix_.size() ? prefix_.substr(prefix.size()) : std::string();
  std::erase_if(level.entries, [&](const DirectoryEntry& entry) {
    return !entry.name.starts_with(rest) || is_temporary_name(entry.name);
  });
  std::sort(level.entries.begin(), level.entries.end(),
            [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  const auto behind = [&](const DirectoryEntry& entry) {
    const std::string name = prefix + entry.name;
    // A directory that the token lies in is gone on with, unless it was folded.
    return name > token || (!folds_ && entry.kind == EntryKind::directory && token.starts_with(name));
  };
  if (!token.empty()) {
    level.next = static_cast<std::size_t>(std::find_if(level.entries.begin(), level.entries.end(), behind) -
                                          level.entries.begin());
  }
  level.prefix = std::move(prefix);
  level.directory = std::move(directory);
  levels_.push_back(std::move(level));
  return {};
}

Status LocalLister::begin(const std::string& token) {
  begun_ = true;
  levels_.clear();
  position_ = token;
  const std::string top = directory_of(prefix_);
  if (!can_be(top)) return {};
  auto directory = root_->directory(without_slash(top), Missing::fails);
  if (!directory && !top.empty() && root_->look(without_slash(top))) return {};  // nothing is below a file
  if (!directory) {
    // Below the root what is not there has no files; a root that is not there is an error.
    return directory.status().kind() == Kind::not_found && !top.empty() && root_->directory("", Missing::fails)
               ? Status()
               : directory.status();
  }
  return enter(top, *directory, token);
}

Status LocalLister::add(Level& level, const DirectoryEntry& entry, Listing& page) {
  const std::string key = level.prefix + entry.name;
  const std::string url = root_->url(key);
  const auto info = [&]() -> Result<ObjectInfo> {
    WEIR_ASSIGN(const struct stat found, platform::stat_of(platform::PinnedName{level.directory, entry.name}, url));
    return local_object_info(key, url, found);
  }();
  if (info) {
    page.objects.push_back({key, info->size, info->etag, info->modified_unix});
  } else if (info.status().kind() != Kind::not_found) {  // gone meanwhile, or a directory by now
    page.left_out.push_back({key, info.status(), info.status().kind() == Kind::invalid_argument});
  }
  return {};
}

Status LocalLister::take(Listing& page) {
  Level& level = levels_.back();
  if (level.next == level.entries.size()) {
    levels_.pop_back();
    return {};
  }
  const DirectoryEntry entry = level.entries[level.next++];
  const std::string key = level.prefix + entry.name;
  if (entry.kind != EntryKind::directory) {
    position_ = key;
    return add(level, entry, page);
  }
  if (folds_) {
    position_ = key;
    page.common_prefixes.push_back(key);
    return {};
  }
  auto directory = platform::open_below(level.directory, without_slash(entry.name), Missing::fails, root_->url(key));
  Status status = directory ? enter(key, *directory, position_) : directory.status();
  if (!status.ok() && status.kind() != Kind::not_found) page.left_out.push_back({key, std::move(status)});
  return {};
}

bool LocalLister::has_more() {
  while (!levels_.empty() && levels_.back().next == levels_.back().entries.size()) levels_.pop_back();
  return !levels_.empty();
}

Result<Listing> LocalLister::page(const std::string& token, std::size_t limit) {
  if (!begun_ || token != position_) WEIR_TRY(begin(token));
  Listing page;
  // What is left out counts, so that no page is endless.
  while (has_more() && page.objects.size() + page.common_prefixes.size() + page.left_out.size() < limit)
    WEIR_TRY(take(page));
  if (has_more()) page.next_token = position_;
  return page;
}

}  // namespace weir::store
