// A directory as a Store.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/left_files.hpp"
#include "store/local_lister.hpp"
#include "store/local_root.hpp"
#include "weir/store/local.hpp"

namespace weir::store {

/// Thread-safe.
class LocalStore : public Store {
 public:
  LocalStore(std::string root, LocalOptions options);

  const Abilities& abilities() const override;
  std::string url(const std::string& key) const override { return root_->url(key); }
  Status check_key(const std::string& key) const override { return check_local_key(key); }
  Result<Listing> list(const ListOptions& options) override;
  Result<ObjectInfo> head(const std::string& key) override { return root_->look(key); }
  Status remove(const std::string& key) override { return root_->remove(key); }
  Result<std::vector<NotRemoved>> remove_many(const std::vector<std::string>& keys) override;
  using Store::copy;
  Cancel copy(const std::string& from_url, const std::string& key, const ObjectOptions& options,
              CopyDone done) override;
  Result<std::string> presign(const std::string& method, const std::string& key, std::chrono::seconds valid) override;
  std::shared_ptr<Origin> origin(const std::string& key) override;
  std::shared_ptr<Target> target(const std::string& key, const ObjectOptions& options) override;

  /// From now on temporary files are those of the copy of that number. `killed`: an earlier process of it was, and what
  /// that has left goes as the directories are come to, but what is `kept`. Before others use this.
  void belongs_to(std::uint64_t copy, bool killed, std::set<std::string> kept);
  bool folds_case() const;
  /// A file for source().
  Result<LocalObject> open(const std::string& key) const { return root_->open(key); }
  /// The file as file() would read it: an upload reads it again where it must, and keeps no byte of it.
  std::unique_ptr<Source> source(LocalObject opened) const;

 private:
  const std::shared_ptr<const LocalRoot> root_;
  LocalOptions options_;
  std::string mark_;                 ///< of the copy that writes here
  std::shared_ptr<LeftFiles> left_;  ///< null: it has left none
  std::mutex mutex_;
  mutable std::once_flag case_known_;
  mutable bool folds_case_ = false;
  std::shared_ptr<LocalLister> lister_;  ///< where the last page ended, so that the next one reads no directory again
};

}  // namespace weir::store
