#include "store/local_store.hpp"

#include <utility>

#include "store/cancellation.hpp"
#include "store/local_origin.hpp"
#include "store/local_target.hpp"

namespace weir::store {
namespace {

constexpr std::size_t kPage = 1000;

/// What a file cannot be stored with.
Status check_options(const ObjectOptions& options) {
  const char* const what = !options.metadata.empty()              ? "metadata"
                           : !options.tags.empty()                ? "tags"
                           : !options.if_match.empty()            ? "conditions on an ETag"
                           : !options.storage_class.empty()       ? "a storage class"
                           : !options.headers.empty()             ? "headers"
                           : !options.content_type.empty()        ? "a content type"
                           : !options.content_encoding.empty()    ? "a content encoding"
                           : !options.cache_control.empty()       ? "cache control"
                           : !options.content_disposition.empty() ? "a content disposition"
                                                                  : nullptr;
  if (what == nullptr) return {};
  return Status(Kind::unsupported, fmt::format("files have no place for {}", what));
}

}  // namespace

LocalStore::LocalStore(std::string root, LocalOptions options)
    : root_(std::make_shared<LocalRoot>(std::move(root))), options_(std::move(options)) {}

const Abilities& LocalStore::abilities() const {
  static const Abilities kAbilities = [] {
    Abilities made;
    made.copy = made.no_clobber = made.removes_many = true;
    made.max_key_bytes = 255;
    return made;
  }();
  return kAbilities;
}

Result<Listing> LocalStore::list(const ListOptions& options) {
  if (!options.delimiter.empty() && options.delimiter != "/")
    return Status(Kind::unsupported, "directories fold at \"/\" and nothing else")
        .during("list " + url(options.prefix));
  const bool folds = !options.delimiter.empty();
  std::shared_ptr<LocalLister> lister;
  {
    std::lock_guard lock(mutex_);
    lister = std::exchange(lister_, nullptr);
  }
  const bool goes_on = lister && !options.token.empty() && lister->is_of(options.prefix, folds);
  if (!goes_on) lister = std::make_shared<LocalLister>(root_, options.prefix, folds);
  auto page = lister->page(options.token, options.limit == 0 ? kPage : std::min<std::size_t>(options.limit, kPage));
  if (page && !page->next_token.empty()) {
    std::lock_guard lock(mutex_);
    lister_ = std::move(lister);
  }
  return page;
}

Result<std::vector<NotRemoved>> LocalStore::remove_many(const std::vector<std::string>& keys) {
  std::vector<NotRemoved> left;
  for (const std::string& key : keys) {
    if (Status status = remove(key); !status.ok()) left.push_back({key, std::move(status)});
  }
  return left;
}

namespace {

Result<ObjectInfo> copy_file(const LocalRoot& root, const LocalOptions& local, const std::string& from_url,
                             const std::string& key, const ObjectOptions& options, const Cancellation& stop) {
  const std::string operation = "copy " + from_url + " to " + root.url(key);
  const std::string mine = root.url("");
  if (!from_url.starts_with(mine) || from_url.find("://") != std::string::npos)
    return Status(Kind::unsupported, "a directory copies its own files only").during(operation);
  WEIR_TRY(check_options(options).during(operation));
  WEIR_ASSIGN(const LocalObject from, root.open(from_url.substr(mine.size())));
  WEIR_ASSIGN(const platform::PinnedName name, root.pin(key, platform::Missing::is_made_and_synced));
  WEIR_ASSIGN(auto destination, LocalDestination::in(name, root.url(key), !options.no_clobber));
  WEIR_ASSIGN(const auto file, LocalFile::create(std::move(destination)));
  Part part;
  part.length = from.info.size;
  part.replay = from.file;
  part.wants_crc = false;  // there is nothing to compare it with
  WEIR_ASSIGN(const PartReceipt written, file->write(part, stop.flag()));
  WEIR_TRY(from.file->check_unchanged());
  Whole whole;
  whole.length = written.length;
  WEIR_TRY(file->commit({written}, whole, local.durable, !options.no_clobber).status());
  return root.look(key);
}

}  // namespace

Store::Cancel LocalStore::copy(const std::string& from_url, const std::string& key, const ObjectOptions& options,
                               CopyDone done) {
  const auto executor = options_.executor ? options_.executor : Executor::default_pool();
  return in_background<ObjectInfo>(*executor, std::move(done),
                                   [root = root_, local = options_, from_url, key, options](const Cancellation& stop) {
                                     return copy_file(*root, local, from_url, key, options, stop);
                                   });
}

Result<std::string> LocalStore::presign(const std::string&, const std::string& key, std::chrono::seconds) {
  return Status(Kind::unsupported, "a file has no URL for others").during("presign " + url(key));
}

std::shared_ptr<Origin> LocalStore::origin(const std::string& key) {
  return local_origin(root_, key, options_.executor ? options_.executor : Executor::default_pool());
}

std::shared_ptr<Target> LocalStore::target(const std::string& key, const ObjectOptions& options) {
  LocalOptions local = options_;
  local.replace = local.replace && !options.no_clobber;
  LocalWay way;
  way.find = [root = root_, key, mark = mark_, left = left_,
              refused = check_options(options)](const LocalOptions& wanted) -> Result<LocalDestination> {
    WEIR_TRY(Status(refused).during("write " + root->url(key)));
    const auto missing = wanted.durable ? platform::Missing::is_made_and_synced : platform::Missing::is_made;
    WEIR_ASSIGN(const platform::PinnedName name, root->pin(key, missing));
    if (left) left->remove_from(name.directory);
    WEIR_ASSIGN(LocalDestination to, LocalDestination::in(name, root->url(key), wanted.replace));
    to.mark = mark;
    return to;
  };
  way.look = [ root = root_, key ]() -> Result<struct stat> {
    WEIR_ASSIGN(const platform::PinnedName name, root->pin(key, platform::Missing::fails));
    return platform::stat_of(name, root->url(key));
  };
  return local_target_by(std::move(way), url(key), std::move(local));
}

void LocalStore::belongs_to(std::uint64_t copy, bool killed, std::set<std::string> kept) {
  mark_ = mark_of_copy(copy);
  if (killed && copy != 0) left_ = std::make_shared<LeftFiles>(mark_, std::move(kept));
}

bool LocalStore::folds_case() const {
  std::call_once(case_known_, [this] { folds_case_ = root_->folds_case(); });
  return folds_case_;
}

std::unique_ptr<Source> LocalStore::source(LocalObject opened) const {
  return stages::opened_file(std::move(opened.file), url(opened.info.key));
}

}  // namespace weir::store

namespace weir {

std::shared_ptr<Store> local_store(std::string root, LocalOptions options) {
  return std::make_shared<store::LocalStore>(std::move(root), std::move(options));
}

}  // namespace weir
