#include "transfer/copy_there.hpp"

#include <utility>

namespace weir::transfer {
namespace {

/// So many pages more than keys were asked for: a few that bring nothing are cheap.
constexpr std::uint64_t kPagesAhead = 4;

}  // namespace

CopyThere::Answer CopyThere::look(const std::string& key) {
  gave_up_ = gave_up_ || (asked_ > 0 && key < last_asked_);
  ++asked_;
  last_asked_ = key;
  while (!gave_up_) {
    while (next_ < page_.objects.size() && page_.objects[next_].key < key) ++next_;
    if (next_ < page_.objects.size()) {
      const ListedObject& found = page_.objects[next_];
      if (found.key != key) return {true, {}};
      return {true, Seen::of(found)};
    }
    if (!has_more_) return {true, {}};
    if (pages_ > asked_ + kPagesAhead) break;
    gave_up_ = !read_page();
  }
  return {};
}

bool CopyThere::read_page() {
  ListOptions request;
  request.prefix = prefix_;
  request.token = std::move(page_.next_token);
  page_ = {};
  next_ = 0;
  auto page = store_->list(request);
  if (!page) return false;
  ++pages_;
  for (const ListedObject& object : page->objects) {
    if (!last_key_.empty() && object.key <= last_key_) return false;
    last_key_ = object.key;
  }
  page_ = *std::move(page);
  has_more_ = !page_.next_token.empty();
  return true;
}

}  // namespace weir::transfer
